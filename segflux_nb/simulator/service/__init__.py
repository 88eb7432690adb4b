"""The simulated service without sockets or clocks: protocol, jobs, ledger, faults."""
