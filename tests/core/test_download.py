"""Room on the disk for what a real server on this machine announces or sends."""

from __future__ import annotations

import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.data.imagenette import ARCHIVE, Archive, fetch_imagenette
from core.download import download
from core.errors import StorageError
from core.networks.download import RemoteFile, fetch

PETABYTES = 7 * 10**15
REST = 1000


class Announcing(BaseHTTPRequestHandler):
    """Announces petabytes of which it sends nothing; asked for the rest of a file it sends a little."""

    def do_GET(self):
        rest = "Range" in self.headers
        self.send_response(206 if rest else 200)
        self.send_header("Content-Length", str(REST if rest else PETABYTES))
        self.end_headers()
        if rest:
            self.wfile.write(bytes(REST))

    def log_message(self, *words):
        pass


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Announcing)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{ARCHIVE.name}"
    server.shutdown()
    server.server_close()


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, PETABYTES])
def test_what_does_not_fit_is_refused_in_three_parts_before_anything_is_written(url, tmp_path, size):
    with pytest.raises(StorageError) as caught:
        download(url, tmp_path / "x.part", size=size)
    error = caught.value
    assert f"{ARCHIVE.name} takes 7,000,000,000.0 MB more, and {tmp_path} has " in error.given
    assert "at least 7,000,000,000.0 MB" in error.allowed
    assert "PRUNESCOPE_CACHE" in error.mend
    assert not (tmp_path / "x.part").exists()


def test_what_is_there_of_a_file_needs_no_room_again(url, tmp_path):
    begun = tmp_path / "x.part"
    here = shutil.disk_usage(tmp_path).free + 10**9
    with begun.open("wb") as file:
        file.truncate(here)  # a hole, which takes no room
    download(url, begun, size=here + REST)
    assert begun.stat().st_size == here + REST


def test_images_and_weights_that_do_not_fit_are_refused_and_leave_nothing(url, tmp_path):
    with pytest.raises(StorageError):
        fetch_imagenette(archive=Archive(url, "0" * 32, 0, ARCHIVE.folder))
    with pytest.raises(StorageError):
        fetch(RemoteFile(url, 49.7, "1378be20"))
    assert files_in(tmp_path) == []
