"""Widgets: gallery, tuner, builder and live view. Their JavaScript and style sheets are in `static/`."""
