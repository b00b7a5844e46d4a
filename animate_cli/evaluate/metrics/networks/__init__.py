"""Evaluator networks that others trained, and the metrics of their outputs."""
