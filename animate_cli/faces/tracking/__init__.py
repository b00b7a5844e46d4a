"""Track one face through a video: follow, register and smooth its landmarks, frame by frame."""
