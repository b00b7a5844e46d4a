"""Public data sets: each module recognises one by its files and folders, and lists its clips."""
