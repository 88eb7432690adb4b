"""What ``df.pictures`` does beyond showing: the analyses of `segflux_nb.runs_verbs`, for frames without a log."""
