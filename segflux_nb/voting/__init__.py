"""Pairwise comparison: which pair is judged next, the votes of a selection, and the ranking that they give."""
