"""Data folders as training and evaluation both read them."""
