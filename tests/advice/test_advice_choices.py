"""Choices are counted in the folds that are compared."""

import numpy as np

from miscible.advice import Arm


def test_choices_count_only_in_the_folds_asked_for() -> None:
    chosen = np.array([["a", "b", "a"], ["a", "", "b"]], dtype=object)
    arm = Arm("best", chosen, np.zeros((2, 3)), np.zeros((2, 1, 1)), np.zeros((2, 3)))
    folds = np.array([[True, True, False], [True, False, False]])
    assert [arm.count(name, folds) for name in "ab"] == [2, 1]
    assert [arm.count(name, np.array(True)) for name in "ab"] == [3, 2]
