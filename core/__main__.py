"""`python -m core`: the core from a shell."""

from core.cli.main import main

if __name__ == "__main__":
    main()
