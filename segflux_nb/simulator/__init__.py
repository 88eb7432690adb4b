"""A stand-in for the hosted service: real HTTP, queue, credits and history, and a small honest flow model.

It is not Flux: the pictures teach what samplers, schedulers and strengths do, not what your fine-tune looks like.
It imports the model's table and the clock alone, so that it judges the client by the contract and not by the
client's own reading of it.
"""
