"""The shape model's objective: structure from the motion of tracked landmarks."""
