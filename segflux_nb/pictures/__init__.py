"""Pictures on disk: decoded fully before they count, stored under what they contain."""
