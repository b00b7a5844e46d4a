"""Makes training data from raw videos and pictures: cuts, resizes, labels and lists them."""
