"""Faster ways to compute a trained network: fused, in other number formats, by other engines."""
