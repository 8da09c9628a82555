from __future__ import annotations

import sys

import pytest

from core.cli.main import main


@pytest.fixture
def shell(cache, monkeypatch, capsys):
    """Run a command line in this process: exit status, standard output, standard error."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["core", *map(str, words)])
        capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code or 0
        out, err = capsys.readouterr()
        return status, out, err

    return run
