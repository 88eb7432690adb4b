"""What pictures and runs say in numbers: pure functions over arrays and frames."""
