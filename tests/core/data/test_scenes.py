from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from core.data.scenes import CLASSES, SIZE, ScenesSource, scene
from core.data.scenes.compose import EASY, HARD, Difficulty, box_of, label_of
from core.data.scenes.drawing import draw_scenes
from core.data.scenes.geometry import TURN, UNIT, Pose, cosine, sine
from core.data.scenes.noise import noise
from core.data.scenes.raster import coverage
from core.data.scenes.shapes import SHAPES
from core.data.scenes.surfaces import SURFACES
from core.errors import InvalidSettingError
from core.paths import ROOT

PINNED = {
    (1, 0, 128, EASY): "4e94f2391903bfbd6e18e4d898fe925209afe9b51198c3ffb30dc9166aee3190",
    (2, 0, 128, EASY): "6002c6afe609efaf2afd543f0bc46c7bc6a78cc9474fd7657a8ff2fa73968377",
    (2, 0, 128, HARD): "91edb2813c1bf995f95a849a3e55f2820cc59d5a0c3e6173bd741d7b5bbd9c31",
    (2, 7, 128, HARD): "597d24330be3d65edc939ef4bfcba5426d9be91d231a0601f0d68a60462e2063",
    (2, 3, 96, HARD): "1c983f9c88787509252ee1d7c594a8f8406d4a876394241d0ae48248c3c69677",
}
SOME = range(0, 60)


def digest(seed: int, index: int, size: int = SIZE, difficulty: Difficulty = HARD) -> str:
    drawn = scene(seed, index, size, difficulty)
    return hashlib.sha256(drawn.image.tobytes() + drawn.mask.tobytes()).hexdigest()


@pytest.mark.parametrize("place", PINNED, ids=str)
def test_a_scene_has_the_same_bytes_on_every_machine(place):
    assert digest(*place) == PINNED[place]


def test_another_process_draws_the_same_bytes():
    code = "from core.data.scenes import scene; import hashlib; s = scene(2, 11)"
    tail = "print(hashlib.sha256(s.image.tobytes() + s.mask.tobytes()).hexdigest())"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {tail}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest(2, 11)


def test_a_scene_does_not_depend_on_those_drawn_before():
    first = digest(2, 5)
    scene(2, 6)
    assert digest(2, 5) == first


def test_there_are_all_combinations_of_shape_and_surface():
    assert len(CLASSES) == len(set(CLASSES)) == len(SHAPES) * len(SURFACES) >= 16


def test_mask_and_box_agree():
    for index in SOME:
        drawn = scene(2, index)
        x0, y0, x1, y1 = drawn.box
        assert drawn.mask.shape == drawn.image.shape[:2] == (SIZE, SIZE)
        inside = drawn.mask[y0:y1, x0:x1]
        assert inside.sum() == drawn.mask.sum() > 0
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


