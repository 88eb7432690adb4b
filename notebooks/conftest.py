"""Clears what the notebooks leave behind, so that each check of them starts the same."""

from segflux_nb.checking.start import prepare

pytest_sessionstart = prepare(__file__)
