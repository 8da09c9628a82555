"""Pictures of one's own, held in memory: nothing is written to disk."""
