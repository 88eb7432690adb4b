"""Pictures on disk: each is decoded fully before it is accepted, and stored under the sha256 of its bytes."""
