"""The core from a shell. Options are the words of the specs; `--json` prints one object a line."""
