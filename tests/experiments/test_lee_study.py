import numpy as np
import pandas as pd
import pytest
from small_molecules import TARGETS, small_molecules

from miscible.advisor import open_table
from miscible.errors import PlanError
from miscible.experiments import LEE_ARMS, LEE_TUNING, _lee_study, lee_studies
from miscible.experiments._lee_claims import CONTRASTS, DEPLOYED
from miscible.experiments._lee_study import QUICK_TUNING, few_molecules
from miscible.strategies import parse_strategies, parse_strategy


@pytest.fixture(autouse=True)
def dataset(monkeypatch):
    found = small_molecules()
    monkeypatch.setattr(_lee_study, "load_dataset", lambda name: found)
    return found


def test_both_splits_see_the_same_arms_settings_and_properties(tmp_path):
    random, scaffold = (study.plan for study in lee_studies(tmp_path, seed=3, repeats=2))
    assert (random.split.group, scaffold.split.group) == ("none", "scaffold")
    assert random.model_copy(update={"split": scaffold.split}) == scaffold
    assert (random.split.folds, random.split.repeats, random.seed) == (5, 2, 3)
    assert random.table.source == "dataset:molecules"
    assert random.table.inputs == ("smiles:descriptors",)
    assert random.table.targets == tuple(f"{target}:metric=rmse" for target in TARGETS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("tuning", [LEE_TUNING, QUICK_TUNING])
def test_every_network_arm_tries_and_keeps_the_same_number(tuning):
    networks = [s for s in parse_strategies(LEE_ARMS) if s.is_network]
    assert {len(tuning.settings(s.remedies)) for s in networks} == {len(tuning.rates) * len(tuning.decays)}
    assert tuning.finalists <= len(tuning.settings(()))
    assert not tuning.halving


def test_contrasts_speak_of_arms_that_can_be_run():
    for contrast in CONTRASTS:
        for name in (contrast.arm, contrast.against):
            assert name in (*LEE_ARMS, DEPLOYED) or parse_strategy(name)
        if name == "warm":
            assert contrast.claim is None


def test_one_split_can_be_had_and_another_one_is_refused(tmp_path):
    (study,) = lee_studies(tmp_path, split="scaffold")
    assert study.name == "scaffold"
    with pytest.raises(PlanError, match=r"'scafold'.*'scaffold'"):
        lee_studies(tmp_path, split="scafold")


def test_a_quick_study_writes_its_molecules_and_its_plan_reads_them(tmp_path, monkeypatch):
    monkeypatch.setattr(_lee_study, "_QUICK_MOLECULES", 60)
    monkeypatch.setattr(_lee_study, "_QUICK_PROPERTIES", 3)
    (random,) = lee_studies(tmp_path, quick=True, seed=5)
    assert random.name == "random"
    table, _ = open_table(random.plan.table)
    assert (table.n_rows, table.n_tasks) == (60, 3)
    assert all(prop.metric == "rmse" for prop in table.properties)
    assert (table.counts > 0).all()
    written = (tmp_path / "molecules-seed5.csv").read_bytes()
    lee_studies(tmp_path, quick=True, seed=5)
    assert (tmp_path / "molecules-seed5.csv").read_bytes() == written
    lee_studies(tmp_path, quick=True, seed=6)
    assert (tmp_path / "molecules-seed6.csv").read_bytes() != written


def test_few_molecules_keep_values_order_and_the_scarce(dataset, monkeypatch):
    monkeypatch.setattr(_lee_study, "_QUICK_MOLECULES", 60)
    monkeypatch.setattr(_lee_study, "_QUICK_PROPERTIES", 2)
    shares = []
    for seed in range(20):
        frame, targets = few_molecules(dataset, seed)
        names = [target.partition(":")[0] for target in targets]
        assert list(frame.columns) == ["smiles", *names]
        assert list(targets) == [t for t in TARGETS if t in targets]
        pd.testing.assert_frame_equal(frame, dataset.frame.loc[frame.index, frame.columns])
        assert frame.index.is_monotonic_increasing and frame.index.is_unique
        assert frame[names].notna().any(axis=1).all()
        if "rare" in names:
            shares.append(frame["rare"].count() / dataset.frame["rare"].count())
    assert 3 < len(shares) < 20
    assert np.mean(shares) > 60 / 144 + 0.1


def test_all_molecules_are_kept_where_there_are_few(dataset):
    frame, targets = few_molecules(dataset, 0)
    assert targets == TARGETS
    known = dataset.frame[[t.partition(":")[0] for t in TARGETS]].notna().any(axis=1)
    assert len(frame) == known.sum()
