"""The decisions of running, apart from I/O: when to poll, how fast to send, what to spend, and in which order.

Nothing here waits, reads a clock, or writes: times and random numbers are handed in.
"""
