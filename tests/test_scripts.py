"""What `make` says when it cannot go on: one line each."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import environment

ROOT = Path(__file__).resolve().parent.parent


def test_a_taken_port_is_named_with_another_to_choose():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = str(server.getsockname()[1])
        command = [sys.executable, "scripts/port.py", "127.0.0.1", port]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert len(found.stderr.splitlines()) == 1
    assert port in found.stderr
    assert "PORT=" in found.stderr


@pytest.mark.parametrize(
    ("name", "value", "told"), [("OLDEST", (99, 0), "too old"), ("GIGABYTES", 1e9, "GB free on this disk")]
)
def test_an_old_python_and_a_full_disk_are_told_before_anything_is_made(name, value, told, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, name, value)
    with pytest.raises(SystemExit, match=told):
        environment.main("requirements.txt")
    assert not list(tmp_path.iterdir())


def test_make_alone_lists_the_targets():
    found = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"app", "test", "screenshots"} <= {line.split()[0] for line in found.stdout.splitlines()}
