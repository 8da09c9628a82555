"""What a network looks at: attribution maps, and later their agreement, faithfulness and localisation."""
