from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.request import urlopen

import pytest
from torchvision.datasets import Imagenette

from core import download
from core.data.imagenette import ARCHIVE, Archive, fetch_imagenette
from core.data.source import open_source
from core.data.wnids import imagenet_names, imagenet_wnids
from core.errors import BrokenDataError, CancelledError, InvalidSettingError, MissingFileError, StorageError
from core.paths import ROOT
from tests.core.data.images import save
from tests.core.data.trees import add, here, refused

WNIDS = ("n01440764", "n02102040")


class Quiet(SimpleHTTPRequestHandler):
    """Answers without a word to the terminal; asked for the rest of a file it sends that, as S3 does."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        rest = self.headers.get("Range", "")
        self.asked.append(rest)
        if not rest:
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes()[int(rest[len("bytes=") : -1]) :]
        self.send_response(206)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words):
        pass


class Plain(Quiet):
    """Sends the whole file, whatever is asked for."""

    def do_GET(self):
        del self.headers["Range"]
        super().do_GET()


@pytest.fixture(params=[Quiet])
def published(tmp_path, request):
    """A small archive of the real one's layout, on a web server of this machine."""
    Quiet.asked.clear()
    for split in ("train", "val"):
        for wnid in WNIDS:
            save(tmp_path / "made" / ARCHIVE.folder / split / wnid / "1.JPEG")
    with tarfile.open(here(tmp_path / "web") / ARCHIVE.name, "w:gz") as archive:
        archive.add(tmp_path / "made" / ARCHIVE.folder, ARCHIVE.folder)
    data = (tmp_path / "web" / ARCHIVE.name).read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(request.param, directory=tmp_path / "web"))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{ARCHIVE.name}"
    yield Archive(url, hashlib.md5(data).hexdigest(), len(data), ARCHIVE.folder)
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_fetched_is_a_source(published, cache):
    told = []
    folder = fetch_imagenette(progress=lambda *words: told.append(words), archive=published)
    assert folder == cache / "downloads" / ARCHIVE.folder
    assert [path.name for path in folder.parent.iterdir()] == [ARCHIVE.folder]
    assert told and all(done <= total for done, total, _ in told)
    source = open_source("imagenette:val", imagenet_names())
    assert source.labels.tolist() == [0, 217]
    assert source.classes == imagenet_wnids()
    assert source.name == "imagenette:val"
    assert len(open_source("imagenette:train")) == 2


def test_it_is_fetched_once(published, cache):
    fetch_imagenette(archive=published)
    unreachable = Archive("http://127.0.0.1:9/x.tgz", "0", 1, published.folder)
    assert fetch_imagenette(archive=unreachable).is_dir()


def stopping(at):
    """A progress that cancels when something of that name is under way."""

    def tell(done, total, what):
        if what.startswith(at) and (done or at == "unpacking"):
            raise CancelledError("stopped")

    return tell


@pytest.mark.parametrize("published", [Quiet, Plain], indirect=True)
def test_a_download_that_was_stopped_goes_on_and_nothing_half_is_used(published, cache, monkeypatch):
    monkeypatch.setattr(download, "now_and_then", lambda progress: progress)
    monkeypatch.setattr(download, "_CHUNK", published.bytes // 3)
    with pytest.raises(CancelledError):
        fetch_imagenette(progress=stopping("downloading"), archive=published)
    with pytest.raises(MissingFileError, match="not downloaded yet"):
        open_source("imagenette:val")
    fetch_imagenette(archive=published)
    assert Quiet.asked[0] == ""
    assert len(Quiet.asked) == 2
    assert len(open_source("imagenette:val")) == 2


def test_unpacking_that_was_stopped_begins_again_without_a_download(published, cache):
    with pytest.raises(CancelledError):
        fetch_imagenette(progress=stopping("unpacking"), archive=published)
    with pytest.raises(MissingFileError):
        open_source("imagenette:val")
    fetch_imagenette(archive=published)
    assert len(Quiet.asked) == 1
    assert len(open_source("imagenette:train")) == 2
    assert [path.name for path in (cache / "downloads").iterdir()] == [ARCHIVE.folder]


def test_a_disk_without_room_for_the_archive_and_its_folder_is_told_before_anything_is_asked_for(published, cache):
    with pytest.raises(StorageError, match="fetching and unpacking") as caught:
        fetch_imagenette(cache, archive=replace(published, bytes=7 * 10**15))
    assert refused(caught.value, StorageError)
    assert not Quiet.asked


def test_what_was_half_unpacked_makes_room_first(published, cache, monkeypatch):
    half = cache / "downloads" / f"{published.folder}.partial" / published.folder
    (half / "val").mkdir(parents=True)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 0, 0 if half.is_dir() else 10**9)
    )
    assert fetch_imagenette(cache, archive=published).is_dir()


UNPACK = """
import resource, sys
from pathlib import Path
from core.data.imagenette import Archive, fetch_imagenette
from core.errors import StorageError

resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    fetch_imagenette(Path(sys.argv[1]), archive=Archive(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]))
except StorageError as error:
    print(error.given)
"""


