"""``ws.trigger_word(...)``: the word in a prompt that calls a fine-tune's subject."""

from __future__ import annotations

from ..errors import WorkspaceError
from ..session import Session
from ..values import as_text


def trigger_word(ws: Session, finetune_id: str, word: str | None = None) -> str:
    """Keep the trigger word of a fine-tune, so that plans and effects say where a prompt lacks it. It is a hint only.

    Parameters
    ----------
    finetune_id:
        The fine-tune.
    word:
        Its trigger word, or several words that stand together; empty if it needs none. Left out, nothing changes.

    Returns
    -------
    str
        The word that is kept; empty if none is known.

    Raises
    ------
    WorkspaceError
        If the word is not text.

    Example
    -------
    ``ws.trigger_word("my-finetune-id", "TOK")``
    """
    words = ws._journal.of(ws.service).trigger_words
    try:
        finetune_id = as_text(finetune_id)
        if word is not None:
            words.set(finetune_id, as_text(word).strip())
    except ValueError as error:
        raise WorkspaceError(
            f"This is no trigger word: {error}", remedy='Write ws.trigger_word("my-id", "TOK")'
        ) from None
    return words.all().get(finetune_id, "")
