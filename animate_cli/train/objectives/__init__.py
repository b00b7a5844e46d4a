"""What each network minimises: one file per network, found by its name."""
