"""The steps of an animation, one per file; `pipeline.py` calls them in order."""
