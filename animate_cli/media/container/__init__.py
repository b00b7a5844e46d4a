"""Opens media files, and finds their kind, properties, orientation, colour and time stamps."""
