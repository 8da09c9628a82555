from __future__ import annotations

import hashlib
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.data.imagenette import ARCHIVE, Archive, fetch_imagenette
from core.data.source import open_source
from core.data.wnids import imagenet_wnids
from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from tests.core.data.images import save
from tests.core.data.trees import here, refused

WNIDS = ("n01440764", "n02102040")


class Quiet(SimpleHTTPRequestHandler):
    """Answers without a word to the terminal."""

    def log_message(self, *words):
        pass


@pytest.fixture
def published(tmp_path):
    """A small archive of the real one's layout, on a web server of this machine."""
    for split in ("train", "val"):
        for wnid in WNIDS:
            save(tmp_path / "made" / ARCHIVE.folder / split / wnid / "1.JPEG")
    with tarfile.open(here(tmp_path / "web") / ARCHIVE.name, "w:gz") as archive:
        archive.add(tmp_path / "made" / ARCHIVE.folder, ARCHIVE.folder)
    data = (tmp_path / "web" / ARCHIVE.name).read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "web"))
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
    source = open_source("imagenette:val", classes=1000)
    assert source.labels.tolist() == [0, 217]
    assert source.classes == imagenet_wnids()
    assert source.name == "imagenette:val"
    assert len(open_source("imagenette:train")) == 2


def test_it_is_fetched_once(published, cache):
    fetch_imagenette(archive=published)
    unreachable = Archive("http://127.0.0.1:9/x.tgz", "0", 1, published.folder)
    assert fetch_imagenette(archive=unreachable).is_dir()


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
    assert len(open_source("imagenette:val", classes=1000)) == 2


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
