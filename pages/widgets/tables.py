"""Tables that are folded away under a picture, with all their figures to download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st


def folded_table(title: str, table: pd.DataFrame, raw: pd.DataFrame, name: str, formats: Mapping[str, str]) -> None:
    """Draw `table` folded under `title`, its columns in the number `formats` given; `raw` is what is downloaded."""
    with st.expander(title):
        numbers: dict[str, Any] = {column: st.column_config.NumberColumn(format=one) for column, one in formats.items()}
        st.dataframe(table, hide_index=True, column_config=numbers)
        csv = raw.to_csv(index=False)
        st.download_button("Download as CSV", csv, f"prunescope-{name}.csv", "text/csv", on_click="ignore")
