"""Contact sheets: from a frame to pixels or HTML. It knows frames and pictures.

It does not know the log's file or the network. Of `runlog` it imports the table of columns alone."""
