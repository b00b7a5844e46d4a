"""Make a still face photo move as the face in a video moves."""

__version__ = "0.1.0"
