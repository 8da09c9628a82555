"""Maps as files: PNG, NPZ with all that is needed to make the map again, ZIP of many."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping

import numpy as np
from PIL import Image

from core.figures.maps import Map, Picture


def png(picture: Picture) -> bytes:
    """Return a picture (h, w, 3) as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return file.getvalue()


def npz(values: Map, picture: Picture, target: int, about: Mapping[str, object]) -> bytes:
    """Return an NPZ file with `map` (h, w), `picture` (h, w, 3), the class index `target`, and `about` as JSON."""
    file = io.BytesIO()
    np.savez_compressed(file, map=values, picture=picture, target=target, about=json.dumps(about, sort_keys=True))
    return file.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP file of files by name; equal files give equal bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as into:
        for name, content in files.items():
            into.writestr(zipfile.ZipInfo(name), content)
    return archive.getvalue()


def file_name(*parts: str) -> str:
    """Return a name made of parts that every file system takes: "scene-000114_gradcam_structured-0.15"."""
    return "_".join(re.sub(r"[^A-Za-z0-9.-]+", "-", part).strip("-.") or "x" for part in parts)
