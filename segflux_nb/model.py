"""The model under study, as data: its request fields, samplers, sizes, price and speed.

Whatever validates, documents or builds forms reads this one table.

Sources: the public API page of ``flux-dev-finetuned`` (fields, ranges, defaults); ComfyUI at commit 69d710e4
(the 26 sampler names) and 6ab8cad2 (the seven schedulers); the table of ComfyUI's SDXLAspectRatioSelector node
(the 13 sizes; that the service uses the same table is inferred); the service's published averages (price, seconds).
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

Value = str | int | float
Kind = Literal["text", "integer", "number", "choice"]

DECIMALS = 6
"""Floats are rounded to this many decimals before they are digested, sent or labelled."""


@dataclass(frozen=True)
class Parameter:
    """One request field.

    Attributes
    ----------
    name, kind, default, meaning:
        The field as the service names it, its type, the service page's default, and what it does.
    minimum, maximum:
        The allowed range of an integer or number, ends included.
    choices:
        The allowed values of a choice.
    decides_picture:
        False where the value changes cost and speed but not the picture: such a field is no part of a
        request's identity and no axis.
    required:
        True where the user must give a value, because no default makes sense.
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

        Raises
        ------
        ValueError
            Where the value has the wrong type or lies outside what is allowed; the text says why.

        >>> MODEL.parameters["lora_strength"].normalise(0.30000000000000004)
        0.3
        """
        if self.kind in ("text", "choice"):
            if not isinstance(value, str):
                raise ValueError(f"it must be {self.allowed}, not {type(value).__name__}")
            if self.kind == "choice" and value not in self.choices:
                raise ValueError(f"it must be {self.allowed}")
            return value
        if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
            raise ValueError(f"it must be {self.allowed}, not {type(value).__name__}")
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"it must be {self.allowed}")
        if self.kind == "integer":
            if not number.is_integer():
                raise ValueError(f"it must be {self.allowed}")
            result: int | float = int(number)
        else:
            result = round(number, DECIMALS) + 0.0  # + 0.0: minus zero is zero
        assert self.minimum is not None  # noqa: S101 - a table error, not a user's
        assert self.maximum is not None  # noqa: S101 - as above
        if not self.minimum <= result <= self.maximum:
            raise ValueError(f"it must be {self.allowed}")
        return result


@dataclass(frozen=True)
class Evaluations:
    """How many network evaluations a sampler makes for n steps: ``per_step * n - less``.

    `bounded` is False where the sampler chooses its own steps, so that no figure can be given.
    """

    per_step: int
    less: int = 0
    bounded: bool = True

    def total(self, steps: int) -> int | None:
        """Evaluations for so many steps, or None when the sampler decides itself.

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
        Its name in the service's addresses.
    parameters:
        The request fields in the service's order.
    sizes:
        Width and height in pixels by aspect ratio.
    price, seconds:
        The published averages of one call: US dollars, and seconds of inference.
    price_evaluations:
        The network evaluations to which these averages are taken to belong (25 Euler steps: the defaults).
    """

    slug: str
    parameters: Mapping[str, Parameter]
    sizes: Mapping[str, tuple[int, int]]
    price: float
    seconds: float
    price_evaluations: int

    def evaluations(self, parameters: Mapping[str, Value]) -> int | None:
        """Network evaluations that a request needs, or None where the sampler decides itself."""
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
"""The id that the service's page shows; refused on the hosted service, where it is nobody's fine-tune."""

_FIELDS = (
    Parameter(
        "prompt",
        "text",
        "TOK TOK",
        "What to paint; the fine-tune's trigger word belongs in it.",
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
        "How strongly the LoRA acts: 0 is the base model, 1 is as trained, more over-cooks, below 0 pushes away.",
        minimum=-10,
        maximum=10,
    ),
    Parameter("steps", "integer", 25, "Steps of the sampler.", minimum=1, maximum=100),
    Parameter(
        "seed",
        "integer",
        6652105,
        "The seed of the initial noise. The service takes -1 for a random one; a sweep does not.",
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
        "Which machines run it: changes speed and price, not the picture.",
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
