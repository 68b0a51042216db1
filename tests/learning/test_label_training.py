"""Epochs of training with label, class and feature weighting against a plain loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from literal_training import (
    N_OUTPUTS,
    TOLERANCE,
    Cost,
    Recorder,
    Snapshot,
    difference,
    gap,
    literal_training,
    make_data,
    plain_cost,
)
from torch import Tensor

from miscible.learning import Member, NetworkShape, Population, Setting, TrainingData, TrainOptions, train
from miscible.learning.losses import class_weights, fit_histogram, fit_mixture, label_bins, lds_weights
from miscible.learning.training import _slots

SHAPE = NetworkShape(6, N_OUTPUTS, trunk=(12, 10), head=(7,))
DATA = make_data()
OTHER = (
    ("lds.sigma", 4.0),
    ("fds.sigma", 1.0),
    ("bmc.noise", 0.3),
    ("gai.noise", 0.3),
    ("bni.noise", 0.3),
    ("focal.gamma", 0.5),
)
SETTINGS = (Setting(3e-3), Setting(1e-2, 0.3, OTHER))
MEMBERS = (
    Member(0, (0, 1, 2, 3), 1, SETTINGS[0]),
    Member(1, (3, 0), 2, SETTINGS[1]),
    Member(0, (2, 3, 1), 3, SETTINGS[1]),
    Member(1, (2, 1), 4, SETTINGS[0]),
    Member(0, (3, 2, 1, 0), 5, SETTINGS[1]),
)
OPTIONS = TrainOptions(batch_size=16, max_epochs=1, task_weights="sqrt-inverse-count", clip_norm=2.0)
REMEDIES = {
    "lds": {"labels": "lds"},
    "bmc": {"labels": "bmc"},
    "bmc balanced": {"labels": "bmc", "sampling": "balanced"},
    "gai": {"labels": "gai"},
    "bni": {"labels": "bni"},
    "class-weights": {"classes": "class-weights"},
    "focal": {"classes": "focal"},
    "bmc focal": {"labels": "bmc", "classes": "focal", "reduction": "pair-sum"},
    "lds class-weights pcgrad": {"labels": "lds", "classes": "class-weights", "rule": "pcgrad"},
    "gai focal mgda": {"labels": "gai", "classes": "focal", "rule": "mgda"},
}


def value(setting: Setting, name: str) -> float:
    defaults = {"lds.sigma": 2.0, "fds.sigma": 2.0, "focal.gamma": 2.0}
    return dict(setting.options).get(name, defaults.get(name, 0.5))


def factors_of(member: Member, options: TrainOptions) -> Callable[[str, np.ndarray], np.ndarray]:
    """Weights of the labels of one task."""

    def factors(kind: str, labels: np.ndarray) -> np.ndarray:
        if kind == "regression" and options.labels == "lds":
            return lds_weights(labels, sigma=value(member.setting, "lds.sigma"))
        if kind != "regression" and options.classes == "class-weights":
            return class_weights(labels)
        return np.ones(len(labels))

    return factors


def cost_of(member: Member, options: TrainOptions, data: TrainingData) -> Cost:
    """Corrected and focal losses from their definitions, gradients left to autograd."""
    noise = value(member.setting, f"{options.labels}.noise")
    fit = {"gai": fit_mixture, "bni": fit_histogram}.get(options.labels)
    rows = data.train_rows[member.data]
    labels_of = [data.targets[member.data, rows, t] for t in member.tasks]
    labels_of = [own[np.isfinite(own)] for own in labels_of]

    def cost(kind: str, head: int, outputs: Tensor, labels: Tensor) -> Tensor:
        plain = plain_cost(kind, head, outputs, labels)
        predicted = outputs[:, 0]
        if kind != "regression":
            # The plain loss is minus the logarithm of the probability of the pair's own class.
            gamma = value(member.setting, "focal.gamma")
            return plain * (1.0 - torch.exp(-plain)) ** gamma if options.classes == "focal" else plain
        if options.labels == "bmc":
            logits = -(predicted.unsqueeze(1) - labels).square() / (2.0 * noise**2)
            return 2.0 * noise**2 * F.cross_entropy(logits, torch.arange(len(labels)), reduction="none")
        if fit is None:
            return plain
        mixture = fit(labels_of[head])
        density = torch.zeros_like(predicted)
        for centre, variance, weight in zip(*mixture, strict=True):
            spread = math.sqrt(variance + noise**2)
            normal = torch.distributions.Normal(torch.tensor(centre), torch.tensor(spread))
            density = density + weight * normal.log_prob(predicted).exp()
        likelihood = torch.distributions.Normal(predicted, noise).log_prob(labels)
        return 2.0 * noise**2 * (density.log() - likelihood)

    return cost


def run(
    members: tuple[Member, ...], options: TrainOptions, data: TrainingData = DATA
) -> dict[int, list[Snapshot]]:
    recorder = Recorder()
    fitted = train(Population(SHAPE, members), data, options, [recorder])
    assert not any(m.diverged for m in fitted.members)
    return recorder.epochs


@pytest.mark.parametrize("layout", ["runs", "blocks"])
@pytest.mark.parametrize("remedy", REMEDIES)
def test_an_epoch_equals_a_plain_loop(monkeypatch, remedy, layout):
    if layout == "blocks":
        monkeypatch.setattr(_slots, "SEGMENT_HEADS", 0)
    options = replace(OPTIONS, **REMEDIES[remedy])
    plain = replace(OPTIONS, sampling=options.sampling, reduction=options.reduction)
    ours, without = run(MEMBERS, options), run(MEMBERS, plain)
    assert difference(ours[0][0], without[0][0], 4) > 5 * TOLERANCE
    for k, member in enumerate(MEMBERS):
        expected = literal_training(
            SHAPE,
            DATA,
            member,
            options,
            factors=factors_of(member, options),
            cost=cost_of(member, options, DATA),
        )
        assert gap(ours[k][0], expected) < TOLERANCE


@pytest.mark.parametrize(
    ("remedy", "kept"),
    [({"labels": name}, "classes") for name in ("lds", "bmc", "gai", "bni")]
    + [({"features": "fds"}, "classes")]
    + [({"classes": name}, "regression") for name in ("class-weights", "focal")],
)
def test_weighting_of_one_kind_leaves_the_other_alone(remedy, kept):
    """With the shared layers frozen and nothing clipped, tasks have no way to each other."""
    plain = replace(OPTIONS, frozen=True, clip_norm=None, max_epochs=2)
    one, two = (run(MEMBERS[:1], options)[0][-1] for options in (plain, replace(plain, **remedy)))
    for h, kind in enumerate(DATA.kinds):
        same = all(torch.equal(a[h], b[h]) for a, b in zip(one.own, two.own, strict=True))
        assert same == ((kind == "regression") == (kept == "regression"))


@pytest.mark.parametrize(
    "remedy",
    [{"labels": name} for name in ("lds", "bmc", "gai", "bni")]
    + [{"classes": "class-weights", "labels": "lds"}, {"features": "fds"}],
)
def test_only_training_rows_are_looked_at(remedy):
    options = replace(OPTIONS, max_epochs=2, **remedy)
    targets = DATA.targets.copy()
    for d in range(2):
        valid = DATA.valid_rows[d]
        elsewhere = np.setdiff1d(np.arange(targets.shape[1]), np.append(DATA.train_rows[d], valid))
        for t, kind in enumerate(DATA.kinds):
            targets[d, elsewhere, t] = 1e30
            targets[d, valid, t] = 40.0 if kind == "regression" else 0.0
    poisoned = replace(DATA, targets=targets)
    clean, dirty = run(MEMBERS, options), run(MEMBERS, options, poisoned)
    for k in range(len(MEMBERS)):
        for before, after in zip(clean[k], dirty[k], strict=True):
            assert difference(before, after, 4) == 0.0
            assert all(torch.equal(v, after.smoothing[name]) for name, v in before.smoothing.items())


class LiteralSmoothing:
    """Feature distribution smoothing bin by bin, for one member; running statistics after each epoch."""

    def __init__(self, member: Member, data: TrainingData, sigma: float) -> None:
        rows = data.train_rows[member.data]
        self.sigma = sigma
        self.edges: dict[int, np.ndarray] = {}
        self.known: dict[tuple[int, int], tuple[float, Tensor, Tensor]] = {}
        for h, t in enumerate(member.tasks):
            labels = data.targets[member.data, rows, t]
            if data.kinds[t] == "regression":
                self.edges[h] = label_bins(labels[np.isfinite(labels)])

    def cells(self, head: int, labels: Tensor) -> np.ndarray:
        edges = self.edges[head]
        return np.clip(np.floor((labels.numpy() - edges[0]) / (edges[1] - edges[0])), 0, 49).astype(int)

    def learn(self, head: int, features: Tensor, labels: Tensor) -> None:
        """At the end of an epoch."""
        if head not in self.edges:
            return
        cells = self.cells(head, labels)
        for b in np.unique(cells):
            own = features[torch.as_tensor(cells == b)]
            new = float(len(own)), own.mean(dim=0), own.var(dim=0, unbiased=False)
            # What is seen for the first time is taken as it is.
            old = self.known.get((head, b), new)
            count, mean, variance = (0.9 * before + 0.1 * now for before, now in zip(old, new, strict=True))
            self.known[head, b] = float(count), torch.as_tensor(mean), torch.as_tensor(variance)

    def smoothed(self, head: int, cell: int) -> tuple[Tensor, Tensor]:
        """Of the neighbourhood of a bin: every bin, mirrored at both ends, by kernel and count."""
        reach = int(4 * self.sigma + 0.5)
        total, mean, variance = 0.0, torch.zeros(()), torch.zeros(())
        for offset in range(-reach, reach + 1):
            b = cell + offset
            b = -1 - b if b < 0 else 99 - b if b > 49 else b
            if (head, b) in self.known:
                count, m, v = self.known[head, b]
                force = count * math.exp(-0.5 * (offset / self.sigma) ** 2)
                total, mean, variance = total + force, mean + force * m, variance + force * v
        return mean / total, variance / total

    def calibrated(self, head: int, features: Tensor, labels: Tensor) -> Tensor:
        if head not in self.edges or not self.known:
            return features
        result = []
        for x, b in zip(features, self.cells(head, labels).tolist(), strict=True):
            _, own_mean, own_variance = self.known[head, b]
            mean, variance = self.smoothed(head, b)
            spread = own_variance > 0.0
            ratio = torch.where(spread, variance / torch.where(spread, own_variance, 1.0), 1.0)
            result.append((x - own_mean) * ratio.clamp(0.1, 10.0).sqrt() + mean)
        return torch.stack(result)


@pytest.mark.parametrize("layout", ["runs", "blocks"])
def test_features_are_smoothed_with_the_statistics_of_the_epochs_before(monkeypatch, layout):
    if layout == "blocks":
        monkeypatch.setattr(_slots, "SEGMENT_HEADS", 0)
    options = replace(OPTIONS, features="fds", max_epochs=3)
    ours, plain = run(MEMBERS, options), run(MEMBERS, replace(options, features="none"))
    for k, member in enumerate(MEMBERS):
        n_tasks = len(member.tasks)
        assert difference(ours[k][0], plain[k][0], n_tasks) < 1e-6
        has_regression = any(DATA.kinds[t] == "regression" for t in member.tasks)
        assert (difference(ours[k][1], plain[k][1], n_tasks) > 5 * TOLERANCE) == has_regression
    for k in (0, 1):
        for epochs in (2, 3) if k else (2,):
            smoothing = LiteralSmoothing(MEMBERS[k], DATA, value(MEMBERS[k].setting, "fds.sigma"))
            expected = literal_training(
                SHAPE, DATA, MEMBERS[k], replace(options, max_epochs=epochs), smoothing=smoothing
            )
            snapshot = ours[k][epochs - 1]
            assert gap(snapshot, expected) < 2 * TOLERANCE
            for (head, b), (count, mean, _) in smoothing.known.items():
                assert snapshot.smoothing["count"][head, b] == pytest.approx(count)
                np.testing.assert_allclose(snapshot.smoothing["mean"][head, b], mean, atol=2e-3)


def test_statistics_are_of_the_training_pairs_of_regression_tasks():
    recorder = run(MEMBERS, replace(OPTIONS, features="fds", max_epochs=2))
    for k, member in enumerate(MEMBERS):
        rows = DATA.train_rows[member.data]
        counted = recorder[k][-1].smoothing["count"].sum(dim=1)
        for h, t in enumerate(member.tasks):
            n_labels = np.isfinite(DATA.targets[member.data, rows, t]).sum()
            assert float(counted[h]) == pytest.approx(n_labels if DATA.kinds[t] == "regression" else 0)
        assert float(counted[len(member.tasks) :].abs().sum()) == 0.0


def test_predictions_are_never_calibrated():
    options = replace(OPTIONS, features="fds", max_epochs=4)
    recorder = Recorder()
    fitted = train(Population(SHAPE, MEMBERS), DATA, options, [recorder])
    for k, member in enumerate(MEMBERS):
        predicted = fitted.predict(k, DATA.inputs[member.data])
        own = [SHAPE.output_slices[t] for t in member.tasks]
        assert all(np.isfinite(predicted[:, columns]).all() for columns in own)
        state = fitted.member_state(k)
        x = DATA.inputs[member.data].astype(float)
        for i in range(2):
            x = np.maximum(x @ state[f"trunk.{i}.weight"][0] + state[f"trunk.{i}.bias"][0], 0.0)
        for h, t in enumerate(member.tasks):
            if DATA.kinds[t] != "regression":
                continue
            z = np.maximum(x @ state["head.0.weight"][0, h] + state["head.0.bias"][0, h], 0.0)
            z = z @ state["head.1.weight"][0, h] + state["head.1.bias"][0, h]
            np.testing.assert_allclose(predicted[:, SHAPE.output_slices[t]], z[:, :1], atol=1e-5)
