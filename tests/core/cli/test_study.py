from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.reference import REFERENCE, needs_reference

UNITS = pd.DataFrame(
    {
        "network": ["a", "a", "a", "b"],
        "layer_kind": ["conv", "conv", "bn", "fc"],
        "mis_confidence": [0.6, 1.0, 0.1, 1.0],
        "mis": [0.7, 1.0, 0.0, 1.0],
        "pruned": False,
        "saturated": [False, True, False, True],
    }
)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_both_rules_stand_beside_one_another(shell, tmp_path, kind):
    file = tmp_path / f"units.{kind}"
    UNITS.to_csv(file, index=False) if kind == "csv" else UNITS.to_parquet(file)
    status, out, _ = shell("study", "--table", file, "--json")
    one, other = map(json.loads, out.splitlines())
    assert status == 0
    assert one == pytest.approx(
        {"network": "a", "units": 2, "mis": 0.8, "hard": 0.85, "units_live": 1, "mis_live": 0.6, "hard_live": 0.7}
    )
    assert (other["units"], other["units_live"], other["mis_live"]) == (1, 0, None)
    assert (
        "published rule: hard 85.0 %, MIS 0.8000  live: hard 70.0 %, MIS 0.6000" in shell("study", "--table", file)[1]
    )


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (UNITS.drop(columns="saturated"), "has no column saturated"),
        (UNITS.assign(mis="high"), "other values than it should in mis"),
        (UNITS.assign(pruned=0.5), "other values than it should in pruned"),
        (pd.DataFrame(), "cannot be read"),
    ],
)
def test_another_table_is_refused_by_what_is_wrong(shell, tmp_path, table, named):
    table.to_csv(tmp_path / "units.csv", index=False)
    status, out, err = shell("study", "--table", tmp_path / "units.csv")
    assert (status, out) == (1, "")
    assert named in err


@pytest.mark.parametrize("name", ["units.csv", "units.parquet"])
def test_a_file_that_is_no_table_or_not_there_is_refused(shell, tmp_path, name):
    assert f"there is no file {tmp_path / name}" in shell("study", "--table", tmp_path / name)[2]
    (tmp_path / name).write_bytes(bytes(range(256)))
    status, _, err = shell("study", "--table", tmp_path / name)
    assert status == 1
    assert "cannot be read" in err


@needs_reference("reference/mis_units.parquet")
def test_the_published_networks_come_out(shell):
    status, out, _ = shell("study", "--table", REFERENCE / "reference/mis_units.parquet", "--json")
    rows = {row["network"]: row for row in map(json.loads, out.splitlines())}
    assert status == 0
    assert rows["local_structured_Adam_50ep_0.2"]["mis_live"] == pytest.approx(0.6772, abs=5e-5)
