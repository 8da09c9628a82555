from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from core.data.packed import Pack
from core.data.preset import Preset
from core.errors import BrokenDataError, CancelledError, StorageError
from core.interpretability.encoders.cache import BATCH, embed_pack
from core.interpretability.encoders.encoder import Encoder

IMAGES = 3 * BATCH + 5
WANTED = np.random.default_rng(7).permutation(IMAGES)[:-3]


@pytest.fixture
def pack(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 4, 4, 3), dtype=np.uint8)
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "pixels.bin").write_bytes(pixels.tobytes())
    ids, labels = tuple(map(str, range(IMAGES))), np.zeros(IMAGES, np.int64)
    digests = b"".join(hashlib.sha256(row.data).digest() for row in pixels)
    return Pack(folder, "x", "x", Preset(4, 4), ("a",), labels, ids, np.arange(IMAGES), (), "f" * 64, digests)


@dataclass
class Flattening:
    """Features that are the pixels themselves, and how many images were asked for."""

    seen: int = 0

    def __call__(self, pixels):
        self.seen += len(pixels)
        return pixels.flatten(1).float()

    def encoder(self, name="flat", sha256="1" * 64):
        return Encoder(name, sha256, "cpu", self)


def stop_after(images):
    def tell(done, total, what):
        if done >= images:
            raise CancelledError("enough")

    return tell


def test_each_row_is_the_embedding_of_its_image(pack, tmp_path):
    rows = embed_pack(Flattening().encoder(), pack, WANTED, tmp_path / "e")
    flat = pack.batch(WANTED).reshape(len(WANTED), -1).astype(np.float64)
    assert rows.dtype == np.float32
    assert np.allclose(rows, flat / np.linalg.norm(flat, axis=1, keepdims=True), atol=1e-6)


def test_what_is_known_is_not_computed_again_in_whatever_order(pack, tmp_path):
    features = Flattening()
    first = embed_pack(features.encoder(), pack, WANTED, tmp_path / "e")
    again = embed_pack(features.encoder(), pack, WANTED[::-1], tmp_path / "e")
    assert np.array_equal(again, first[::-1])
    assert features.seen == len(WANTED)
    embed_pack(features.encoder(), pack, np.arange(IMAGES), tmp_path / "e")
    assert features.seen == IMAGES


def test_after_a_stop_it_goes_on_from_the_last_finished_batch(pack, tmp_path):
    features = Flattening()
    with pytest.raises(CancelledError):
        embed_pack(features.encoder(), pack, WANTED, tmp_path / "e", stop_after(BATCH + 1))
    assert features.seen == 2 * BATCH
    rows = embed_pack(features.encoder(), pack, WANTED, tmp_path / "e")
    assert features.seen == len(WANTED)
    assert np.array_equal(rows, embed_pack(features.encoder(), pack, WANTED, tmp_path / "other"))


def test_progress_tells_of_the_images_that_are_wanted(pack, tmp_path):
    told = []
    embed_pack(Flattening().encoder(), pack, WANTED[:BATCH], tmp_path / "e")
    embed_pack(Flattening().encoder(), pack, WANTED, tmp_path / "e", lambda *said: told.append(said[:2]))
    total = len(WANTED)
    assert told == [(BATCH, total), (2 * BATCH, total), (3 * BATCH, total), (total, total)]


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-1], lambda content: content[:-4] + b"abcd", lambda _: b""]
)
def test_a_damaged_file_is_computed_anew(pack, tmp_path, damage):
    features = Flattening()
    first = embed_pack(features.encoder(), pack, WANTED, tmp_path / "e")
    file = sorted((tmp_path / "e").rglob("*.npy"))[0]
    lost = len(np.load(file))
    file.write_bytes(damage(file.read_bytes()))
    assert np.array_equal(embed_pack(features.encoder(), pack, WANTED, tmp_path / "e"), first)
    assert features.seen == len(WANTED) + lost


def test_encoders_and_packs_do_not_share_embeddings(pack, tmp_path):
    others = [
        (Flattening(), {"sha256": "2" * 64}, pack),
        (Flattening(), {"name": "other"}, pack),
        (Flattening(), {}, replace(pack, fingerprint="0" * 64)),
    ]
    embed_pack(Flattening().encoder(), pack, WANTED, tmp_path / "e")
    for features, identity, images in others:
        embed_pack(features.encoder(**identity), images, WANTED, tmp_path / "e")
        assert features.seen == len(WANTED)


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_an_image_without_a_direction_is_refused_and_not_kept(pack, tmp_path, value):
    encoder = Encoder("odd", "3" * 64, "cpu", lambda pixels: torch.full((len(pixels), 2), value))
    with pytest.raises(BrokenDataError, match="odd features of 5 of 5 images"):
        embed_pack(encoder, pack, WANTED[:5], tmp_path / "e")
    assert not list((tmp_path / "e").rglob("*.npy"))


def test_a_folder_that_cannot_be_made_is_told(pack, tmp_path):
    (tmp_path / "e").write_text("in the way")
    with pytest.raises(StorageError):
        embed_pack(Flattening().encoder(), pack, WANTED, tmp_path / "e")
