"""A stand-in for the hosted service: real HTTP, queue, credits and history, and a small exact flow model.

It is not Flux. Its pictures show what samplers, schedulers and strengths do, not what your fine-tune looks like.

Imports run downward: ``app`` (with ``server`` and ``render``), ``service``, ``painter``, ``flow``. Of the rest of the
package it imports the model's table and the clock alone. So it judges the client by the service's contract, and not
by the client's own reading of it.
"""
