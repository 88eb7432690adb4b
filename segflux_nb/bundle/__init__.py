"""Bundles: a study in one file, which replays it bit for bit with no key and no network."""
