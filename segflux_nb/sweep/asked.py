"""What a user asks for, before it is a sweep: the model, and parameters out of another program's picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..console import say
from ..errors import SweepError
from ..model import MODEL, Model, is_slug, model_of
from ..values import OtherProgram, shown


def checked_slug(slug: object) -> str:
    """The slug of a model, as it was given.

    Raises
    ------
    SweepError
        If no model can have it.
    """
    if not isinstance(slug, str) or not is_slug(slug):
        raise SweepError(
            f"model={shown(slug)} is not a model",
            remedy=f"Give its slug, such as {MODEL.slug!r}, or ws.model(slug); ws.models lists them",
        )
    if slug != MODEL.slug and slug.casefold() == MODEL.slug:
        raise SweepError(f"model={shown(slug)} is not a model", remedy=f"Did you mean {MODEL.slug!r}?")
    return slug


def as_model(model: object) -> Model:
    """The model that a user means: by its slug, or itself.

    Parameters
    ----------
    model:
        What the user gave.

    Raises
    ------
    SweepError
        If it is neither, or makes no pictures.
    """
    slug = checked_slug(model.slug if isinstance(model, Model) else model)
    model = model if isinstance(model, Model) else model_of(slug)
    if why := model.refusal():
        raise SweepError(why, remedy="ws.models has the kind of each model: choose one that makes pictures")
    return model


def check_one_model(slugs: Iterable[str]) -> None:
    """Raise `SweepError` where cells are of several models."""
    if len(found := set(slugs)) > 1:
        raise SweepError(
            f"These cells are of several models: {', '.join(sorted(found))}", remedy="Choose the runs of one model"
        )


def asked(model: object, parameters: Mapping[str, Any]) -> tuple[Model, dict[str, Any]]:
    """The model that a user means, and what it takes of the parameters; what else a picture has is printed.

    Parameters
    ----------
    model:
        What the user gave. A checkpoint that a picture of another program names is no model of the service.
    parameters:
        The parameters.
    """
    if isinstance(model, OtherProgram):
        parameters, model = {**parameters, "model": model}, MODEL
    made = as_model(model)
    return made, taken(parameters, made)


def taken(parameters: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """The parameters without what a picture of another program has and the model does not take; that is printed.

    Parameters
    ----------
    parameters:
        The parameters.
    model:
        The model.
    """
    left_out = {name: value for name, value in parameters.items() if isinstance(value, OtherProgram)}
    if left_out:
        those = ", ".join(f"{name}={shown(value, 60)}" for name, value in left_out.items())
        say(f"Left out of the sweep, because {model.slug} does not take it: {those}.")
    return {name: value for name, value in parameters.items() if name not in left_out}
