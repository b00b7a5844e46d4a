"""Tensor parts that networks share."""
