"""How runs look: contact sheets and progress. Knows frames and pictures; never the log, the engine or the network."""
