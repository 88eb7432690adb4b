"""The verbs of `Runs`, a function each, whose first parameter is the `Selection`. `runs.py` attaches them."""
