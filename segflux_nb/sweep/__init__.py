"""What to run: ranges, axes, requests and their identity, sweeps, plans. Pure: no file, no network, no clock."""
