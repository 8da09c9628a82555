"""Units of networks: what is asked about them, and what is known. No torch."""
