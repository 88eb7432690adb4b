"""Names of parameters and columns: which there are, and which a placeholder or a label cannot have."""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable, Sequence

from ..errors import SweepError
from ..model import MODEL, Model
from ..paths import top_of
from .template import doubled

TEMPLATE = "prompt_template"
"""The label that holds the prompt as it was given, where it has placeholders."""

LABEL = "_label"
"""A column, or a label of a cell, ``x_label`` has the label of the value of ``x``."""

COLUMNS = frozenset(
    {
        *("run", "service", "status", "take", "image", "width", "height", "stars", "pick", "note", "error_kind"),
        *("picture_count", "more_images"),
        *("error", "digest", "sha256", "bytes", "request_id", "attempts", "polls", "cost_usd", "queue_seconds"),
        *("render_seconds", "submitted_at", "accepted_at", "detected_at", "completed_at", "simulator_version"),
    }
)
"""The columns of `Runs.df` and `Runs.log` besides the parameters. A test compares them with the log's table of
columns, which is above this package."""


def check_placeholders(
    names: Iterable[str], templates: Iterable[str], parameters: Container[str] = MODEL.parameters
) -> None:
    """Raise `SweepError` for a placeholder that has the name of a parameter, or of a column of the frames.

    Parameters
    ----------
    names:
        The placeholders.
    templates:
        The prompts that have them, for the error.
    parameters:
        The names of the model's parameters.
    """
    names, templates = set(names), list(templates)
    for name in sorted(names):
        reason = "has the name of a parameter" if name in parameters else column_reason(name, names, parameters)
        if reason:
            written = next((text for text in templates if f"{{{name}}}" in text), f"{{{name}}}")
            raise SweepError(
                f"The placeholder {{{name}}} {reason}",
                remedy=f"Give it another name. To show the braces themselves, double them: {doubled(written, name)}",
            )


def column_reason(name: str, others: Iterable[str] = (), parameters: Container[str] = MODEL.parameters) -> str:
    """Why a name cannot be that of a placeholder or label: which column has it. Empty if it can.

    Parameters
    ----------
    name:
        The name.
    others:
        The other placeholders.
    parameters:
        The names of the model's parameters.

    >>> column_reason("image"), column_reason("caption")
    ('has the name of a column of runs.df or runs.log', '')
    """
    if name in COLUMNS:
        return "has the name of a column of runs.df or runs.log"
    stem = name.removesuffix(LABEL)
    if name == TEMPLATE or (stem != name and (stem in parameters or stem in others)):
        return f"has the name of the column that holds {'the templates' if name == TEMPLATE else f'labels of {stem}'}"
    return ""


_PARAMETER = "_parameter"


def column_of_parameter(name: str) -> str:
    """The column that frames have for a parameter: its own name, unless a column of another meaning has it.

    >>> column_of_parameter("width"), column_of_parameter("guidance_scale")
    ('width_parameter', 'guidance_scale')
    """
    return f"{name}{_PARAMETER}" if name in COLUMNS else name


def parameter_of_column(name: str) -> str:
    """The parameter of a column: the inverse of `column_of_parameter`."""
    stem = name.removesuffix(_PARAMETER)
    return stem if stem in COLUMNS else name


def renamed(names: Iterable[str]) -> dict[str, str]:
    """How labels and placeholders out of a log are called, so that none has the name of a column.

    >>> renamed(["image", "animal", "lora_strength"])
    {'image': 'image_placeholder', 'animal': 'animal', 'lora_strength': 'lora_strength'}
    """
    names = list(names)
    found = {}
    for name in names:
        now = name
        if name in COLUMNS:
            now = f"{name}_placeholder"
            while now in names:
                now += "_"
        found[name] = now
    return found


def check_name(name: str, known: Sequence[str], model: Model = MODEL) -> None:
    """Raise an error if a name is neither a parameter nor a placeholder of the prompt.

    Parameters
    ----------
    name:
        The name that the user gave.
    known:
        The names of all parameters and placeholders.
    model:
        The model.
    """
    if name in known or model.parameter(name) is not None:
        return
    foreign = {theirs: ours for theirs, ours in _FOREIGN.items() if ours in known}
    close = difflib.get_close_matches(top_of(name), [*known, *foreign], n=1, cutoff=0.6)
    if close and (close[0] in foreign or close[0] != top_of(name)):
        remedy = f"Did you mean {foreign.get(close[0], close[0])!r}?"
    else:
        placeholder = f"rite {{{name}}} in the prompt to make a placeholder"
        ours = ", ".join(model.parameters)
        remedy = f"Use {ours}; or w{placeholder}" if ours else f"W{placeholder}"
    of = "" if model.slug == MODEL.slug else f" of {model.slug}"
    raise SweepError(f"There is no parameter {name!r}{of}", remedy=remedy)


# What other tools call the same thing (A1111, ComfyUI, Replicate, fal, Black Forest Labs).
_FOREIGN = {
    "lora_scale": "lora_strength",
    "lora_weight": "lora_strength",
    "strength_model": "lora_strength",
    "finetune_strength": "lora_strength",
    "strength": "lora_strength",
    "scale": "lora_strength",
    "num_inference_steps": "steps",
    "num_steps": "steps",
    "sampler": "sampler_name",
    "schedule": "scheduler",
    "random_seed": "seed",
    "size": "aspect_ratio",
}
