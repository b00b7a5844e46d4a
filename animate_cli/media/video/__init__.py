"""Decodes video files, conceals damage, encodes, writes in segments, uses hardware encoders."""
