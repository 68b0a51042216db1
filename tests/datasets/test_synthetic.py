"""The simulated table as a ready-made one: specifications, errors, text."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from miscible import datasets
from miscible.datasets import DIALS, Dials, kang_dials, parse_dials, parse_specification
from miscible.datasets._synthetic_text import write_dials
from miscible.errors import InputError
from miscible.table import read_table


def test_a_specification_loads():
    dataset = datasets.load("synthetic:counts=300/30/30,relatedness=0.5,seed=3")
    assert dataset.frame[["property_1", "property_2", "property_3"]].count().tolist() == [300, 30, 30]
    assert dataset.group == "composition"
    assert set(dataset.columns) == set(dataset.frame.columns)
    assert read_table(dataset.frame, dataset.targets, inputs=dataset.inputs).counts.tolist() == [300, 30, 30]
    assert "SIMULATED" in dataset.description
    assert any(
        "SIMULATED" in note and "relatedness=0.5" in note and "seed 3" in note for note in dataset.notes
    )


def test_the_seed_is_world_and_draw():
    frames = [datasets.load(f"synthetic:counts=40/20,seed={seed}").frame for seed in (1, 1, 2)]
    assert frames[0].equals(frames[1])
    assert not frames[0].equals(frames[2])
    world = datasets.make_world(Dials(counts=(40, 20)), 1)
    assert world.draw(1).frame.equals(frames[0])
    assert datasets.load("synthetic").frame.equals(datasets.load("synthetic:seed=0").frame)


def test_parse_every_dial():
    text = (
        "counts=20/10/5, kinds=reg/reg/binary, relatedness=0.25, clusters=2, overlap=1, noise=0, replicates=.5,"
        "form=power/threshold/polynomial, divergence=1e-1, derived=property_2:property_1, missing=0.5, shift=1,"
        "n_elements=8, descriptors=no"
    )
    assert parse_dials(text) == Dials(
        counts=(20, 10, 5),
        kinds=("reg", "reg", "binary"),
        relatedness=0.25,
        clusters=2,
        overlap=1.0,
        noise=0.0,
        replicates=0.5,
        form=("power", "threshold", "polynomial"),
        divergence=0.1,
        derived=((1, 0),),
        missing=0.5,
        shift=1.0,
        n_elements=8,
        descriptors=False,
    )
    assert parse_dials("") == Dials()
    assert list(DIALS) == [field.name for field in fields(Dials)]


def test_kang_is_a_word():
    assert parse_specification("kang,seed=4,noise=0.2") == (replace(kang_dials(), noise=0.2), 4)
    assert parse_dials("kang,counts=70/30").kinds is None


@pytest.mark.parametrize(
    "dials",
    [
        Dials(),
        kang_dials(),
        Dials(counts=(7,), descriptors=False),
        Dials(form=("power", "threshold", "power"), derived=((2, 0), (1, 0)), noise=1 / 3),
    ],
)
def test_written_dials_are_read_back(dials):
    again = parse_dials(write_dials(dials))
    assert replace(again, noise=dials.noise) == dials
    assert again.noise == pytest.approx(dials.noise, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("relatednes=0.5", ("'relatednes'", "'relatedness'")),
        ("colour=3", ("'colour'", "counts", "n_elements")),
        ("relatedness=1.5", ("'relatedness'", "1.5", "from 0 to 1")),
        ("relatedness=high", ("'relatedness'", "'high'", "from 0 to 1")),
        ("relatedness=nan", ("'relatedness'", "nan", "from 0 to 1")),
        ("overlap=-0.1", ("'overlap'", "-0.1")),
        ("noise=inf", ("'noise'", "from 0 to 10")),
        ("replicates=0.95", ("'replicates'", "0.9")),
        ("counts=0/10", ("'counts'", "from 1")),
        ("counts=900000/100001", ("'counts'", "1,000,001", "1,000,000")),
        ("counts=10.5", ("'counts'", "10.5", "whole")),
        ("counts=" + "/".join(["5"] * 41), ("41 properties", "40")),
        ("clusters=4", ("'clusters'", "number of properties")),
        ("kinds=reg/binary", ("'kinds'", "2 entries for 3")),
        ("kinds=reg/reg/binery", ("'binery'", "'binary'")),
        ("form=quadratic", ("'quadratic'", "polynomial, power, threshold")),
        ("form=power/treshold/power", ("'treshold'", "'threshold'")),
        ("form=power/power", ("'form'", "2 entries for 3")),
        ("derived=2", ("'derived'", "property_3:property_1")),
        ("derived=property_9:property_1", ("'derived'",)),
        ("derived=property_1:property_1", ("property_1", "itself")),
        ("derived=property_2:property_1/property_3:property_2", ("property_2", "derived itself")),
        ("derived=property_2:property_1/property_2:property_3", ("property_2", "twice")),
        ("kinds=reg/binary/reg,derived=property_2:property_1", ("property_2", "regressions")),
        ("n_elements=99", ("'n_elements'", "99", "30")),
        ("descriptors=maybe", ("'descriptors'", "yes or no")),
        ("noise=0.1,noise=0.2", ("'noise'", "twice")),
        ("noise", ("'noise'", "no value")),
        ("seed=-1", ("seed", "-1")),
        ("seed=1,seed=2", ("seed", "twice")),
    ],
)
def test_what_is_wrong_is_named(text, words):
    with pytest.raises(InputError) as caught:
        datasets.load(f"synthetic:{text}")
    assert all(word in str(caught.value) for word in ("synthetic", *words))


@pytest.mark.parametrize(
    "wrong",
    [
        {"counts": "20"},
        {"counts": ()},
        {"overlap": True},
        {"descriptors": 1},
        {"derived": (1, 0)},
        {"clusters": 1.0},
    ],
)
def test_python_values_of_the_wrong_type(wrong):
    with pytest.raises(InputError, match=f"'{next(iter(wrong))}'"):
        Dials(**wrong)


def test_numbers_of_numpy_are_numbers():
    dials = Dials(counts=[np.int64(9), 4], noise=np.float32(0.5), kinds=["reg", "regression"])
    assert dials == Dials(counts=(9, 4), noise=0.5, kinds=("reg", "reg"))
    assert hash(dials) == hash(Dials(counts=(9, 4), noise=0.5, kinds=("reg", "reg")))


def test_a_specification_is_no_path(tmp_path: Path):
    name = "synthetic:counts=3000/300,form=power"
    assert datasets.absolute(name) == name
    assert datasets.absolute(name, tmp_path) == name
    with pytest.raises(InputError, match="no folder"):
        datasets.load("synthetic", tmp_path)


def test_the_description_explains_every_dial():
    text = datasets.describe("synthetic")
    for name, (values, meaning) in DIALS.items():
        flat = " ".join(text.split())
        assert f"{name} (" in flat
        assert values in flat
        assert meaning in flat
    assert "seed (0)" in text
    assert "Please cite" not in text
    assert "SIMULATED" in text
    assert "synthetic" in datasets.names()
    assert tuple(datasets.summaries()) == datasets.names()
