"""From the low-resolution face to full resolution."""