@pytest.mark.parametrize("difficulty", [EASY, HARD], ids=["easy", "hard"])
def test_the_target_is_well_visible(difficulty):
    """No target is smaller than one of the least size, of which the least share is visible; none leaves the picture."""
    radius = UNIT * difficulty.radius[0] // 100
    areas = [
        (coverage(outline, Pose(UNIT // 2, UNIT // 2, radius, 0), SIZE) >= 128).sum() for outline in SHAPES.values()
    ]
    for index in SOME:
        drawn = scene(2, index, difficulty=difficulty)
        assert drawn.mask.sum() >= 0.95 * difficulty.least_visible * areas[drawn.label // len(SURFACES)]
        assert not drawn.mask[[0, -1]].any() and not drawn.mask[:, [0, -1]].any()


def test_validation_scenes_are_harder_than_those_one_trains_on():
    easy, hard = ([scene(2, index, 64, one).mask.sum() for index in SOME] for one in (EASY, HARD))
    assert np.mean(hard) < 0.85 * np.mean(easy)


def test_every_class_is_as_frequent_as_every_other():
    labels = ScenesSource("training", 10 * len(CLASSES)).labels
    assert np.array_equal(np.bincount(labels), np.full(len(CLASSES), 10))
    assert labels.dtype == np.int64


def test_labels_are_those_of_the_scenes_and_in_no_fixed_order():
    source = ScenesSource(count=2 * len(CLASSES))
    assert [scene(source.seed, index).label for index in range(6)] == list(source.labels[:6])
    assert not np.array_equal(source.labels[: len(CLASSES)], source.labels[len(CLASSES) :])
    assert label_of(source.seed, 3) == source.labels[3]


def test_training_and_validation_share_no_scene():
    training, validation = ScenesSource("training", 50), ScenesSource("validation", 50)
    assert training.seed != validation.seed
    pictures = {source.image(index).tobytes() for source in (training, validation) for index in range(50)}
    assert len(pictures) == 100


def test_a_source_gives_the_scenes():
    source = ScenesSource(count=5)
    drawn = scene(source.seed, 3)
    assert (len(source), source.ids[3], source.classes) == (5, "scene-000003", CLASSES)
    assert source.image(3).size == (SIZE, SIZE)
    assert np.array_equal(np.asarray(source.image(3)), drawn.image)
    assert np.array_equal(source.mask(3), drawn.mask)
    assert source.box(3) == drawn.box == box_of(drawn.mask)


def test_identity_tells_sources_apart():
    sources = [ScenesSource("training", 9), ScenesSource("validation", 9), ScenesSource("validation", 10)]
    assert len({source.identity() for source in sources}) == 3
    assert ScenesSource("training", 9).identity() == sources[0].identity()


def test_bad_use_is_refused():
    with pytest.raises(InvalidSettingError, match="training or validation"):
        ScenesSource("test")
    with pytest.raises(InvalidSettingError, match="0 scenes"):
        ScenesSource(count=0)
    with pytest.raises(IndexError):
        ScenesSource(count=5).image(5)


def test_drawn_scenes_are_the_scenes_and_are_drawn_once(tmp_path):
    source = ScenesSource("training", 7)
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        drawn = draw_scenes(source, tmp_path, lambda done, total, what: seen.append((done, total)))
    assert seen == [(7, 7)]
    assert np.array_equal(drawn.pixels[6], source.scene(6).image)
    assert tuple(drawn.boxes[6]) == source.box(6)
    assert np.array_equal(drawn.labels, source.labels)


def test_a_full_turn_changes_nothing_and_a_turn_keeps_lengths():
    for angle in range(0, TURN, 7):
        assert (cosine(angle), sine(angle)) == (cosine(angle + TURN), sine(angle - TURN))
        assert cosine(angle) ** 2 + sine(angle) ** 2 == pytest.approx(UNIT**2, rel=1e-3)


def test_coverage_counts_area():
    """A square of half the width covers a quarter of the picture; its hole of half its width, a quarter of that."""
    square = ((-UNIT, -UNIT), (UNIT, -UNIT), (UNIT, UNIT), (-UNIT, UNIT))
    hole = tuple((x // 2, y // 2) for x, y in square)
    pose = Pose(UNIT // 2, UNIT // 2, UNIT // 4, 0)
    assert coverage((square,), pose, 64).sum() / 255 == 64 * 64 / 4
    assert coverage((square, hole), pose, 64).sum() / 255 == 64 * 64 / 4 * 3 / 4


def test_what_lies_outside_covers_nothing():
    square = ((-UNIT, -UNIT), (UNIT, -UNIT), (UNIT, UNIT), (-UNIT, UNIT))
    assert not coverage((square,), Pose(-UNIT, -UNIT, UNIT // 4, 0), 64).any()


def test_noise_is_smooth_and_bounded():
    field = noise(np.random.default_rng(0), 128, 4, 4)
    assert field.dtype == np.float32
    assert np.abs(field).max() <= 1
    assert np.abs(np.diff(field, axis=0)).max() < 0.1
