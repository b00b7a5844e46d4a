"""Data folders, as training, evaluation and prepare read them: manifests, labels, pictures."""
