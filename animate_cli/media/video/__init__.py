"""Video files: decoding with damage concealed, encoding, segments, and hardware encoders."""
