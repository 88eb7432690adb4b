"""The table of misbehaviours, a module for each kind."""
