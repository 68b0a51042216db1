"""Norms of whole gradients before clipping, epoch by epoch; their values are tested against a plain loop elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from miscible.learning import (
    Fitted,
    Member,
    NetworkShape,
    Population,
    Setting,
    TrainingData,
    TrainOptions,
    train,
)
from miscible.strategies._story import tell_story

SHAPE = NetworkShape(5, (1, 1), trunk=(8,), head=(4,))
ONCE = TrainOptions(batch_size=128, max_epochs=1)


def fit(options: TrainOptions, *members: Member, scale: float = 1.0) -> Fitted:
    """Two folds, one with a third of the other's rows."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2, 90, 5)).astype(np.float32)
    targets = scale * np.stack([inputs[..., 0], inputs[..., 1] * inputs[..., 2]], axis=2)
    targets[:, ::3, 1] = np.nan
    nobody = (np.arange(0), np.arange(0))
    data = TrainingData(inputs, targets, (np.arange(90), np.arange(30)), nobody, ("regression",) * 2)
    return train(Population(SHAPE, members), data, options)


def test_clipping_does_not_change_what_is_recorded():
    member = Member(0, (0, 1), 1)
    free = fit(replace(ONCE, clip_norm=None), member).members[0].norm_curve
    clipped = fit(replace(ONCE, clip_norm=1e-3), member).members[0].norm_curve
    assert free.shape == (1, 2)
    np.testing.assert_array_equal(free, clipped)
    assert free[0, 0] == free[0, 1] > 1e-2, "one step: mean and largest are the same"


def test_members_of_other_lengths_do_not_mix():
    options = TrainOptions(batch_size=8, max_epochs=3)
    members = Member(1, (0,), 3), Member(0, (0, 1), 1), Member(1, (0, 1), 2)
    together = fit(options, *members)
    for k, member in enumerate(members):
        curve = together.members[k].norm_curve
        assert curve.shape == (3, 2)
        assert (curve[:, 0] < curve[:, 1]).all()
        np.testing.assert_allclose(curve, fit(options, member).members[0].norm_curve, rtol=1e-4)


def test_an_exploding_gradient_is_infinite_and_only_where_it_happens():
    options = TrainOptions(batch_size=8, max_epochs=4, clip_norm=None)
    wild, tame = fit(options, Member(0, (0, 1), 1, Setting(1e15)), Member(0, (0, 1), 1)).members
    assert wild.diverged
    assert np.isinf(wild.norm_curve[-1]).all()
    assert np.isfinite(tame.norm_curve).all()


def test_the_story_of_a_network_tells_its_norms():
    member = Member(0, (0, 1), 1)
    one = fit(TrainOptions(batch_size=8, max_epochs=3), member).members[0]
    norms = json.loads(json.dumps(tell_story(member, one)))["norms"]
    np.testing.assert_allclose(norms["mean"], one.norm_curve[:, 0], atol=1e-4)
    np.testing.assert_allclose(norms["largest"], one.norm_curve[:, 1], atol=1e-4)
