"""Texts as six programs write them into pictures, each with its right reading.

All are made here: the forms are those of the programs, the words are not taken from anybody's picture.
"""

from tests.metadata.corpus_a1111 import A1111
from tests.metadata.corpus_comfyui import COMFYUI
from tests.metadata.corpus_others import FOOOCUS, INVOKEAI, NOVELAI, SWARMUI
from tests.metadata.corpus_workflows import WORKFLOWS

TEXTS = [*A1111, *COMFYUI, *SWARMUI, *INVOKEAI, *FOOOCUS, *NOVELAI, *WORKFLOWS]
