"""What is pruned and how: settings, criteria, masks. The settings and the registries know no torch at import."""
