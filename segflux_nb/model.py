"""The hosted model as data: its request fields, samplers, sizes, price and speed.

Validation, documentation and forms all read this table.

Sources: the public API page of ``flux-dev-finetuned`` (fields, ranges, defaults); ComfyUI at commit 69d710e4
(the 26 sampler names) and 6ab8cad2 (the seven schedulers); the table of ComfyUI's SDXLAspectRatioSelector node
(the 13 sizes; we infer that the service uses the same table); the service's published averages (price, seconds).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .parameter import ANY, DECIMALS, Kind, Parameter, Value
from .paths import is_path, parts_of

__all__ = [
    "DECIMALS",
    "MODEL",
    "SEEDS",
    "Evaluations",
    "Kind",
    "Model",
    "Parameter",
    "Value",
    "is_slug",
    "model_of",
    "unknown_model",
]


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
        The published average price of one call, in US dollars; None if unknown.
    seconds:
        The published average time of one call: seconds of inference; None if unknown.
    price_evaluations:
        The network evaluations that we assume for these averages: 25 Euler steps, the defaults. A model whose
        evaluations are not known has one evaluation a call.
    samplers:
        The network evaluations of each sampler; empty if they are not known.
    kind:
        What it makes, in the catalogue's words, such as ``textToImage``; empty if unknown.
    is_open:
        Whether it may have request fields that are not in `parameters`: its schema is not known, or says so.
    fills_defaults:
        Whether a request has every field, the defaults filled in. Otherwise it has what the user gave alone: the
        defaults of a schema can be wrong or change, and a request is the same whether the schema is known or not.
    notes:
        What to know of its schema, a sentence each: words that are not checked, contradictions.
    versions:
        The versions of the service's API that answer for it; empty if unknown. Sweeps use ``v2``.
    """

    slug: str
    parameters: Mapping[str, Parameter] = field(hash=False)
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    price: float | None = None
    seconds: float | None = None
    price_evaluations: int = 1
    samplers: Mapping[str, Evaluations] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    kind: str = ""
    is_open: bool = False
    fills_defaults: bool = False
    notes: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Model({self.slug!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        if self is MODEL:
            return _the_model, ()
        values = {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(self).items()}
        return _made, (values,)

    def evaluations(self, parameters: Mapping[str, Value]) -> int | None:
        """Network evaluations of a request: 1 if no sampler is known, None if it is new or chooses its steps."""
        if not self.samplers:
            return 1
        sampler = self.samplers.get(str(parameters["sampler_name"]))
        return None if sampler is None else sampler.total(int(parameters["steps"]))

    def parameter(self, name: str) -> Parameter | None:
        """The request field of a name, or the part of one that a path leads to; None if there is none.

        Parameters
        ----------
        name:
            The name, or a path such as ``loras[0].scale``.
        """
        if name in self.parameters:
            return self.parameters[name]
        if not is_path(name):
            return ANY if self.is_open else None
        try:
            top, *rest = parts_of(name)
        except ValueError:
            return None
        found = self.parameters.get(str(top), ANY if self.is_open else None)
        return None if found is None else found.at(rest)

    @property
    def needs_seed(self) -> str:
        """The name of the seed that must be given, because it is random otherwise; empty if there is none."""
        for name in SEEDS:
            known = self.parameters.get(name)
            if known is not None and known.kind in ("integer", "number", "any"):
                default = known.default
                is_fixed = isinstance(default, int | float) and not isinstance(default, bool) and default >= 0
                return "" if is_fixed else name
        return ""

    def refusal(self) -> str:
        """Why no sweep can be made of it, in one sentence; empty if it makes pictures as far as is known."""
        if self.versions and "v2" not in self.versions:
            return f"{self.slug} answers the synchronous call alone, and sweeps use the asynchronous one (v2)"
        words = "".join(character for character in self.kind.casefold() if character.isalnum())
        _, is_from_to, made = words.rpartition("to")
        made = made if is_from_to else words
        for word, what in _NO_PICTURES.items():
            if word in made:
                return f"{self.slug} makes {what}, and sweeps are of pictures"
        return ""


def _the_model() -> Model:
    return MODEL


def _made(values: Mapping[str, Any]) -> Model:
    """A model that was pickled."""
    return Model(**values)


def unknown_model(slug: str, *notes: str) -> Model:
    """A model of which the name alone is known: every field and value is sent as it is given.

    Parameters
    ----------
    slug:
        Its name in the service's URLs.
    notes:
        Why nothing is known of it.
    """
    return Model(slug, MappingProxyType({}), is_open=True, notes=notes)


def model_of(slug: str) -> Model:
    """The model of a slug, as far as it is known without a catalogue."""
    return MODEL if slug == MODEL.slug else unknown_model(slug)


def is_slug(text: str) -> bool:
    """Whether a text can be the slug of a model: it becomes a part of a URL.

    >>> is_slug("sdxl1.0-txt2img"), is_slug("a..b"), is_slug("a/b")
    (True, False, False)
    """
    return re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,199}", text) is not None


SEEDS = ("seed", "random_seed", "noise_seed")
"""What models call the seed of their initial noise."""

_NO_PICTURES = {
    "video": "videos",
    "audio": "audio",
    "speech": "audio",
    "music": "audio",
    "voice": "audio",
    "text": "text",
    "llm": "text",
    "chat": "text",
    "json": "text",
    "embedding": "numbers",
    "3d": "three-dimensional objects",
}
"""What models make that is no picture, by a word of their kind."""


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

PRICE = 0.03397461959219858
"""The published average price of one call of this model, in US dollars."""

SECONDS = 22.17098
"""The published average time of one call of this model."""

MODEL = Model(
    slug="flux-dev-finetuned",
    parameters=MappingProxyType({field.name: field for field in _FIELDS}),
    sizes=SIZES,
    price=PRICE,
    seconds=SECONDS,
    price_evaluations=25,
    samplers=SAMPLERS,
    kind="textToImage",
    fills_defaults=True,
)
