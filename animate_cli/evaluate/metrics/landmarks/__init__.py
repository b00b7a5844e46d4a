"""Metrics computed from landmarks."""
