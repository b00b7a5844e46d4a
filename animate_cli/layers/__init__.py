"""Tensor operators and network blocks that models, faces, training and evaluation share."""
