"""Training images that cannot be right are refused before anything is asked for."""

from __future__ import annotations

import pytest

from tests.core.data.images import make_tree
from tests.pages.test_tradeoffs import ONE, button, words

QUICK = ONE | {"retraining": "quick"}


@pytest.mark.parametrize("images", ["", "100"])
def test_the_evaluated_images_are_no_training_images(empty_store, visit, images):
    page = visit(**QUICK, training="scenes", **({"training_images": images} if images else {}))
    assert not page.exception
    assert "Scenes is trained on and evaluated on" in words(page)
    assert not any(one.label == "Run" for one in page.button)


def test_images_of_other_classes_and_too_few_are_refused(empty_store, visit, tmp_path):
    other = make_tree(tmp_path / "other")
    page = visit(**QUICK, training=f"folders:{other}")
    assert "3 classes" in words(page)
    page = visit(**QUICK, training_images="5")
    assert "5 training images" in words(page)
    assert not any(one.label == "Run" for one in page.button)
    page = visit(**QUICK)
    assert not button(page, "Run").disabled


def test_where_none_belong_to_the_images_the_field_to_name_them_in_is_told(empty_store, visit, tmp_path):
    folder = make_tree(tmp_path / "images", classes=24, images=1)
    page = visit(**QUICK, source="folder", folder=f"folders:{folder}")
    assert "the field Training images" in words(page)
