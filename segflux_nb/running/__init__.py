"""Running requests: the engine, and its pure parts (when to poll, what may be spent, what a crash left behind)."""
