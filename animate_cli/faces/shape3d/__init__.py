"""Three-dimensional models of the landmarks and of the head, and how they are fitted."""
