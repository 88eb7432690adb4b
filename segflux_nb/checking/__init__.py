"""Checking notebooks: fingerprints of pictures, the pytest plug-in, and the commands ``check`` and ``notebook``.

pytest and nbval are needed by the check alone, and are imported by the modules that extend them.
"""
