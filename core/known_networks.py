"""Every network that is known here: the named ones, those added, and those that runs in the store were made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from core.data.scenes import CLASSES
from core.data.source import SCENES
from core.errors import InvalidSettingError, PrunescopeError
from core.experiment import PREPROCESSES, ExperimentSpec
from core.families import data_in_words
from core.networks.kept import kept_networks
from core.networks.registry import NETWORKS
from core.paths import user_path
from core.pruning.description import NetworkDescription
from core.words import count, listed

RESERVED = (*NETWORKS, "file")  # what the choice of a network offers besides those added


@dataclass(frozen=True)
class KnownNetwork:
    """A network as it can be chosen: under a name of its own, and as an experiment names it."""

    name: str
    network: str  # a key of NETWORKS or a file
    weights: str | None = None  # the file of a named network, where a run names one
    added: bool = False  # whether its file is kept in the cache

    @property
    def file(self) -> Path | None:
        """The file with its weights; None if it is not at hand."""
        entry = NETWORKS.get(self.network)
        if entry is not None and self.weights is None:
            return entry.find()
        with suppress(InvalidSettingError):  # it lies where this user may not look any more
            path = user_path(self.weights or self.network)
            return path if path.is_file() else None
        return None

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        if self.added:
            return "added here"
        if self.network in NETWORKS and self.weights is None:
            return NETWORKS[self.network].title
        return str(self.weights or self.network)

    @property
    def needs(self) -> str:
        """What to do where its file is not at hand."""
        if self.weights is None and self.network in NETWORKS:
            return NETWORKS[self.network].needs
        return f"its file is gone; put it back at {self.weights or self.network}"

    def spec(self, data: str = ExperimentSpec.data, preprocess: str = ExperimentSpec.preprocess) -> ExperimentSpec:
        """Return the experiment that measures it as it is."""
        return ExperimentSpec(self.network, self.weights, data, preprocess)


def added_networks() -> dict[str, Path]:
    """Return the networks whose files are kept here by their names, which tell them apart."""
    files = kept_networks()
    stems = [path.stem for path in files]
    return {_added_name(path, stems.count(path.stem) > 1 or path.stem in RESERVED): path for path in files}


def _added_name(path: Path, ambiguous: bool) -> str:
    return f"{path.stem} ({path.parent.name[-6:]})" if ambiguous else path.stem


def known_networks(runs: pd.DataFrame, added: Mapping[str, Path]) -> tuple[KnownNetwork, ...]:
    """Return every network, the named ones first, then those added, then those that only runs (`runs_frame`) know.

    A named network whose file only runs name stands for the name.
    """
    own = [KnownNetwork(name, str(path), added=True) for name, path in added.items()]
    others = list(_of_runs(runs["spec"], own, {*RESERVED, *added}))
    given = {one.network for one in others if one.weights is not None and one.file is not None}
    named = [one for one in (KnownNetwork(name, name) for name in NETWORKS) if one.network not in given or one.file]
    return (*named, *own, *others)


def _of_runs(specs: Iterable[str], own: Sequence[KnownNetwork], used: set[str]) -> Iterator[KnownNetwork]:
    """Yield the files that experiments name and that are not kept here, under names that are not `used`."""
    known = {*((name, None) for name in NETWORKS), *((one.network, one.weights) for one in own)}
    for network, weights in _pairs(specs):
        if (network, weights) not in known:
            one = KnownNetwork(_free_name(network, weights, used), network, weights)
            used = used | {one.name}
            yield one


def _pairs(specs: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the network and its weights of every experiment, each pair once."""
    yield from dict.fromkeys(_pairs_of(specs))


def _pairs_of(specs: Iterable[str]) -> list[tuple[str, str | None]]:
    said = (json.loads(text) for text in specs)
    return [(one["network"], one.get("weights")) for one in said]


def _free_name(network: str, weights: str | None, used: set[str]) -> str:
    """Return the shortest name for a file that is not taken: its own without folder and suffix, else its whole path."""
    path = weights or network
    short = PurePath(path).stem if weights is None else f"{network}, {PurePath(path).name}"
    return path if short in used else short


