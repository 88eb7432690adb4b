"""The service as a protocol without sockets: jobs, ledger, faults, and what is answered. Pure but for the ledger."""
