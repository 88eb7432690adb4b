"""Folders of pictures that other tools wrote, as frames: `segflux_nb.read_folder`."""
