"""The pure half of running: when to poll, how fast to send, what may be spent, and in which order. No I/O."""