def accuracy_table(measured: pd.DataFrame) -> pd.DataFrame:
    """Return `dense_runs` as a table for the eye: on which images, how many, shares in per cent with their bounds."""
    shares = {"top-1 %": "top1", "low": "top1_low", "high": "top1_high", "top-5 %": "top5"}
    table = pd.DataFrame({"on": [data_in_words(data) for data in measured["data"]]})
    for title, column in shares.items():
        table[title] = 100 * measured[column].to_numpy(float) if len(measured) else None
    return table.assign(images=measured["images"].to_numpy() if len(measured) else None)


def most_exact(measured: pd.DataFrame) -> pd.Series | None:
    """Return that of the `dense_runs` that rests on most images, the latest of several; None if there is none."""
    ordered = measured.sort_values(["images", "created_at"]) if len(measured) else measured
    return ordered.iloc[-1] if len(ordered) else None


Description = NetworkDescription | PrunescopeError | None  # or why it cannot be read; None: its file is not at hand


def dense_runs(
    one: KnownNetwork,
    described: Mapping[tuple[str, str | None], Description],
    runs: pd.DataFrame,
    shows: Callable[[ExperimentSpec, str], bool],
) -> pd.DataFrame:
    """Return the runs (`runs_frame` with `series`) that measured a network as it is.

    Other networks may have its weights, and call their classes otherwise: then the same images have other labels. A run
    is its own if it names its file, or a file whose classes are called the same, or if its images with their labels are
    those that the network would be measured on: `shows` says whether a spec has images of that fingerprint. `described`
    has what the files are, by network and weights as a spec names them.
    """
    sha256 = fingerprint_of(one, described.get((one.network, one.weights)), runs)
    alike = runs[(runs["network_sha"] == sha256) & runs["series"].isna()]
    measured = alike.dropna(subset=["top1"]) if "top1" in alike else alike.iloc[:0]
    own = [_is_own(one, described, row, shows) for row in measured.to_dict("records")]
    return measured[pd.Series(own, measured.index, dtype=bool)]


def _is_own(
    one: KnownNetwork,
    described: Mapping[tuple[str, str | None], Description],
    run: Mapping[Hashable, Any],
    shows: Callable[[ExperimentSpec, str], bool],
) -> bool:
    spec, own = ExperimentSpec.from_json(run["spec"]), (one.network, one.weights)
    named = (spec.network, spec.weights)
    if named == own:
        return True
    mine, other = (_classes(described.get(pair), run["network_sha"]) for pair in (own, named))
    return mine is not None and (mine == other or shows(one.spec(spec.data, spec.preprocess), run["data_sha"]))


def _classes(about: Description, sha256: str) -> tuple[str, ...] | None:
    """Return what the classes of a network are called; None if its file is not at hand, or holds another by now."""
    return about.classes if isinstance(about, NetworkDescription) and about.sha256 == sha256 else None


