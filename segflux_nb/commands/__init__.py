"""The commands of ``segflux``: each module has those of one subject."""
