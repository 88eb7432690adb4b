"""The hosted model as data: its request fields, samplers, sizes, price and speed.

Validation, documentation and forms all read this table.

Sources: the public API page of ``flux-dev-finetuned`` (fields, ranges, defaults); ComfyUI at commit 69d710e4
(the 26 sampler names) and 6ab8cad2 (the seven schedulers); the table of ComfyUI's SDXLAspectRatioSelector node
(the 13 sizes; we infer that the service uses the same table); the service's published averages (price, seconds).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from .values import as_python, is_encodable

Value = str | int | float
Kind = Literal["text", "integer", "number", "choice"]

DECIMALS = 6
"""The number of decimals to which floats are rounded before they are digested, sent or labelled."""


@dataclass(frozen=True)
class Parameter:
    """One request field.

    Attributes
    ----------
    name:
        The service's name of the field.
    kind:
        Its type.
    default:
        The default on the service's page.
    meaning:
        What it does.
    minimum:
        The least value of an integer or number that is allowed.
    maximum:
        The greatest value that is allowed.
    choices:
        The allowed values of a choice.
    decides_picture:
        False if the value changes cost and speed but not the picture. Such a field is not part of a request's
        identity, and it is not an axis.
    required:
        True if the user must give a value, because no default is useful.
    """

    name: str
    kind: Kind
    default: Value
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    decides_picture: bool = True
    required: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values in words.

        >>> MODEL.parameters["steps"].allowed
        'an integer from 1 to 100'
        """
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "text":
            return "text"
        article = "an integer" if self.kind == "integer" else "a number"
        return f"{article} from {self.minimum:g} to {self.maximum:.10g}"

    def normalise(self, value: object) -> Value:
        """The value as it is digested, sent and labelled.

        Parameters
        ----------
        value:
            The value that was given.

        Raises
        ------
        ValueError
            If the value has the wrong type or is outside the allowed range. The text says which.

        >>> MODEL.parameters["lora_strength"].normalise(0.30000000000000004)
        0.3
        """
        plain = as_python(value)
        if self.kind in ("text", "choice"):
            if not isinstance(plain, str):
                raise ValueError(f"it must be {self.allowed}, not {type(value).__name__}")
            if (self.kind == "choice" and plain not in self.choices) or not is_encodable(plain):
                raise ValueError(f"it must be {self.allowed}")
            return plain
        if isinstance(plain, bool) or not isinstance(plain, int | float):
            raise ValueError(f"it must be {self.allowed}, not {type(value).__name__}")
        try:
            number = float(plain)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValueError(f"it must be {self.allowed}")
        if self.kind == "integer":
            if not number.is_integer():
                raise ValueError(f"it must be {self.allowed}")
            result: int | float = int(number)
        else:
            result = round(number, DECIMALS) + 0.0  # + 0.0 makes zero of minus zero
        assert self.minimum is not None  # noqa: S101 - an error of the table below, not of the user
        assert self.maximum is not None  # noqa: S101 - as above
        if not self.minimum <= result <= self.maximum:
            raise ValueError(f"it must be {self.allowed}")
        return result


@dataclass(frozen=True)
class Evaluations:
    """How many network evaluations a sampler makes for n steps: ``per_step * n - less``.

    Attributes
    ----------
    per_step:
        Evaluations for one step.
    less:
        By how many the total is smaller.
    bounded:
        False if the sampler chooses its own steps. The total is unknown then.
    """

    per_step: int
    less: int = 0
    bounded: bool = True

    def total(self, steps: int) -> int | None:
        """Evaluations for a number of steps, or None if the sampler chooses its own steps.

        >>> SAMPLERS["heun"].total(25)
        49
        """
        return max(1, self.per_step * steps - self.less) if self.bounded else None


@dataclass(frozen=True)
class Model:
    """A hosted model as data.

    Attributes
    ----------
    slug:
        Its name in the service's URLs.
    parameters:
        The request fields in the service's order.
    sizes:
        Width and height in pixels by aspect ratio.
    price:
        The published average price of one call, in US dollars.
    seconds:
        The published average time of one call: seconds of inference.
    price_evaluations:
        The network evaluations that we assume for these averages: 25 Euler steps, the defaults.
    """

    slug: str
    parameters: Mapping[str, Parameter]
    sizes: Mapping[str, tuple[int, int]]
    price: float
    seconds: float
    price_evaluations: int

    def evaluations(self, parameters: Mapping[str, Value]) -> int | None:
        """Network evaluations of a request, or None if the sampler chooses its own steps."""
        return SAMPLERS[str(parameters["sampler_name"])].total(int(parameters["steps"]))


