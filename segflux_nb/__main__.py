"""``python -m segflux_nb`` is the command ``segflux``."""

from .cli import main

main()
