from __future__ import annotations

import pytest
from PIL import Image

from core.benchmarks.pack import SIZE, bench_pack, pixels_alone, write_photographs
from core.data.pack import pack
from core.data.source import open_source
from core.networks.network import IMAGENET_PRESET


def test_the_decode_limit_makes_the_very_pixels_that_are_packed(tmp_path):
    files = write_photographs(tmp_path / "images", 12)
    made = pack(open_source(str(tmp_path / "images")), IMAGENET_PRESET, cache=tmp_path)
    by_name = {str(file.relative_to(tmp_path / "images")): file for file in files}
    expected = [pixels_alone(by_name[name], IMAGENET_PRESET) for name in made.ids]
    assert made.file.read_bytes() == b"".join(expected)
    assert len(set(expected)) == 12
    for file in files:
        with Image.open(file) as picture:
            assert (picture.format, picture.size) == ("JPEG", SIZE)


@pytest.mark.slow
def test_packing_is_timed_against_pillow_on_the_same_files():
    (found,) = bench_pack(images=40, rounds=1)
    assert found.name == "pack, 40 JPEGs of 500 x 375"
    assert found.unit == "images/s"
    assert found.ratio == pytest.approx(found.ours / found.reference)
