"""The hosted service's v2 protocol, typed: addresses, the key, one transport, and what each answer means."""
