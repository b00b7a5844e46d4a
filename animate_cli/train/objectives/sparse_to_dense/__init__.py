"""The default model's objective: one frame of a clip is made from another."""
