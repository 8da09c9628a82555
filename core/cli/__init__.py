"""The core from a shell. Options are the words of the specs; `--json` prints one object a line."""

from core.cli.main import main

__all__ = ["main"]
