"""Still pictures: photos and picture folders read, pictures, folders and GIF palettes written."""
