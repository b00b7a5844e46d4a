"""Where the face is: detect, landmarks, track, smooth, crop, paste."""
