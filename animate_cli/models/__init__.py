"""Animation models, one package each; `base` holds the contract that all of them keep."""
