"""Opens media files: kind by content, probing, orientation, colour and time stamps."""
