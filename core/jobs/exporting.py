"""From a spec to what is exported of it."""

from __future__ import annotations

from core.experiment import ExperimentSpec
from core.export.exportable import Exportable
from core.export.images import first_images
from core.jobs.pruned import pruned_network
from core.jobs.subject import find_subject
from core.progress import Progress, silent
from core.store.database import Store
from core.store.runs import find_result

IMAGES = 16  # to check what is written with
KINDS = ("accuracy", "sparsity", "size", "speed", "training")


def exportable(store: Store, spec: ExperimentSpec, progress: Progress = silent, images: int = IMAGES) -> Exportable:
    """Return the network of a spec with all that the store knows of its run, and so many images to check it with.

    What it is retrained on, if it is, has to be looked up before.
    Raises the errors of `find_subject` and `pruned_network`.
    """
    subject = find_subject(spec, store.folder, progress)
    sha = subject.pack(progress).fingerprint if spec.retraining else subject.fingerprint()
    run_id = None if sha is None else spec.run_id(subject.network.sha256, sha)
    pruned = pruned_network(subject.network, spec, run_id or "", store.folder)
    found = {kind: find_result(store, run_id, kind) for kind in KINDS} if run_id else {}
    return Exportable(
        network=subject.network,
        preset=subject.preset,
        spec=spec,
        run_id=run_id,
        data_sha=sha,
        module=pruned.module,
        masks=pruned.masks,
        figures={kind: result for kind, result in found.items() if result},
        images=first_images(subject.source, subject.preset, images),
    )
