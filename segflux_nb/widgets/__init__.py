"""Widgets: gallery, tuner, builder and live view, each with its ES module and style sheet in static/."""
