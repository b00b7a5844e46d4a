"""Training: recipes, samples, losses and the loop."""
