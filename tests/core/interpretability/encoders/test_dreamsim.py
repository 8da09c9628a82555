from __future__ import annotations

import importlib.util
import sys

import pytest
import torch

from core.errors import BrokenDataError, MissingFileError
from core.interpretability.encoders.dreamsim import weights_folder
from core.interpretability.encoders.registry import load_encoder, resolved_encoding
from core.paths import ROOT
from core.units.study import Encoding

DREAMSIM = Encoding("dreamsim")
INSTALLED = importlib.util.find_spec("dreamsim") is not None
ADDRESS = "https://example.org/v0/dreamsim_ensemble_checkpoint.zip"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return how to install a package `dreamsim` that fails as the real one does, after it has moved torch's folder."""

    def install(failure):
        folder = tmp_path / "site" / "dreamsim"
        folder.mkdir(parents=True)
        (folder / "config.py").write_text(f"dreamsim_weights = {{'ensemble': '{ADDRESS}'}}\n")
        (folder / "__init__.py").write_text(
            "def dreamsim(cache_dir, **settings):\n    import torch\n    torch.hub.set_dir(cache_dir)\n"
            f"    print('Downloading')\n    raise {failure}\n"
        )
        monkeypatch.syspath_prepend(folder.parent)

    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)  # what a load sets for the whole process ends with the test
    yield install
    for name in ("dreamsim", "dreamsim.config"):
        sys.modules.pop(name, None)


@pytest.mark.skipif(INSTALLED, reason="dreamsim is installed")
@pytest.mark.parametrize("find", [resolved_encoding, lambda encoding: load_encoder(encoding, None, "cpu")])
def test_without_the_package_it_says_how_to_install_it(find):
    with pytest.raises(MissingFileError, match=r"not installed.*pip install -r requirements-dreamsim.txt"):
        find(DREAMSIM)
    assert "dreamsim==" in (ROOT / "requirements-dreamsim.txt").read_text()


@pytest.mark.skipif(INSTALLED, reason="dreamsim is installed")
def test_weights_that_cannot_be_downloaded_are_named_with_their_place(package, capsys):
    package("__import__('urllib.error').error.URLError('no route')")
    with pytest.raises(MissingFileError, match="no route") as refused:
        load_encoder(DREAMSIM, None, "cpu")
    for named in (ADDRESS, "facebookresearch/dino", "dino_vitbase16_pretrain.pth", str(weights_folder())):
        assert named in str(refused.value)
    assert weights_folder().is_dir()
    assert torch.hub.get_dir() != str(weights_folder())
    assert not capsys.readouterr().out  # what a command prints stays JSON


@pytest.mark.skipif(INSTALLED, reason="dreamsim is installed")
def test_weights_that_are_damaged_are_told(package):
    package("RuntimeError('not a zip archive')")
    with pytest.raises(BrokenDataError, match=r"cannot be read \(not a zip archive\).*delete that folder"):
        load_encoder(DREAMSIM, None, "cpu")
