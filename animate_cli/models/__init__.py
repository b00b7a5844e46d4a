"""One file per model; `base` holds the contract that all of them pass."""