SAMPLERS: Mapping[str, Evaluations] = MappingProxyType(
    {
        "euler": Evaluations(1),
        "euler_pp": Evaluations(2),
        "euler_ancestral": Evaluations(1),
        "euler_ancestral_pp": Evaluations(2),
        "heun": Evaluations(2, 1),
        "heunpp2": Evaluations(3, 3),
        "dpm_2": Evaluations(2, 1),
        "dpm_2_ancestral": Evaluations(2, 1),
        "lms": Evaluations(1),
        "dpm_fast": Evaluations(1),
        "dpm_adaptive": Evaluations(3, bounded=False),
        "dpmpp_2s_ancestral": Evaluations(2, 1),
        "dpmpp_sde": Evaluations(2, 1),
        "dpmpp_sde_gpu": Evaluations(2, 1),
        "dpmpp_2m": Evaluations(1),
        "dpmpp_2m_sde": Evaluations(1),
        "dpmpp_2m_sde_gpu": Evaluations(1),
        "dpmpp_3m_sde": Evaluations(1),
        "dpmpp_3m_sde_gpu": Evaluations(1),
        "ddpm": Evaluations(1),
        "lcm": Evaluations(1),
        "ipndm": Evaluations(1),
        "ipndm_v": Evaluations(1),
        "ddim": Evaluations(1),
        "uni_pc": Evaluations(1),
        "uni_pc_bh2": Evaluations(1),
    }
)

SCHEDULERS = ("normal", "karras", "exponential", "sgm_uniform", "simple", "ddim_uniform", "beta")

SIZES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "1:1": (1024, 1024),
        "2:3": (832, 1216),
        "3:4": (896, 1152),
        "5:8": (768, 1216),
        "9:16": (768, 1344),
        "9:19": (704, 1472),
        "9:21": (640, 1536),
        "3:2": (1216, 832),
        "4:3": (1152, 896),
        "8:5": (1216, 768),
        "16:9": (1344, 768),
        "19:9": (1472, 704),
        "21:9": (1536, 640),
    }
)

PLACEHOLDER_FINETUNE_ID = "my-finetune-id"
"""The example id of the service's page. The hosted service has no such fine-tune, so it is refused there."""

SIMULATOR = "simulator"
"""The simulator's name as a service: in ``Workspace(service=...)``, in the log and in frames."""

TIME_SCALE = 0.02
"""How fast a workspace's own simulator runs: 22 s become 0.44 s."""

_FIELDS = (
    Parameter(
        "prompt",
        "text",
        "TOK TOK",
        "What to paint, with the trigger word of the fine-tune.",
        required=True,
    ),
    Parameter(
        "finetune_id",
        "text",
        PLACEHOLDER_FINETUNE_ID,
        "The id (a uuid) of your fine-tuned LoRA.",
        required=True,
    ),
    Parameter(
        "lora_strength",
        "number",
        1.0,
        "How strong the LoRA is: 0 is the base model, 1 is as trained, more exaggerates, less than 0 pushes away.",
        minimum=-10,
        maximum=10,
    ),
    Parameter("steps", "integer", 25, "Steps of the sampler.", minimum=1, maximum=100),
    Parameter(
        "seed",
        "integer",
        6652105,
        "The seed of the initial noise. -1 (random) is not allowed in a sweep.",
        minimum=0,
        maximum=2**32 - 1,
    ),
    Parameter("sampler_name", "choice", "euler", "The sampler.", choices=tuple(SAMPLERS)),
    Parameter("scheduler", "choice", "simple", "How the noise levels are spaced.", choices=SCHEDULERS),
    Parameter("aspect_ratio", "choice", "1:1", "The picture's shape.", choices=tuple(SIZES)),
    Parameter(
        "hardware",
        "choice",
        "cost",
        "Which machines run it. It changes speed and price, not the picture.",
        choices=("fast", "cost"),
        decides_picture=False,
    ),
)

MODEL = Model(
    slug="flux-dev-finetuned",
    parameters=MappingProxyType({field.name: field for field in _FIELDS}),
    sizes=SIZES,
    price=0.03397461959219858,
    seconds=22.17098,
    price_evaluations=25,
)
