"""Detect the faces of one frame: three detectors and the check by the landmark network."""
