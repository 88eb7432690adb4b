"""The hosted service's v2 protocol, typed: addresses, the API key, one transport, what responses mean."""
