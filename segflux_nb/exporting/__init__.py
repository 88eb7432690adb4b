"""Runs as files for other people and programs: tables, pictures under readable names."""
