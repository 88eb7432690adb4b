"""What to run: ranges, axes, requests and their identity, sweeps, plans.

No network and no clock. The only files are those that users name in `Sweep.to_toml` and `Sweep.from_toml`.
"""
