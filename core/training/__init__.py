"""Training: the demo network from scratch."""
