"""Label the pixels of a picture: the parts of a face, and the person against the background."""
