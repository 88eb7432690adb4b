"""Which simulator painted a picture."""

VERSION = 3
"""The simulator's version. It is raised whenever equal requests give other pictures than before."""
