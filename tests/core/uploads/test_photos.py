from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from PIL import ExifTags, Image

from core.errors import BrokenDataError
from core.uploads import photos
from core.uploads.photos import MOST_AT_ONCE, MOST_BYTES, read_photo, read_photos
from tests.core.uploads.pictures import claiming, corners, encoded, noise


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a", "a.txt"])
@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_pixels_are_those_of_the_file_whatever_its_name(kind, options, name):
    photo = read_photo(name, encoded(noise(), kind, **options))
    assert np.array_equal(photo.pixels, np.asarray(noise()))
    assert (photo.title, photo.notes) == (name, ())
    assert not photo.pixels.flags.writeable


def test_a_jpeg_is_what_pillow_makes_of_it():
    data = encoded(corners(), "JPEG")
    assert np.array_equal(read_photo("a.jpg", data).pixels, np.asarray(Image.open(io.BytesIO(data))))
    behind = encoded(corners(), "MPO", save_all=True, append_images=[noise(48, 32)])
    first = read_photo("camera.jpg", behind)
    assert np.abs(first.pixels.astype(int) - np.asarray(corners())).mean() < 30
    assert first.notes == ()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(kind, orientation):
    """As the camera held it, the pixels lie as EXIF's orientation says; turned upright they are as they were seen."""
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = corners().transpose(inverse[orientation]) if orientation in inverse else corners()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    photo = read_photo("a", encoded(held, kind, exif=exif))
    assert photo.pixels.shape == (32, 48, 3)
    assert np.abs(photo.pixels.astype(int) - np.asarray(corners())).mean() < 15
    assert any("upright" in note for note in photo.notes) == (orientation > 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"garbage", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"])
def test_a_malformed_orientation_is_ignored(exif):
    photo = read_photo("a.jpg", encoded(corners(), "JPEG", exif=b"Exif\0\0" + exif))
    assert photo.pixels.shape == (32, 48, 3)


def test_sixteen_bits_of_grey_keep_their_shades():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, 0)
    photo = read_photo("a.png", encoded(Image.fromarray(ramp)))
    assert np.array_equal(photo.pixels[0, :, 1], np.arange(256))
    assert any("16 bits" in note for note in photo.notes)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_every_mode_becomes_rgb(mode, kind):
    picture = corners().convert(mode)
    photo = read_photo("a", encoded(picture if kind == "PNG" else picture.convert("RGBA"), kind, lossless=True))
    assert photo.pixels.shape == (32, 48, 3)
    assert photo.pixels.dtype == np.uint8
    assert np.array_equal(photo.pixels, np.asarray(picture.convert("RGB")))
    assert photo.notes == ()


def test_transparent_parts_are_white_whatever_colour_they_hide():
    picture = corners().convert("RGBA")
    picture.putalpha(Image.fromarray(np.repeat(np.array([[0, 255]], dtype=np.uint8), 24, 1).repeat(32, 0)))
    photo = read_photo("a.png", encoded(picture))
    assert (photo.pixels[:, :24] == 255).all()
    assert np.array_equal(photo.pixels[:, 24:], np.asarray(corners())[:, 24:])
    assert any("white" in note for note in photo.notes)
    palette = encoded(corners().convert("P", palette=Image.Palette.ADAPTIVE), transparency=0)
    assert any("white" in note for note in read_photo("a.png", palette).notes)


def test_cmyk_is_converted_and_told():
    photo = read_photo("a.jpg", encoded(corners().convert("CMYK"), "JPEG", quality=100))
    assert np.abs(photo.pixels.astype(int) - np.asarray(corners())).mean() < 20
    assert any("CMYK" in note for note in photo.notes)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_taken(kind):
    data = encoded(noise(seed=1), kind, save_all=True, append_images=[noise(seed=2), noise(seed=3)], lossless=True)
    photo = read_photo("a", data)
    assert np.array_equal(photo.pixels, np.asarray(noise(seed=1)))
    assert any("animation" in note for note in photo.notes)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [8_000, 12_000, 50_000, 2**31 - 1])
