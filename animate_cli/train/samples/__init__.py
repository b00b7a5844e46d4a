"""Training samples: labelled pictures, pairs and runs of frames, and how they are varied."""
