"""Metadata of pictures by this package and by other programs."""
