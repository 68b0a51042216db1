"""Networks trained to be looked at."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from network_folds import make_folds

from miscible.strategies import Tuning, parse_strategy, probe_networks

TUNING = Tuning(rates=(1e-3, 4e-3), decays=(1e-2,), finalists=1, halving=(1,), epochs=4, steps=4)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_every_fold_has_its_copies_with_gradients_by_layer():
    networks = probe_networks(parse_strategy("shared+w32"), make_folds(), (0, 1, 2), TUNING, seed=1, copies=2)
    assert [(n.fold, n.copy) for n in networks] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for network in networks:
        assert network.influence is None and network.probes is not None
        assert network.fit.epochs == 4, "nobody is raced out"
        assert network.probes.gram.shape == (4, 3, 3)
        assert list(network.probes.parts) == ["trunk", "trunk 1", "trunk 2"]
    first, second = (n.probes.gram for n in networks[:2] if n.probes is not None)
    assert not np.allclose(first, second)


def test_influence_is_of_relation_graphs_and_the_same_start_meets_the_same_batches():
    folds = make_folds()
    shuffled = [replace(f, targets=np.where(np.arange(3) == 2, f.targets[::-1], f.targets)) for f in folds]

    def look(of):
        return probe_networks(parse_strategy("relation+w32"), of, (0, 1, 2), TUNING, seed=1, gradients=False)

    once, again, other = look(folds), look(folds), look(shuffled)
    for a, b, c in zip(once, again, other, strict=True):
        assert (
            a.probes is None
            and a.influence is not None
            and b.influence is not None
            and c.influence is not None
        )
        np.testing.assert_array_equal(a.influence, b.influence)
        assert np.abs(a.influence - c.influence).max() > 0.0
        assert (np.diagonal(a.influence) == 0.0).all()


def test_a_fold_without_labels_has_no_network():
    folds = make_folds()
    folds[0] = replace(folds[0], targets=np.full_like(folds[0].targets, np.nan))
    networks = probe_networks(parse_strategy("shared+w32"), folds, (0, 1), TUNING, seed=1)
    assert [n.fold for n in networks] == [1]
    folds[1] = folds[0]
    assert probe_networks(parse_strategy("shared+w32"), folds, (0, 1), TUNING, seed=1) == []
