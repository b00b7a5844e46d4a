"""Reads data folders for training, evaluation and `animate prepare`: manifests, labels, frames."""
