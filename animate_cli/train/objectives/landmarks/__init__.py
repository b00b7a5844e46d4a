"""The landmark network's objectives: labelled pictures, then registration between frames."""
