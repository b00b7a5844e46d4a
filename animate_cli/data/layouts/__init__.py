"""Public data sets as they are published, one file per family, recognised by their looks."""
