from __future__ import annotations

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from core.data import files, pictures
from core.data.pack import pack
from core.data.pictures import decoded
from core.data.preset import Preset
from core.data.source import open_source
from core.errors import BrokenDataError
from tests.core.data.images import claim_size, make_tree, noise, save
from tests.core.data.trees import png, refused


def encoded(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deep_png(values, colour):
    """A PNG of 16 bits a channel: values (h, w, channels); colour type 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    size = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def refusal(data, name="x.png"):
    with pytest.raises(BrokenDataError) as caught:
        decoded(data, name)
    assert refused(caught.value, BrokenDataError, name)
    return caught.value.given


# what is converted


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_are_cut_to_eight_and_never_clipped_to_white(colour, channels):
    values = np.random.default_rng(colour).integers(0, 2**16, (5, 7, channels), dtype=np.uint16)
    found = np.asarray(decoded(deep_png(values, colour), "x.png"))
    colours = values[..., :3] if channels > 2 else np.repeat(values[..., :1], 3, axis=2)
    assert np.array_equal(found, colours >> 8)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_modes_are_converted_as_torchvisions_loader_does(mode):
    image = noise(1).convert(mode)
    assert np.array_equal(np.asarray(decoded(encoded(image), "x.png")), np.asarray(image.convert("RGB")))


def test_cmyk_is_converted_and_not_inverted():
    data = encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG")
    assert np.asarray(decoded(data, "x.jpg")).min() > 250  # no ink is white


def test_of_an_animation_the_first_picture_is_taken():
    first, second = noise(1), noise(2)
    data = encoded(first, save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(data)).n_frames == 2
    assert np.array_equal(np.asarray(decoded(data, "x.png")), np.asarray(first))


def test_a_png_named_jpeg_is_read_by_its_content():
    assert np.array_equal(np.asarray(decoded(png(3), "x.JPEG")), np.asarray(noise(3)))


# what is refused


@pytest.mark.parametrize("format", ["GIF", "WEBP", "TIFF", "BMP", "PPM", "ICO"])
def test_another_format_under_a_jpegs_name(format):
    assert "JPEG or PNG" in refusal(encoded(noise(1), format), "x.jpg")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 50_000, 2**31 - 1])
def test_a_bomb_of_pixels_is_refused_before_it_is_decoded(tmp_path, side):
    assert refusal(claim_size(save(tmp_path / "b.png"), side).read_bytes())


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", bytes(1000)])
def test_what_is_no_image(data):
    assert refusal(data)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_half_an_image(format):
    data = encoded(noise(1, (200, 200)), format)
    assert refusal(data[: len(data) // 2])


def test_a_file_of_too_many_bytes_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 1000)
    with pytest.raises(BrokenDataError, match="bytes are too many"):
        files.FolderShelf(tmp_path).read(save(tmp_path / "a.png").name)


# links and names


def skipped(folder, tmp_path):
    made = pack(open_source(str(folder)), Preset(40, 32), cache=tmp_path / "cache")
    return {one.id: one.reason for one in made.skipped}


def test_links_out_of_the_folder_in_circles_and_to_nothing_are_skipped_and_named(tmp_path):
    folder = make_tree(tmp_path / "tree")
    outside = save(tmp_path / "secret.png")
    for name, target in {"out": outside, "circle": "circle.png", "nothing": "gone.png", "dev": "/dev/zero"}.items():
        (folder / "class0" / f"{name}.png").symlink_to(target)
    (folder / "class1" / "inside.png").symlink_to(folder / "class2" / "0.png")
    found = skipped(folder, tmp_path)
    assert set(found) == {f"class0/{name}.png" for name in ("out", "circle", "nothing", "dev")}
    assert "out of" in found["class0/out.png"]
    assert "to no file" in found["class0/circle.png"] + found["class0/nothing.png"]


def test_a_class_folder_that_is_a_link_out_is_read_by_nobody(tmp_path):
    folder = make_tree(tmp_path / "tree")
    (folder / "class9").symlink_to(make_tree(tmp_path / "other") / "class0")
    assert set(skipped(folder, tmp_path)) == {f"class9/{place}.png" for place in range(4)}


def test_links_to_folders_in_circles_are_no_classes(tmp_path):
    folder = make_tree(tmp_path / "tree")
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to(folder)
    assert open_source(str(folder)).classes == ("class0", "class1", "class2", "up")
    assert len(open_source(str(folder))) == 12


def test_the_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "link").symlink_to(make_tree(tmp_path / "tree"))
    assert skipped(tmp_path / "link", tmp_path) == {}


def test_labels_of_a_link_out_of_the_folder(tmp_path):
    outside = save(tmp_path / "secret.png")
    for name in ("a.png", "b.png"):
        save(tmp_path / "flat" / name)
    (tmp_path / "flat" / "c.png").symlink_to(outside)
    (tmp_path / "flat" / "labels.csv").write_text("file,class_index\na.png,0\nb.png,1\nc.png,1\n")
    assert set(skipped(tmp_path / "flat", tmp_path)) == {"c.png"}


@pytest.mark.parametrize("place", ["class0/caf\udce9.png", "caf\udce9/a.png"])
def test_a_name_that_is_no_utf8(tmp_path, place):
    folder = make_tree(tmp_path)
    try:
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_bytes(png())
    except OSError:
        pytest.skip("this file system has no such names")
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(folder))
    assert refused(caught.value, BrokenDataError, "not UTF-8", r"caf\xe9")


def test_pipes_and_devices_are_no_images(tmp_path):
    folder = make_tree(tmp_path)
    os.mkfifo(folder / "class0" / "pipe.png")
    assert len(open_source(str(folder))) == 12
