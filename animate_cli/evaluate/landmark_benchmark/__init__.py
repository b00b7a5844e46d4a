"""Compares landmark detectors on labelled clips and photos."""
