"""Prunescope's core: prune, measure, look inside. Usable from a notebook and from `python -m core`."""
