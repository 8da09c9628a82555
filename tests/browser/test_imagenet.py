"""The network of 2014 on real photographs, through the browser."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from core.store.database import open_store
from core.store.runs import runs_frame
from scripts.serving import settled
from tests.reference import REFERENCE, needs_reference

PATIENT = 240_000  # milliseconds


@pytest.mark.slow
@needs_reference("weights/googlenet_bvlc.safetensors", "imagenet/val", "imagenet/labels.csv")
def test_the_dense_network_is_as_good_as_it_is_known_to_be(app, page, cache):
    settings = {
        "network": "googlenet-bvlc",
        "weights": REFERENCE / "weights" / "googlenet_bvlc.safetensors",
        "source": "folder",
        "folder": REFERENCE / "imagenet" / "val",
        "preprocess": "crop",
        "technique": "unstructured",
        "unstructured_rates": "0.5",
        "images": 128,
    }
    page.goto(f"{app}/?{urlencode(settings)}")
    page.locator(".st-key-run_button button").click(timeout=PATIENT)
    page.wait_for_function("() => document.body.innerText.includes('known this exactly')", timeout=PATIENT)
    settled(page)
    frame = runs_frame(open_store(cache))
    dense, pruned = (row for _, row in frame[frame["network"] == "googlenet-bvlc"].iterrows())
    assert (dense["images"], pruned["images"]) == (128, 128)
    assert dense["top1_low"] < 0.682 < dense["top1_high"]
    assert page.locator("g.scatterlayer g.points path").count() >= 2
