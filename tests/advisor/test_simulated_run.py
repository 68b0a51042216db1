"""A run on simulated labels says so wherever it is read."""

import json

from miscible.advisor import advise_table, open_table
from miscible.study import make_plan

SOURCE = "dataset:synthetic:counts=60/40,seed=1"


def test_a_simulation_is_never_taken_for_a_measurement(tmp_path):
    plan = make_plan(
        {
            "table": {"source": SOURCE, "targets": ["property_1:reg", "property_2:reg"]},
            "split": {"group": "composition", "folds": 2, "repeats": 1},
            "strategies": ["mean", "ridge"],
            "workers": 1,
        }
    )
    table, citations = open_table(plan.table, plan.split.group)
    advice = advise_table(plan, table, tmp_path / "run", citations=citations)
    assert "A simulation" in (advice.path / "report.html").read_text(encoding="utf-8")
    assert any(
        "SIMULATION" in path.read_text(encoding="utf-8") for path in (advice.path / "bundle").glob("*.md")
    )
    assert "synthetic" in json.loads((advice.path / "manifest.json").read_text(encoding="utf-8"))["source"]
