"""Plans and runs many animations in worker processes; a journal lets a batch be resumed."""
