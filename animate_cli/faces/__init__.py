"""Where the face is: detect, landmarks, track, register, smooth, crop, paste."""
