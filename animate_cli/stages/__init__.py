"""What `pipeline.py` calls: one step of an animation per file."""
