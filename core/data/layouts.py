"""The layouts that are recognised, each from its own file: a new one is one entry here."""

from __future__ import annotations

from core.data.devkit import DEVKIT
from core.data.flat import flat_layout
from core.data.folder import FOLDERS, WNIDS
from core.data.labels_csv import LABELS_CSV
from core.data.layout import Layout
from core.data.numbered import FROM1, NUMBERS
from core.data.parquet import PARQUET
from core.data.tar import tar_layout
from core.data.val_list import VAL_LIST

TABLES = (LABELS_CSV, VAL_LIST, DEVKIT)
LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (*map(flat_layout, TABLES), WNIDS, NUMBERS, FROM1, FOLDERS, *map(tar_layout, TABLES), PARQUET)
}
