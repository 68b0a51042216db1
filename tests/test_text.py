"""Names that were probably meant."""

from __future__ import annotations

from miscible.text import suggest


def test_suggestions() -> None:
    names = ["PROPERTY: HV", "hardness", "Hardness (HV)", "density", "FORMULA"]
    assert suggest("hardnes", names)[0] == "hardness"
    assert suggest("HARDNESS", names)[:2] == ("hardness", "Hardness (HV)")
    assert suggest("HV", names) == ("PROPERTY: HV", "Hardness (HV)")
    assert suggest("formula", names) == ("FORMULA",)
    assert suggest("zzz", names) == ()
    assert len(suggest("a", [f"a{k}" for k in range(9)], limit=2)) <= 2