def test_a_picture_that_grows_is_refused_by_its_header(side):
    tracemalloc.start()
    with pytest.raises(BrokenDataError, match="pixels"):
        read_photo("bomb.png", claiming(side))
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.98])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture_is_none(kind, share):
    data = encoded(noise(200, 200), kind)
    with pytest.raises(BrokenDataError, match=r"cut\.jpg"):
        read_photo("cut.jpg", data[: int(share * len(data))])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (encoded(noise(), "GIF"), "a GIF"),
        (encoded(noise(), "TIFF"), "a TIFF"),
        (encoded(noise(), "BMP"), "a BMP"),
        (b"%PDF-1.7", "a PDF"),
        (b"\0\0\0\x20ftypheic" + bytes(40), "HEIC"),
        (b"<svg onload='alert(1)'/>", "an SVG"),
        (bytes(1000), "no picture of these kinds"),
        (b"", "is empty"),
        (bytes(MOST_BYTES + 1), "25,000,001 bytes"),
    ],
    ids=["gif", "tiff", "bmp", "pdf", "heic", "svg", "zeros", "empty", "large"],
)
def test_other_files_are_named_for_what_they_are(data, told):
    with pytest.raises(BrokenDataError, match=told) as caught:
        read_photo("photo.png", data)
    assert "PNG, JPEG or WebP" in caught.value.allowed


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.jpg", "cat.jpg"),
        ("a\0b\n\u202ec.png", "abc.png"),
        ("", "a picture"),
        ("x" * 300, "x" * 59 + "…"),
    ],
)
def test_titles_are_fit_to_be_shown(name, title):
    assert read_photo(name, encoded(noise())).title == title


def test_a_picture_is_known_by_its_pixels():
    first, same = read_photo("a", encoded(noise())), read_photo("b", encoded(noise(), "WEBP", lossless=True))
    assert first.id == same.id != read_photo("c", encoded(noise(seed=1))).id
    black = Image.new("RGB", (6, 4)), Image.new("RGB", (4, 6))
    assert len({read_photo("a", encoded(picture)).id for picture in black}) == 2


def test_a_hundred_at_once():
    found = read_photos([(f"{place}.png", encoded(noise(seed=place))) for place in range(100)])
    assert len(found.photos) == MOST_AT_ONCE
    assert [name for name, _ in found.refused] == [f"{place}.png" for place in range(MOST_AT_ONCE, 100)]
    assert all(f"{MOST_AT_ONCE} pictures" in error.allowed for _, error in found.refused)


def test_those_that_are_there_already_count():
    first = read_photos([(f"{place}.png", encoded(noise(seed=place))) for place in range(MOST_AT_ONCE - 1)])
    more = read_photos([(f"{place}.png", encoded(noise(seed=place))) for place in (100, 101)], first.photos)
    assert [photo.title for photo in more.photos] == ["100.png"]
    assert [name for name, _ in more.refused] == ["101.png"]


def test_large_ones_fill_the_room_sooner_and_never_more_than_it(monkeypatch):
    monkeypatch.setattr(photos, "MOST_PIXELS_AT_ONCE", 3000)  # two and a half of 40 x 30
    found = read_photos([(f"{place}.png", encoded(noise(seed=place))) for place in range(5)])
    assert sum(photo.pixels.size // 3 for photo in found.photos) == 2400
    assert [name for name, _ in found.refused] == ["2.png", "3.png", "4.png"]
    assert "million pixels" in found.refused[0][1].allowed
    small = read_photos([("small.png", encoded(noise(20, 30))), ("tiny.png", encoded(noise(1, 1)))], found.photos)
    assert [photo.title for photo in small.photos] == ["small.png"]


def test_a_file_that_came_before_takes_no_room_and_is_not_decoded_again(monkeypatch):
    monkeypatch.setattr(photos, "MOST_PIXELS_AT_ONCE", 1200)  # one of 40 x 30
    decoded = []
    monkeypatch.setattr(photos, "_decoded", lambda picture, real=photos._decoded: decoded.append(1) or real(picture))
    first = read_photos([("a.png", encoded(noise())), ("same.png", encoded(noise()))])
    again = read_photos([("again.png", encoded(noise()))], first.photos)
    assert [one.photos[0].title for one in (first, again)] == ["a.png", "a.png"]
    assert (len(first.photos), first.refused, again.refused, len(decoded)) == (1, (), (), 1)


def test_a_bad_file_does_not_spoil_the_others():
    found = read_photos([("a.png", encoded(noise())), ("b.png", b"no"), ("again.png", encoded(noise()))])
    assert [photo.title for photo in found.photos] == ["a.png"]
    assert [name for name, _ in found.refused] == ["b.png"]
    assert read_photos([]).photos == ()
