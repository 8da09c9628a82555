from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import functional
from torchvision.transforms._presets import ImageClassification

import core.operators  # noqa: F401  (before torchvision)
from core.data.pictures import decoded
from core.data.preset import Preset, cropped, pixels

SIZES = [(500, 375), (375, 500), (227, 227), (256, 256), (257, 256), (641, 223), (100, 900), (90, 61), (31, 33), (1, 5)]
MODES = ["RGB", "L", "RGBA", "P", "CMYK", "1", "I;16"]
CASES = [(size, MODES[(3 * place + turn) % len(MODES)]) for place, size in enumerate(SIZES) for turn in range(5)]
PRESETS = [Preset(256, 224), Preset(None, 224), Preset(73, 64)]


def drawn(size: tuple[int, int], mode: str, seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    if mode == "I;16":
        return Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(noise[..., 1]))
    return picture.convert(mode)


def reference(image: Image.Image, preset: Preset) -> torch.Tensor:
    """Torchvision's preset without its normalisation, on what torchvision's folder loader hands it: 0..1."""
    picture = image.convert("RGB")
    if preset.resize is None:
        return functional.convert_image_dtype(
            functional.pil_to_tensor(functional.center_crop(picture, [preset.crop])), torch.float
        )
    plain = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    return ImageClassification(crop_size=preset.crop, resize_size=preset.resize, **plain)(picture)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
@pytest.mark.parametrize(("size", "mode"), CASES, ids=str)
def test_pixels_are_those_of_torchvisions_preset(size, mode, preset):
    image = drawn(size, mode)
    assert torch.equal(pixels(image, preset) / 255, reference(image, preset))


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    resize=st.none() | st.integers(1, 70),
    crop=st.integers(1, 70),
)
def test_pixels_are_those_of_torchvisions_preset_at_any_size(size, resize, crop):
    image, preset = drawn(size, "RGB"), Preset(resize, crop)
    assert torch.equal(pixels(image, preset) / 255, reference(image, preset))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_ignored_as_torchvisions_loader_ignores_it(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = tmp_path / "turned.jpg"
    drawn((300, 200), "RGB").save(file, exif=exif)
    with Image.open(file) as image:
        expected = reference(image, PRESETS[0])
    assert torch.equal(pixels(decoded(file.read_bytes(), file.name), PRESETS[0]) / 255, expected)


@pytest.mark.parametrize(("format", "mode"), [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "P"), ("PNG", "RGBA")])
def test_files_of_other_modes_are_read_as_torchvisions_loader_reads_them(tmp_path, format, mode):
    written = io.BytesIO()
    drawn((300, 280), mode).save(written, format)
    file = tmp_path / f"image.{format.lower()}"
    file.write_bytes(written.getvalue())
    with Image.open(file) as image:
        expected = reference(image, PRESETS[0])
    assert torch.equal(pixels(decoded(file.read_bytes(), file.name), PRESETS[0]) / 255, expected)


def test_an_image_smaller_than_the_crop_is_padded_with_black():
    white = Image.new("RGB", (10, 7), "white")
    padded = np.asarray(cropped(white, Preset(None, 16)))
    assert padded.sum() == 10 * 7 * 3 * 255
    assert padded[4:11, 3:13].min() == 255


def test_the_name_of_a_preset_tells_it_apart():
    presets = [Preset(256, 224), Preset(None, 224), Preset(256, 128), Preset(224, 224)]
    assert len({preset.name for preset in presets}) == len(presets)
    assert Preset(256, 224).without_resize() == Preset(None, 224)
