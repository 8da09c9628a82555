from __future__ import annotations

import numpy as np
import pytest
import torch

from core.data.preset import Preset
from core.data.source import open_source
from core.errors import BrokenDataError
from core.training.augment import Augmentation
from core.training.loader import Course, Stretch, Views, batches
from tests.core.data.images import make_tree, truncate
from tests.core.training.tiny import Pictures

COURSE = Course(np.arange(10, 31), batch=4, accumulate=2, seed=3)
VIEW = Augmentation(Preset(32, 32), 24, 0.3, flip=True)


def listed(stretch: Stretch) -> list[tuple[int, list[int]]]:
    return [(epoch, places.tolist()) for epoch, places in stretch]


def test_an_epoch_shows_each_image_once_but_for_less_than_a_step():
    assert (COURSE.images, COURSE.steps, COURSE.batches_per_step) == (8, 2, 2)
    for epoch in range(3):
        seen = [place for _, places in listed(Stretch(COURSE, range(epoch, epoch + 1))) for place in places]
        assert len(set(seen)) == len(seen) == 16
        assert set(seen) <= set(range(10, 31))
    assert sorted(COURSE.order(0)) == sorted(COURSE.order(1)) == list(range(10, 31))
    assert not np.array_equal(COURSE.order(0), COURSE.order(1))


def test_fewer_images_than_a_step_takes_are_one_step_of_all():
    course = Course(np.arange(5), batch=4, accumulate=4, seed=0)
    assert (course.images, course.steps, course.batches_per_step) == (5, 1, 2)
    assert [len(places) for _, places in Stretch(course, range(1))] == [3, 2]


def test_a_stretch_that_begins_later_is_the_rest_of_one_that_does_not():
    whole = listed(Stretch(COURSE, range(0, 3)))
    assert listed(Stretch(COURSE, range(1, 3), step=1)) == whole[COURSE.steps * 2 + 2 :]


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_together_see_what_one_alone_sees(ranks):
    alone = listed(Stretch(COURSE, range(2)))
    shares = [listed(Stretch(COURSE, range(2), rank=rank, ranks=ranks)) for rank in range(ranks)]
    for (epoch, places), *parts in zip(alone, *shares, strict=True):
        assert {part[0] for part in parts} == {epoch}
        assert sorted(place for part in parts for place in part[1]) == sorted(places)


def test_a_view_depends_on_seed_epoch_and_place_alone_whoever_prepares_it():
    images = Pictures(31)
    views = Views(images, VIEW, seed=7)
    one, labels = views[2, np.array([4, 9])]
    other, _ = views[2, np.array([9, 11, 4])]
    assert torch.equal(one[0], other[2])
    assert torch.equal(one[1], other[0])
    assert labels.tolist() == images.labels[[4, 9]].tolist()
    assert not torch.equal(one, views[3, np.array([4, 9])][0])
    assert not torch.equal(one, Views(images, VIEW, seed=8)[2, np.array([4, 9])][0])
    stretch = Stretch(COURSE, range(2))
    for (pixels, found), (epoch, places) in zip(batches(views, stretch, torch.device("cpu")), stretch, strict=True):
        expected = views[epoch, places]
        assert torch.equal(pixels, expected[0])
        assert torch.equal(found, expected[1])


def test_loading_leaves_torchs_random_state_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    next(batches(Views(Pictures(31), VIEW, seed=7), Stretch(COURSE, range(1)), torch.device("cpu")))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_broken_image_is_named_as_the_source_names_it(tmp_path):
    source = open_source(str(make_tree(tmp_path, classes=2)))
    truncate(tmp_path / source.ids[3])
    with pytest.raises(BrokenDataError) as expected:
        source.image(3)
    stretch = Stretch(Course(np.arange(8), batch=4, accumulate=1, seed=0), range(1))
    with pytest.raises(BrokenDataError) as raised:
        list(batches(Views(source, VIEW, seed=0), stretch, torch.device("cpu")))
    assert vars(raised.value) == vars(expected.value)
