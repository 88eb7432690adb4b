"""Running requests: the engine and what it is made of. Its decisions, apart from I/O, are in `policy`."""
