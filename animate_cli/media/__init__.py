"""Reads photos and drivers, and writes videos, pictures and sound; imports no torch."""
