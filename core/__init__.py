"""Prunescope's core: prune, measure, look inside. Usable from a notebook and from `python -m core`."""

import os

# Waiting threads that spin cost a second process on the same cores a factor of four; read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
