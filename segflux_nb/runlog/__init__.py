"""The run log: all that happened, in one SQLite file. Disk is the truth; everything else is a view of it."""
