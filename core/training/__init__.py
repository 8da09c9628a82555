"""Training: the demo network from scratch, and pruned networks again."""
