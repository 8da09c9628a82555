from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

UNIT = ("--layer", "inception4c.branch1.conv", "--unit", 17)
FAST = ("--steps", 4, "--size", 64)


def test_it_writes_the_dense_picture_beside_the_pruned_one(shell, tmp_path):
    out = tmp_path / "pictures"
    pruned = ("--technique", "structured", "--rate", 0.1, "--rate", 0.2)
    status, printed, _ = shell("visualise", *UNIT, *FAST, *pruned, "--diversity", 2, "--out", out, "--json")
    dense, left, removed = map(json.loads, printed.splitlines())
    assert status == 0
    assert [row["rate"] for row in (dense, left, removed)] == [0, 0.1, 0.2]
    for row in (dense, left):
        picture = np.asarray(Image.open(row["file"]))
        assert picture.shape == (64, 128, 3)
        assert row["activation"] > row["start"]
        assert (row["seed"], row["attempts"], row["refused"]) == (0, 1, None)
        assert row["seconds"] > 0
    assert removed["file"] is removed["activation"] is None
    assert "was removed" in removed["refused"]
    (together,) = out.glob("*all*.png")
    assert Image.open(together).width > 2 * 448


def test_driven_down_from_another_seed_it_is_another_file(shell, tmp_path):
    said = [
        shell("visualise", *UNIT, *FAST, "--sign", sign, "--seed", seed, "--out", tmp_path)
        for sign, seed in ((1, 0), (-1, 0), (1, 3))
    ]
    assert [status for status, _, _ in said] == [0, 0, 0]
    assert all("activation" in out for _, out, _ in said)
    assert len(list(tmp_path.glob("*.png"))) == 3


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--layer", "conv9", "--unit", 0), "conv9"),
        (("--layer", "fc", "--unit", 24), "unit 24 of fc"),
        (("--layer", "fc", "--unit", -1), "unit -1 of fc"),
        ((*UNIT, "--steps", 0), "0 steps"),
        ((*UNIT, "--sign", 2), "sign 2"),
        ((*UNIT, "--run", "abc"), "abc"),
    ],
)
def test_bad_use_is_named_in_one_line(shell, tmp_path, words, named):
    status, _, err = shell("visualise", *words, "--out", tmp_path)
    assert status == 2
    assert named in err
    assert len(err.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_named_as_what_it_is(shell, tmp_path):
    (tmp_path / "file").touch()
    status, _, err = shell("visualise", *UNIT, *FAST, "--out", tmp_path / "file" / "pictures")
    assert status == 1
    assert f"the folder {tmp_path / 'file' / 'pictures'} cannot be written" in err
    assert "PRUNESCOPE_CACHE" not in err
