"""Small trees of images under the names and in the formats in which ImageNet is handed out."""

from __future__ import annotations

import io
import json
import random
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.io import savemat

from core.data.wnids import imagenet_wnids
from tests.core.data.images import noise, save

DEVKIT = "ILSVRC2012_devkit_t12"
TRUTH = "data/ILSVRC2012_validation_ground_truth.txt"
LABELS = [985, 2, 500, 10, 112, 0]  # of images 1 to 6, as networks number classes


def val_name(number):
    return f"ILSVRC2012_val_{number:08d}.JPEG"


def flat_val(folder, count=6):
    """The first validation images under their real names."""
    for number in range(1, count + 1):
        save(folder / val_name(number), seed=number)
    return folder


def ids():
    """ILSVRC2012_ID of each class index: an order of its own, as the real one."""
    numbers = list(range(1, 1001))
    random.Random(5).shuffle(numbers)
    return numbers


@cache
def meta_mat():
    """A meta.mat with the real one's fields: the 1,000 classes by ILSVRC2012_ID, then synsets above them."""
    fields = ("ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children", "wordnet_height")
    rows = sorted((number, wnid, 0) for number, wnid in zip(ids(), imagenet_wnids(), strict=True))
    rows += [(1001, "n00001740", 2), (1002, "n00001930", 1)]
    synsets = np.empty((len(rows), 1), dtype=[(name, object) for name in (*fields, "num_train_images")])
    for place, (number, wnid, children) in enumerate(rows):
        below = np.arange(1, children + 1, dtype=np.float64)
        words = (float(number), wnid, f"word {number}", "a gloss", float(children), below, 0.0, 1300.0)
        synsets[place, 0] = words
    file = io.BytesIO()
    savemat(file, {"synsets": synsets})
    return file.getvalue()


def truth(labels=LABELS, known=10):
    """The ground truth of `known` images: those of `labels`, then others."""
    numbers = [ids()[label] for label in [*labels, *range(known - len(labels))]]
    return "".join(f"{number}\n" for number in numbers).encode()


def devkit(folder, packed=False, **changed):
    """Put the devkit into a folder, with some of its files changed."""
    files = {TRUTH: truth(), "data/meta.mat": meta_mat(), "readme.txt": b"what this is"} | changed
    if packed:
        with tarfile.open(folder / f"{DEVKIT}.tar.gz", "w:gz") as archive:
            for name, data in files.items():
                add(archive, f"{DEVKIT}/{name}", data)
        return folder
    for name, data in files.items():
        file = folder / DEVKIT / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def add(archive, name, data, **about):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in about.items():
        setattr(member, key, value)
    archive.addfile(member, io.BytesIO(data))


def tar_of(folder, file):
    """The images of a folder in an archive, in no sorted order, as the original has them."""
    names = sorted(path.name for path in folder.iterdir())
    with tarfile.open(file, "w") as archive:
        for name in reversed(names):
            archive.add(folder / name, name)
    return file


def png(seed=0):
    file = io.BytesIO()
    noise(seed).save(file, "PNG")
    return file.getvalue()


IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def shard(file, labels, *, names=(), rows=None, group=3, paths=True):
    """A parquet shard as Hugging Face writes them: image {bytes, path}, label, and the class names as metadata."""
    cells = [{"bytes": png(seed), "path": f"{file.stem}_{seed}.png" if paths else None} for seed in range(len(labels))]
    features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    about = {"huggingface": json.dumps({"info": {"features": features}})} if names else {}
    schema = pa.schema([("image", IMAGE), ("label", pa.int64())], metadata=about)
    table = pa.table({"image": pa.array(rows or cells, IMAGE), "label": pa.array(labels, pa.int64())}, schema=schema)
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file, row_group_size=group)
    return file


def xml(file, corners, size=(500, 375), wnid="n01751748"):
    """An annotation as ImageNet's: boxes in pixels of an original of `size`."""
    boxes = "".join(
        f"<object><name>{wnid}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>"
        "</bndbox></object>"
        for x0, y0, x1, y1 in corners
    )
    sides = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"<annotation><folder>val</folder><filename>{file.stem}</filename>{sides}{boxes}</annotation>")


def refused(error, kind, *told):
    """Check that an error says all three parts and names what it is to name."""
    assert isinstance(error, kind)
    assert error.given and error.allowed and error.mend
    for word in told:
        assert word in str(error)
    return True


def here(path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def numbered_names(count):
    """The names of a network's classes that nobody named."""
    return tuple(f"class {place}" for place in range(count))


def tabled(folder, *rows):
    """Images with a labels.csv whose rows end so; returns its folder."""
    for place, _ in enumerate(rows):
        save(folder / f"{place}.png", place)
    lines = [f"{place}.png,{row}\n" for place, row in enumerate(rows)]
    (folder / "labels.csv").write_text("file,class_index,class_name\n" + "".join(lines))
    return str(folder)
