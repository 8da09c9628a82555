"""What a page under test shows, to be read by its tests."""

from __future__ import annotations

import json


def words(page):
    """All text of a page, as it reads once Markdown's escapes are gone."""
    elements = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error)
    found = "\n".join(part for one in elements for part in (getattr(one, "title", None), one.value) if part)
    return found.replace("\\", "")


def charts(page):
    """The charts of a page by their keys, as Plotly's own JSON."""
    return {one.proto.id.rpartition("-")[2]: json.loads(one.proto.spec) for one in page.get("plotly_chart")}
