"""Verbs of `Workspace`, a function each, whose first parameter is the `Session`. `workspace.py` attaches them."""
