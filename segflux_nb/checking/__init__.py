"""Checking notebooks: fingerprints, what the pytest plug-in does, the commands ``check`` and ``notebook``.

pytest and nbval are needed by the check alone, and are imported by the modules that extend them.
"""
