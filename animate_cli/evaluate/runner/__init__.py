"""Renders clip pairs with every candidate and scores the frames."""
