"""Reads photos and picture folders; writes pictures and picture folders; makes GIF palettes."""
