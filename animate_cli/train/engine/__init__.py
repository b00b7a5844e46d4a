"""The training loop and its parts: stages, steps, optimisers, batches, checkpoints, the log."""
