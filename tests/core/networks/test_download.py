"""A real server on this machine, and the error paths of one that is not there or gives something else."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading

import pytest

from core.errors import BrokenDataError, MissingFileError
from core.networks.download import RemoteFile, fetch, local_path

CONTENT = bytes(range(256)) * 9000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(tmp_path):
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "weights.pth").write_bytes(CONTENT)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/weights.pth"
        running.shutdown()


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_file_is_fetched_once_with_progress(server):
    told = []
    remote = RemoteFile(server, 2.3, DIGEST[:8])
    path = fetch(remote, lambda done, total, what: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(told) > 1
    told.clear()
    assert fetch(remote, lambda *_: told.append(1)) == path
    assert not told


def test_a_file_that_torch_fetched_before_is_used(server, tmp_path):
    place = tmp_path / "torch" / "hub" / "checkpoints" / "weights.pth"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    assert local_path(RemoteFile(server, 2.3, DIGEST[:8])) == place


def test_another_file_than_expected_is_refused_and_not_kept(server, tmp_path):
    remote = RemoteFile(server, 2.3, "00000000")
    with pytest.raises(BrokenDataError, match="00000000"):
        fetch(remote)
    assert local_path(remote) is None
    assert not list((tmp_path / "cache" / "weights").iterdir())


def test_no_network_names_the_file_its_size_its_hash_and_its_place(tmp_path):
    remote = RemoteFile("http://127.0.0.1:9/weights.pth", 49.7, "1378be20")
    with pytest.raises(MissingFileError) as told:
        fetch(remote)
    place = str(tmp_path / "cache" / "weights" / "weights.pth")
    assert all(part in str(told.value) for part in ("weights.pth", "49.7 MB", "1378be20", place))
