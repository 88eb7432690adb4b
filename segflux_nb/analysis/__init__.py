"""What votes and pictures say: pure, over values and frames."""