def test_a_disk_that_fills_up_while_it_is_unpacked(published, cache):
    part = cache / "downloads" / f"{published.folder}.partial" / published.name
    part.parent.mkdir(parents=True)
    with urlopen(published.url) as answer:
        part.write_bytes(answer.read())
    words = [published.url, published.md5, str(published.bytes), published.folder]
    done = subprocess.run(
        [sys.executable, "-c", UNPACK, str(cache), *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "cannot be unpacked" in done.stdout
    assert fetch_imagenette(cache, archive=published).is_dir()


def test_a_connection_that_ends_too_soon_is_told_and_taken_up_again(published, cache, tmp_path):
    web = tmp_path / "web" / ARCHIVE.name
    data = web.read_bytes()
    web.write_bytes(data[: len(data) // 2])
    with pytest.raises(MissingFileError, match="the connection ended after"):
        fetch_imagenette(archive=published)
    web.write_bytes(data)
    fetch_imagenette(archive=published)
    assert Quiet.asked == ["", f"bytes={len(data) // 2}-"]


def test_what_was_begun_of_another_file_is_not_kept(published, cache):
    begun = here(cache / "downloads" / f"{ARCHIVE.folder}.partial") / ARCHIVE.name
    begun.write_bytes(bytes(100))
    with pytest.raises(MissingFileError, match="another file"):
        fetch_imagenette(archive=published)
    fetch_imagenette(archive=published)
    assert Quiet.asked == ["bytes=100-", ""]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../up.png", tarfile.REGTYPE),
        (f"{ARCHIVE.folder}/../../up.png", tarfile.REGTYPE),
        ("/tmp/up.png", tarfile.REGTYPE),
        (f"{ARCHIVE.folder}/link", tarfile.SYMTYPE),
        (f"{ARCHIVE.folder}/pipe", tarfile.FIFOTYPE),
    ],
)
def test_members_that_lead_out_or_are_no_files_are_not_unpacked(cache, name, kind):
    """Of an archive put there by hand, if it could have the right MD5."""
    given = here(cache / "downloads") / ARCHIVE.name
    with tarfile.open(given, "w:gz") as archive:
        add(archive, name, b"", type=kind, linkname="/etc/passwd")
    data = given.read_bytes()
    asked = Archive(f"http://127.0.0.1:9/{ARCHIVE.name}", hashlib.md5(data).hexdigest(), 1, ARCHIVE.folder)
    with pytest.raises(BrokenDataError):
        fetch_imagenette(archive=asked)
    assert [path for path in cache.rglob("*") if path.name in ("up.png", "link", "pipe")] == []
    assert not (cache / "downloads" / ARCHIVE.folder).exists()


def test_the_archive_is_the_one_that_torchvision_names():
    url, md5 = Imagenette._ARCHIVES["320px"]
    assert (ARCHIVE.url, ARCHIVE.md5) == (url, md5)


def test_an_archive_put_there_by_hand_is_used(published, cache, tmp_path):
    unreachable = Archive(f"http://127.0.0.1:9/{ARCHIVE.name}", published.md5, 1, published.folder)
    given = here(cache / "downloads") / ARCHIVE.name
    given.write_bytes((tmp_path / "web" / ARCHIVE.name).read_bytes())
    assert (fetch_imagenette(archive=unreachable) / "val" / WNIDS[0] / "1.JPEG").is_file()
    assert given.is_file()


def test_a_folder_put_there_by_hand_is_used(cache):
    for wnid in WNIDS:
        save(cache / "downloads" / ARCHIVE.folder / "val" / wnid / "1.JPEG")
    assert fetch_imagenette() == cache / "downloads" / ARCHIVE.folder
    assert len(open_source("imagenette:val", imagenet_names())) == 2


def test_another_archive_of_that_name_is_refused_and_kept(published, cache):
    given = here(cache / "downloads") / ARCHIVE.name
    given.write_bytes(b"another")
    with pytest.raises(BrokenDataError) as caught:
        fetch_imagenette(archive=published)
    assert refused(caught.value, BrokenDataError, str(given), published.md5)
    assert given.read_bytes() == b"another"


@pytest.mark.parametrize("change", [{"url": f"http://127.0.0.1:9/{ARCHIVE.name}"}, {"md5": "0" * 32}])
def test_what_cannot_be_fetched_says_what_to_fetch_and_where_to_put_it(published, cache, change):
    wrong = Archive(**({"url": published.url, "md5": published.md5, "bytes": 1, "folder": published.folder} | change))
    with pytest.raises(MissingFileError) as caught:
        fetch_imagenette(archive=wrong)
    assert refused(caught.value, MissingFileError, wrong.url, str(cache / "downloads" / ARCHIVE.name), wrong.md5)
    assert "Download on the page Data, or `python -m core data imagenette:val --fetch`" in caught.value.mend
    with pytest.raises(MissingFileError, match="not downloaded yet"):
        open_source("imagenette:val")


@pytest.mark.parametrize("text", ["imagenette", "imagenette:test", "imagenette:"])
def test_the_split_is_asked_for(text):
    with pytest.raises(InvalidSettingError) as caught:
        open_source(text)
    assert refused(caught.value, InvalidSettingError, "imagenette:train", "imagenette:val")


def test_the_scenes_other_splits_are_no_folders():
    with pytest.raises(InvalidSettingError, match="scenes:training"):
        open_source("scenes:test")
