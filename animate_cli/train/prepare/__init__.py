"""Raw videos and portraits -> a data set to train on: what `animate prepare` calls."""
