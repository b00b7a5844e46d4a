"""Files in, files out; no tensors."""
