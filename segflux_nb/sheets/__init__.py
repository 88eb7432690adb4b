"""Contact sheets: from a frame to pixels or HTML. Knows frames and pictures; never the log or the network."""
