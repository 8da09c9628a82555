"""The packs on the disk: what they take, and how they are deleted."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from typing import Annotated, Any

import typer

from core.cli.options import Json
from core.cli.output import show
from core.data.packs import KeptPack, kept_packs
from core.errors import InvalidSettingError
from core.jobs.packs import delete_unused_pack
from core.store.database import Store, open_store
from core.words import moment, size


def packs(
    delete: Annotated[list[str] | None, typer.Option(help="delete the pack of this id; may be given again")] = None,
    as_json: Json = False,
) -> None:
    """List the packed images of this cache, the last used first, or delete some: their sources stay as they are."""
    store = open_store()
    for one in [_named(store, identity) for identity in dict.fromkeys(delete or [])]:
        delete_unused_pack(store, one)
    found = kept_packs(store.folder)
    for one in found:
        show(_described(one), as_json, _line(one))
    if not as_json:
        free = shutil.disk_usage(store.folder).free
        typer.echo(f"{size(sum(one.bytes for one in found))} in all, {size(free)} free in {store.folder}")


def _named(store: Store, identity: str) -> KeptPack:
    """Return the pack whose id begins so."""
    found = [one for one in kept_packs(store.folder) if one.id.startswith(identity)]
    exact = [one for one in found if one.id == identity]
    if len(exact or found) != 1 or not identity:
        raise InvalidSettingError(
            f"--delete {identity!r} means {len(found) or 'no'} packs",
            "the beginning of one pack's id",
            "list them with `python -m core packs`",
        )
    return (exact or found)[0]


def _described(one: KeptPack) -> dict[str, Any]:
    return {"id": one.id, **asdict(one), "folder": str(one.folder)}


def _line(one: KeptPack) -> str:
    images = f"{one.images:,} of {one.of:,}" if one.images != one.of else f"{one.images:,}"
    return (
        f"{one.id}  {one.state:9} {size(one.bytes):>8}  {moment(one.used)}  {images} images, {one.preset}  {one.title}"
    )
