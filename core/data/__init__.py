"""Sources of labelled images, packed once into one fingerprinted array."""
