"""Recognises public data sets by their files and folders; one module lists the clips of each."""
