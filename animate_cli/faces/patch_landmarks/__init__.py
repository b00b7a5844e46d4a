"""A second look at eyes and mouth: small patches of the frame at its own resolution."""
