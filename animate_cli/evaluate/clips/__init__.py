"""The candidates and the clip pairs of an evaluation."""
