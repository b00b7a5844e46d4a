"""Metrics computed from pixels."""
