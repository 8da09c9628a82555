"""The published study: its figures, and the rules by which it came to them."""
