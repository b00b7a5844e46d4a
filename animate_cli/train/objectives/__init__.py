"""Networks in training: one objective for each, found by its name in the recipe."""
