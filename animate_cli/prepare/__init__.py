"""Data sets to train on, made from raw videos and pictures: cut, resized, labelled, listed."""
