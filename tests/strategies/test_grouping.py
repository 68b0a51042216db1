"""Grouping of tasks: affinities by hand, small cases against all choices in exact fractions, planted blocks."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miscible.errors import PlanError
from miscible.strategies._grouping import (
    EXACT_TASKS,
    Grouping,
    _serving,
    affinity_from_gram,
    affinity_from_pairs,
    best_grouping,
)
from miscible.strategies._grouping_exact import search_all
from miscible.strategies._grouping_greedy import search_greedily
from miscible.strategies._grouping_objective import Objective


@st.composite
def integer_affinities(draw, least: int, most: int) -> np.ndarray:
    """Few values, so that ties abound."""
    n = draw(st.integers(least, most))
    entries = st.lists(st.integers(-3, 3), min_size=n * n, max_size=n * n)
    return np.array(draw(entries), dtype=np.float64).reshape(n, n)


def answer(affinity: np.ndarray, group: tuple[int, ...], task: int) -> Fraction:
    others = [Fraction(affinity[i, task]) for i in group if i != task]
    return sum(others, Fraction(0)) / max(len(others), 1)


def total(affinity: np.ndarray, groups: list[tuple[int, ...]]) -> Fraction | None:
    """Every task with its best group; None if a task has none."""
    best = []
    for task in range(len(affinity)):
        answers = [answer(affinity, group, task) for group in groups if task in group]
        if not answers:
            return None
        best.append(max(answers))
    return sum(best, Fraction(0))


def oracle(affinity: np.ndarray, n_networks: int) -> tuple[Fraction, int, int]:
    """Highest score, then fewest groups, then fewest members of all families of subsets."""
    tasks = range(len(affinity))
    subsets = [s for size in range(1, len(affinity) + 1) for s in combinations(tasks, size)]
    families = [f for k in range(1, n_networks + 1) for f in combinations(subsets, k)]
    ranked = [
        (-score, len(family), sum(map(len, family)))
        for family in families
        if (score := total(affinity, list(family))) is not None
    ]
    worst, n_groups, n_members = min(ranked)
    return -worst, n_groups, n_members


def check(affinity: np.ndarray, n_networks: int, grouping: Grouping) -> None:
    """What holds of every answer."""
    groups, served = grouping.groups, grouping.served
    assert 1 <= len(groups) <= n_networks
    assert list(groups) == sorted(set(groups))
    assert all(list(group) == sorted(set(group)) for group in groups)
    assert len(served) == len(affinity)
    assert set(served) == set(range(len(groups)))
    assert all(task in groups[k] for task, k in enumerate(served))
    told = sum((answer(affinity, groups[k], t) for t, k in enumerate(served)), Fraction(0))
    best = total(affinity, list(groups))
    assert best is not None
    assert grouping.score == pytest.approx(float(told), abs=1e-9)
    assert float(told) == pytest.approx(float(best), abs=1e-9)
    assert {type(x) for group in groups for x in group} == {int}


def check_no_small_change_helps(affinity: np.ndarray, n_networks: int, grouping: Grouping) -> None:
    """Neither one member more or less in a group, nor a new group of one or two where there is room."""
    tasks = range(len(affinity))
    groups = list(grouping.groups)
    changes = [
        [tuple(sorted(set(group) ^ {task})) if g == k else group for k, group in enumerate(groups)]
        for g in range(len(groups))
        for task in tasks
    ]
    if len(groups) < n_networks:
        changes += [[*groups, new] for size in (1, 2) for new in combinations(tasks, size)]
    for changed in changes:
        score = total(affinity, changed)
        assert score is None or float(score) <= grouping.score + 1e-6


def planted(blocks: list[list[int]], rng: np.random.Generator, noise: float) -> np.ndarray:
    n = sum(map(len, blocks))
    affinity = np.full((n, n), -1.0)
    for block in blocks:
        affinity[np.ix_(block, block)] = 1.0
    return affinity + noise * rng.uniform(-1, 1, size=(n, n))


def shuffled_blocks(sizes: tuple[int, ...], rng: np.random.Generator) -> list[list[int]]:
    order = rng.permutation(sum(sizes))
    ends = np.cumsum(sizes)
    return sorted(sorted(order[end - size : end].tolist()) for size, end in zip(sizes, ends, strict=True))


@settings(deadline=None, max_examples=150)
@given(integer_affinities(1, 4), st.integers(1, 5))
def test_small_cases_are_the_best_of_all_choices_and_of_equals_the_leanest(affinity, n_networks):
    grouping = best_grouping(affinity, n_networks)
    check(affinity, n_networks, grouping)
    score, n_groups, n_members = oracle(affinity, n_networks)
    assert grouping.exact
    assert grouping.score == pytest.approx(float(score), abs=1e-9)
    assert (len(grouping.groups), sum(map(len, grouping.groups))) == (n_groups, n_members)


@settings(deadline=None, max_examples=20)
@given(integer_affinities(5, 5), st.integers(1, 2))
def test_five_tasks_in_two_networks_too(affinity, n_networks):
    grouping = best_grouping(affinity, n_networks)
    check(affinity, n_networks, grouping)
    score, n_groups, n_members = oracle(affinity, n_networks)
    assert grouping.score == pytest.approx(float(score), abs=1e-9)
    assert (len(grouping.groups), sum(map(len, grouping.groups))) == (n_groups, n_members)


@settings(deadline=None, max_examples=150)
@given(integer_affinities(1, 9), st.integers(1, 9))
def test_moves_never_beat_the_exact_search_nor_lose_to_one_group_or_to_tasks_alone(affinity, n_networks):
    objective = Objective.of(affinity)
    greedy = search_greedily(objective, n_networks)
    assert 1 <= len(greedy) <= n_networks
    worth = objective.worth(greedy)
    assert worth <= objective.worth(search_all(objective, n_networks)) + 1e-12
    assert worth >= objective.worth(np.ones((1, len(affinity)), dtype=bool)) - 1e-12
    if n_networks >= len(affinity):
        assert worth >= objective.worth(np.eye(len(affinity), dtype=bool)) - 1e-12


@pytest.mark.parametrize("n_networks", [2, 3, 4, 6])
def test_moves_come_close_to_the_exact_search(n_networks):
    lost = []
    for seed in range(20):
        objective = Objective.of(np.random.default_rng(seed).normal(size=(9, 9)))
        best = objective.worth(search_all(objective, n_networks))
        one = objective.worth(np.ones((1, 9), dtype=bool))
        lost.append((best - objective.worth(search_greedily(objective, n_networks))) / (best - one))
    assert np.mean(lost) < 0.03
    assert np.max(lost) < 0.2


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(EXACT_TASKS + 1, 18), st.integers(1, 20))
def test_many_tasks_are_never_worse_than_together_or_alone_and_no_small_change_helps(seed, n, k):
    affinity = np.random.default_rng(seed).normal(size=(n, n)).round(2)
    grouping = best_grouping(affinity, k)
    check(affinity, k, grouping)
    together = total(affinity, [tuple(range(n))])
    assert together is not None
    assert grouping.score >= float(together) - 1e-9
    assert k < n or grouping.score >= 0
    check_no_small_change_helps(affinity, k, grouping)


@pytest.mark.parametrize("seed", [20, 26, 27, 30])
def test_a_network_left_over_by_merging_is_used_if_it_helps(seed):
    affinity = np.random.default_rng(seed).integers(-2, 3, size=(14, 14)).astype(np.float64)
    check_no_small_change_helps(affinity, 9, best_grouping(affinity, 9))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sizes", [(3, 4, 5), (1, 2, 9), (4, 8, 12, 16), (1, 6, 13, 20), (10, 10, 10, 10)])
def test_planted_blocks_are_found(sizes, seed):
    rng = np.random.default_rng(seed)
    blocks = shuffled_blocks(sizes, rng)
    grouping = best_grouping(planted(blocks, rng, noise=0.2), len(blocks))
    assert [list(group) for group in grouping.groups] == blocks


@pytest.mark.parametrize("sizes", [(3, 4, 5), (4, 8, 12, 16)])
def test_networks_to_spare_do_not_split_blocks_of_equal_affinity(sizes):
    rng = np.random.default_rng(7)
    blocks = shuffled_blocks(sizes, rng)
    grouping = best_grouping(planted(blocks, rng, noise=0.0), sum(sizes))
    assert [list(group) for group in grouping.groups] == blocks
    assert grouping.exact
    assert grouping.score == pytest.approx(sum(sizes))


def test_a_task_helps_where_it_is_not_served():
    affinity = np.array([[0.0, 1.0, 1.0], [-0.25, 0.0, -1.0], [-0.25, -1.0, 0.0]])
    assert best_grouping(affinity, 2) == Grouping(((0, 1), (0, 2)), (0, 0, 1), 1.75, exact=True)
    assert best_grouping(affinity, 3) == Grouping(((0,), (0, 1), (0, 2)), (0, 1, 2), 2.0, exact=True)


def test_groups_that_serve_nobody_are_dropped_and_the_smallest_of_equals_serves():
    members = np.array([[1, 1, 1], [0, 1, 1], [0, 1, 1], [1, 1, 0]], dtype=bool)
    groups, served = _serving(Objective.of(np.ones((3, 3))), members)
    assert groups.astype(int).tolist() == [[1, 1, 0], [0, 1, 1]]
    assert served.tolist() == [0, 0, 1]


@pytest.mark.parametrize("n_tasks", [1, 6, 40])
def test_one_network_holds_all(n_tasks):
    affinity = np.random.default_rng(n_tasks).normal(size=(n_tasks, n_tasks))
    grouping = best_grouping(affinity, 1)
    check(affinity, 1, grouping)
    assert grouping.groups == (tuple(range(n_tasks)),)
    assert grouping.exact


@pytest.mark.parametrize("n_tasks", [1, 2, 9, 40])
@pytest.mark.parametrize("spare", [0, 3])
def test_tasks_that_all_hurt_each_other_stay_alone(n_tasks, spare):
    affinity = -np.random.default_rng(n_tasks).uniform(0.1, 1.0, size=(n_tasks, n_tasks))
    grouping = best_grouping(affinity, n_tasks + spare)
    assert grouping == Grouping(
        tuple((task,) for task in range(n_tasks)), tuple(range(n_tasks)), 0.0, exact=True
    )


def test_affinities_that_are_all_zero_need_one_network():
    assert best_grouping(np.zeros((5, 5)), 5).groups == ((0, 1, 2, 3, 4),)


@pytest.mark.parametrize("n_networks", [1, 2, 3, 4, 7])
def test_renaming_tasks_renames_the_answer(n_networks):
    rng = np.random.default_rng(n_networks)
    affinity = rng.normal(size=(7, 7))
    grouping = best_grouping(affinity, n_networks)
    order = rng.permutation(7)
    renamed = best_grouping(affinity[np.ix_(order, order)], n_networks)
    back = [tuple(sorted(int(order[t]) for t in group)) for group in renamed.groups]
    assert sorted(back) == list(grouping.groups)
    assert {int(order[t]): back[k] for t, k in enumerate(renamed.served)} == {
        t: grouping.groups[k] for t, k in enumerate(grouping.served)
    }
    assert renamed.score == pytest.approx(grouping.score)


@pytest.mark.parametrize("n_tasks", [6, 20])
@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1e6, 1e300])
def test_the_unit_of_affinity_and_its_diagonal_do_not_matter(n_tasks, scale):
    affinity = np.random.default_rng(n_tasks).normal(size=(n_tasks, n_tasks))
    plain = best_grouping(affinity, 3)
    scaled = affinity * scale
    np.fill_diagonal(scaled, np.nan)
    grouping = best_grouping(scaled, 3)
    assert (grouping.groups, grouping.served) == (plain.groups, plain.served)
    assert grouping.score == pytest.approx(plain.score * scale, abs=0)


def test_137_tasks_are_grouped_alike_twice():
    affinity = np.random.default_rng(0).normal(size=(137, 137))
    first, second = best_grouping(affinity, 20), best_grouping(affinity.copy(), 20)
    assert first == second
    assert not first.exact
    check(affinity, 20, first)


@pytest.mark.parametrize("shape", [(0, 0), (3,), (2, 3)])
def test_what_is_no_affinity_is_refused(shape):
    with pytest.raises(ValueError, match="one row and one column"):
        best_grouping(np.zeros(shape), 2)


def test_nan_and_no_networks_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        best_grouping(np.array([[0.0, np.nan], [0.0, 0.0]]), 2)
    with pytest.raises(PlanError, match="0 networks"):
        best_grouping(np.zeros((2, 2)), 0)


def test_affinity_of_a_gram_matrix_is_what_a_small_step_does_to_quadratic_losses():
    rng = np.random.default_rng(3)
    centres, start, rate = rng.normal(size=(4, 6)), rng.normal(size=(2, 6)), 1e-6

    def losses(theta: np.ndarray) -> np.ndarray:
        return ((theta - centres) ** 2).sum(axis=1)

    gradients = 2 * (start[:, None] - centres)
    gram = gradients @ gradients.transpose(0, 2, 1)
    stepped = np.array([[losses(s - rate * g) for g in gs] for s, gs in zip(start, gradients, strict=True)])
    before = np.array([losses(s) for s in start])
    expected = (1 - stepped / before[:, None, :]).mean(axis=0)
    assert affinity_from_gram(gram, before, rate) == pytest.approx(expected, rel=1e-3, abs=1e-9)


def test_affinity_of_a_gram_matrix_leaves_out_probes_without_the_task_or_with_a_loss_that_is_not_positive():
    gram = np.array([[[4.0, -2.0], [-2.0, 9.0]], [[np.nan] * 2, [np.nan, 3.0]], [[1.0, 1.0], [1.0, 1.0]]])
    losses = np.array([[2.0, 4.0], [np.nan, 1.0], [-1.0, 0.0]])
    expected = np.array([[0.5 * 2.0, 0.5 * -0.5], [0.5 * -1.0, 0.5 * (2.25 + 3.0) / 2]])
    assert affinity_from_gram(gram, losses, 0.5) == pytest.approx(expected)


def test_affinity_of_a_gram_matrix_is_zero_where_no_probe_says_anything():
    nothing = affinity_from_gram(np.full((2, 2, 2), np.nan), np.ones((2, 2)), 0.1)
    assert nothing.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert (
        affinity_from_gram(np.zeros((0, 3, 3)), np.zeros((0, 3)), 0.1).tolist() == np.zeros((3, 3)).tolist()
    )
    assert affinity_from_gram(np.full((1, 1, 1), 1e300), np.full((1, 1), 1e-300), 0.1).tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("gram", "losses", "rate", "words"),
    [
        ((2, 3, 3), (2, 2), 0.1, "do not match"),
        ((3, 3), (3, 3), 0.1, "do not match"),
        ((2, 3, 3), (2, 3), 0.0, "rate"),
        ((2, 3, 3), (2, 3), np.nan, "rate"),
        ((2, 3, 3), (2, 3), np.inf, "rate"),
    ],
)
def test_gram_matrices_that_fit_nothing_are_refused(gram, losses, rate, words):
    with pytest.raises(ValueError, match=words):
        affinity_from_gram(np.ones(gram), np.ones(losses), rate)


def test_affinity_of_pairs_is_the_share_of_the_error_that_goes():
    alone = np.array([2.0, 4.0])
    together = np.array([[9.0, 3.0], [2.5, 9.0]])
    assert affinity_from_pairs(alone, together).tolist() == [[0.0, 0.25], [-0.25, 0.0]]


def test_affinity_of_pairs_is_zero_where_an_error_is_missing_or_nothing_can_be_gained():
    alone = np.array([0.0, np.nan, 1.0, -1.0, np.inf])
    together = np.full((5, 5), 0.5)
    together[0, 2], together[1, 2] = np.nan, np.inf
    expected = np.zeros((5, 5))
    expected[[3, 4], 2] = 0.5
    assert affinity_from_pairs(alone, together).tolist() == expected.tolist()


def test_pairs_that_fit_nothing_are_refused():
    with pytest.raises(ValueError, match="do not match"):
        affinity_from_pairs(np.ones(2), np.ones((3, 3)))