def networks_table(
    known: Sequence[KnownNetwork],
    described: Mapping[str, Description],
    runs: pd.DataFrame,
    measured: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Return every network as a row for the eye; what is not known is None.

    `runs` is `runs_frame` with `series`; `described` and `measured` (`dense_runs`) are by name.
    """
    rows = [_row(one, described.get(one.name), runs, measured[one.name]) for one in known]
    return pd.DataFrame(rows, columns=list(_EMPTY))


_EMPTY = dict.fromkeys(
    (
        "network", "top-1 %", "on", "n", "sparsity %", "looks", "note", "classes", "parameters", "architecture",
        "source", "sha256",
    )
)  # fmt: skip


def _row(one: KnownNetwork, about: Description, runs: pd.DataFrame, own: pd.DataFrame) -> dict[str, object]:
    sha256, best = fingerprint_of(one, about, runs), most_exact(own)
    measured = {} if best is None else {"top-1 %": 100 * best["top1"], "n": int(best["images"])}
    on = {} if best is None else {"on": data_in_words(best["data"])}
    known = {"network": one.name, "source": one.source, "sha256": sha256 or None} | measured | on
    return _EMPTY | known | _of_file(about)


def _of_file(about: Description) -> dict[str, object]:
    if about is None:
        return {"note": "not at hand"}
    if isinstance(about, PrunescopeError):
        return {"note": "cannot be read"}
    return {
        "architecture": about.architecture,
        "parameters": about.parameters,
        "classes": len(about.classes),
        "looks": looks_like(about),
        "sparsity %": 100 * about.sparsity["prunable"],
        "note": count(len(about.warnings), "warning") if about.warnings else None,
    }


def fingerprint_of(one: KnownNetwork, about: Description, runs: pd.DataFrame) -> str:
    """Return the fingerprint of a network; of one whose file is not at hand that of the last run; "" if of none."""
    if about is not None:
        return about.sha256 if isinstance(about, NetworkDescription) else ""
    ordered = runs.sort_values("created_at") if len(runs) else runs
    shas = dict(zip(_pairs_of(ordered["spec"]), ordered["network_sha"], strict=True))
    return str(shas.get((one.network, one.weights), ""))


def looks_like(about: NetworkDescription) -> str:
    """Return what the zeros of a network look like: "structured, clean", "mixed", "not pruned"."""
    if about.technique == "none":
        return "not pruned"
    form = {"published": "filters only", "mixed": "partly clean"}.get(about.form, about.form)
    return ", ".join(filter(None, (about.technique, form)))


def differences(about: NetworkDescription, other: NetworkDescription) -> tuple[str, ...]:
    """Return in which ways a network is another than one of the same weights, in words."""
    told = {
        "is fed otherwise": _feeding(about) != _feeding(other),
        "its classes are called otherwise": about.classes != other.classes,
    }
    said = {
        "it is said how it is fed": about.feeding_said and not other.feeding_said,
        "it is assumed how it is fed": other.feeding_said and not about.feeding_said,
        "its classes are named": other.classes_numbered and not about.classes_numbered,
        "its classes are numbered for want of names": about.classes_numbered and not other.classes_numbered,
    }
    found = tuple(words for words, holds in told.items() if holds)
    return found or tuple(words for words, holds in said.items() if holds)


def _feeding(about: NetworkDescription) -> tuple[object, ...]:
    return about.preset, about.mean, about.std, about.unit, about.transform_input


def how_it_was_read(about: NetworkDescription) -> tuple[str, ...]:
    """Return what was done to a file to read it, in words; nothing of one that is torchvision's own."""
    told = {
        f"the weights lie under {about.wrapper!r}": bool(about.wrapper),
        f"the prefix {about.prefix!r} was taken off every key": bool(about.prefix),
        "its keys are Caffe's, translated": about.layout == "caffe",
        "the first convolution was turned from blue, green, red": about.flipped,
        f"{count(len(about.dropped), 'key')} of auxiliary heads left out": bool(about.dropped),
        f"{count(len(about.masked), 'parameter')} multiplied with the masks beside them": bool(about.masked),
        f"stored as {listed(about.stored_as)}": about.stored_as != ("float32",),
    }
    return tuple(words for words, holds in told.items() if holds)


def images_for(runs: pd.DataFrame, about: NetworkDescription, classes: Mapping[str, int]) -> dict[str, tuple[str, str]]:
    """Return the images that a network can be measured on: words -> data and preprocessing of an experiment.

    The generated scenes where its classes may be theirs; what other networks of as many classes were measured on.
    `classes` is how many the networks of `runs` tell apart, by fingerprint.
    """
    own = [(SCENES, PREPROCESSES[0])] if about.classes == CLASSES or _may_be_scenes(about) else []
    alike = runs[runs["network_sha"].map(dict(classes)) == len(about.classes)]
    said = (ExperimentSpec.from_json(text) for text in alike["spec"])
    used = [(spec.data, spec.preprocess) for spec in said if spec.data != SCENES]
    return {_images_in_words(data, how): (data, how) for data, how in dict.fromkeys([*own, *used])}


def _may_be_scenes(about: NetworkDescription) -> bool:
    return about.classes_numbered and len(about.classes) == len(CLASSES)


def _images_in_words(data: str, preprocess: str) -> str:
    words = data_in_words(data) if data == SCENES else data
    return words if preprocess == PREPROCESSES[0] else f"{words}, {preprocess}"
