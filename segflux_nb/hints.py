"""What to know before a sweep is run: never an error, a sentence each."""

from __future__ import annotations

from .model import MODEL, Model
from .runs import runs_of_sweep
from .runs_verbs.effects import at_zero, prompts_without_word
from .source import Source
from .sweep.sweep import Sweep

_STRENGTH, _FINETUNE = "lora_strength", "finetune_id"


MOST_NOTES = 3
"""The most notes about a model's schema that a plan says."""


def _notes_of_model(model: Model) -> tuple[str, ...]:
    """What to know of a model's schema, in a line of a plan."""
    if not model.notes:
        return ()
    more = f"; and {len(model.notes) - MOST_NOTES} more" if len(model.notes) > MOST_NOTES else ""
    return (f"About {model.slug}: {'; '.join(model.notes[:MOST_NOTES])}{more}",)


def notes_of(source: Source, sweep: Sweep) -> tuple[str, ...]:
    """What the log says about a sweep: prompts without a trigger word, and fine-tunes that differ at strength 0.

    Parameters
    ----------
    source:
        The log.
    sweep:
        The sweep.
    """
    if sweep.model is not MODEL:
        return _notes_of_model(sweep.model)
    cells = list(sweep)
    notes = prompts_without_word(source.log.trigger_words.all(), [cell.parameters for cell in cells])
    if len({cell.parameters[_FINETUNE] for cell in cells if cell.parameters[_STRENGTH] == 0}) > 1:
        from .runs_verbs.observing import noise_of, pictures_of

        zero = runs_of_sweep(source, sweep).where(lora_strength=0.0)
        pictures, _ = pictures_of(zero)
        notes += [str(found) for found in at_zero(pictures, noise_of(zero, [one.run for one in pictures]))]
    return tuple(notes)
