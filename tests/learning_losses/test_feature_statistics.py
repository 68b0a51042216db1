"""Feature statistics against NumPy over all samples at once; recolouring by hand; nothing written in place."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from miscible.learning.losses import FeatureStatistics, recolour

DOUBLE = torch.float64
K, H, B, W = 2, 3, 5, 4


def some_samples(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    features = 3 * torch.randn(n, W, generator=generator, dtype=DOUBLE) + 10
    cell = torch.randint(K * H * B, (n,), generator=generator)
    return features, cell, torch.rand(n, generator=generator, dtype=DOUBLE) + 0.1


def nothing(dtype: torch.dtype = DOUBLE) -> FeatureStatistics:
    return FeatureStatistics.nothing(K, H, B, W, dtype=dtype)


def parts(statistics: FeatureStatistics) -> list[Tensor]:
    return [getattr(statistics, field.name) for field in dataclasses.fields(statistics)]


def one_head(count: list[float], mean: list[float], variance: list[float]) -> FeatureStatistics:
    def shaped(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=DOUBLE).view(1, 1, -1)

    return FeatureStatistics(shaped(count), shaped(mean).unsqueeze(-1), shaped(variance).unsqueeze(-1))


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(0, 10**6), st.integers(1, 7), st.booleans())
def test_batches_add_up_to_the_moments_of_everything(n, seed, size, weighted):
    features, cell, weight = some_samples(n, seed)
    statistics = nothing()
    for batch in torch.arange(n).split(size):
        statistics = statistics.updated(features[batch], cell[batch], weight[batch] if weighted else None)
    weight = weight if weighted else torch.ones(n, dtype=DOUBLE)
    for index in range(K * H * B):
        own = (cell == index).numpy()
        count, mean, variance = (part.reshape(K * H * B, -1)[index].numpy() for part in parts(statistics))
        if not own.any():
            assert not count.any() and not mean.any() and not variance.any()
            continue
        x, w = features.numpy()[own], weight.numpy()[own]
        average = np.average(x, axis=0, weights=w)
        np.testing.assert_allclose(count, w.sum(), rtol=1e-12)
        np.testing.assert_allclose(mean, average, rtol=1e-12)
        np.testing.assert_allclose(
            variance, np.average((x - average) ** 2, axis=0, weights=w), rtol=1e-9, atol=1e-12
        )


def test_cells_count_members_then_heads_then_bins():
    features = torch.ones(1, W, dtype=DOUBLE)
    statistics = nothing().updated(features, torch.tensor([1 * H * B + 2 * B + 3]))
    assert statistics.count.nonzero().tolist() == [[1, 2, 3]]


def test_weight_zero_leaves_a_sample_out():
    features, cell, _ = some_samples(20, 0)
    keep = torch.arange(20) % 3 > 0
    whole = nothing().updated(features, cell, keep.to(DOUBLE))
    for ours, expected in zip(
        parts(whole), parts(nothing().updated(features[keep], cell[keep])), strict=True
    ):
        torch.testing.assert_close(ours, expected)


def test_nothing_is_written_in_place_or_shared():
    features, cell, _ = some_samples(40, 1)
    old = nothing().updated(features, cell)
    newer = nothing().updated(*some_samples(3, 2)[:2])
    before = [part.clone() for part in parts(old) + parts(newer)]
    made = [
        old.updated(*some_samples(40, 3)[:2]),
        old.updated(features[:0], cell[:0]),
        old.blended(newer),
        old.blended(newer, momentum=1.0),
        nothing().blended(old),
    ]
    tensors = [part for statistics in made for part in parts(statistics)]
    tensors += [*old.smoothed(1.0), *old.smoothed(0.0), *recolour(old, sigma=1.0)]
    own = {part.untyped_storage().data_ptr() for part in parts(old) + parts(newer)}
    assert not own & {part.untyped_storage().data_ptr() for part in tensors}
    for part in tensors:
        part.fill_(-7.0)
    for part, expected in zip(parts(old) + parts(newer), before, strict=True):
        assert torch.equal(part, expected)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(old, "mean", before[0])  # noqa: B010


def test_an_update_without_samples_changes_no_value():
    features, cell, _ = some_samples(40, 1)
    old = nothing().updated(features, cell)
    for ours, expected in zip(parts(old.updated(features[:0], cell[:0])), parts(old), strict=True):
        assert torch.equal(ours, expected)


def test_statistics_keep_no_graph():
    features, cell, _ = some_samples(10, 1)
    assert not nothing().updated(features.requires_grad_(), cell).mean.requires_grad


def test_single_precision_keeps_a_small_spread_on_a_large_mean():
    features, cell, _ = some_samples(4000, 5)
    exact = nothing().updated(features * 0.01 + 100, cell)
    single = nothing(torch.float32)
    for batch in torch.arange(4000).split(37):
        single = single.updated((features[batch] * 0.01 + 100).float(), cell[batch])
    torch.testing.assert_close(single.variance.double(), exact.variance, rtol=1e-2, atol=0.0)


def test_running_statistics_by_hand():
    old = one_head([4.0, 2.0, 0.0, 0.0], [1.0, 5.0, 0.0, 0.0], [2.0, 3.0, 0.0, 0.0])
    newer = one_head([8.0, 0.0, 6.0, 0.0], [3.0, 0.0, 7.0, 0.0], [4.0, 0.0, 1.0, 0.0])
    blended = old.blended(newer, momentum=0.75)
    for ours, expected in zip(
        parts(blended), [[5.0, 2.0, 6.0, 0.0], [1.5, 5.0, 7.0, 0.0], [2.5, 3.0, 1.0, 0.0]], strict=True
    ):
        assert ours.flatten().tolist() == expected


@pytest.mark.parametrize("momentum", [-0.1, 1.1, float("nan")])
def test_a_momentum_that_is_no_share_is_refused(momentum):
    with pytest.raises(ValueError, match="momentum"):
        nothing().blended(nothing(), momentum)


def test_smoothing_is_scipys_filter_of_weighted_statistics():
    features, cell, _ = some_samples(25, 6)
    statistics = nothing().updated(features, cell)
    assert (statistics.count == 0.0).any()
    count = statistics.count.numpy()
    below = gaussian_filter1d(count, 1.0, axis=-1, mode="reflect")
    for ours, own in zip(statistics.smoothed(1.0), (statistics.mean, statistics.variance), strict=True):
        above = gaussian_filter1d(count[..., None] * own.numpy(), 1.0, axis=-2, mode="reflect")
        expected = np.divide(above, below[..., None], out=np.zeros_like(above), where=below[..., None] > 0)
        np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-10, atol=1e-13)


def test_an_empty_bin_borrows_and_does_not_lend():
    statistics = one_head([5.0, 0.0, 5.0], [2.0, 0.0, 2.0], [3.0, 0.0, 3.0])
    mean, variance = statistics.smoothed(1.0)
    torch.testing.assert_close(mean.flatten(), torch.full((3,), 2.0, dtype=DOUBLE))
    torch.testing.assert_close(variance.flatten(), torch.full((3,), 3.0, dtype=DOUBLE))


def test_features_of_a_bin_get_the_smoothed_moments():
    features, cell, _ = some_samples(4000, 7)
    features = features * (1.0 + 0.2 * (cell % B))[:, None]
    statistics = nothing().updated(features, cell)
    mean, variance = statistics.smoothed(1.0)
    assert (variance / statistics.variance).min() > 0.1 and (variance / statistics.variance).max() < 10.0
    scale, shift = (part.reshape(-1, W)[cell] for part in recolour(statistics, sigma=1.0))
    calibrated = nothing().updated(features * scale + shift, cell)
    torch.testing.assert_close(calibrated.mean, mean)
    torch.testing.assert_close(calibrated.variance, variance)


def test_without_smoothing_nothing_is_recoloured():
    statistics = nothing().updated(*some_samples(60, 8)[:2])
    scale, shift = recolour(statistics, sigma=0.0)
    torch.testing.assert_close(scale, torch.ones_like(scale))
    torch.testing.assert_close(shift, torch.zeros_like(shift), rtol=0.0, atol=1e-12)


def test_the_ratio_of_variances_is_held():
    statistics = one_head([1e6, 1.0, 1.0, 1e6], [0.0, 1.0, 1.0, 0.0], [1.0, 1e-3, 1e3, 1.0])
    scale, shift = recolour(statistics, sigma=0.4)
    expected = [1.0, 10**0.5, 0.1**0.5, 1.0]
    np.testing.assert_allclose(scale.flatten().numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(shift.flatten().numpy(), [0.0, -(10**0.5), -(0.1**0.5), 0.0], atol=2e-4)


def test_without_spread_only_the_mean_moves_and_an_unseen_bin_is_left_alone():
    statistics = one_head(
        [9.0, 1.0, 0.0, 0.0, 0.0, 0.0], [2.0, 4.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    )
    scale, shift = recolour(statistics, sigma=0.4)
    mean, _ = statistics.smoothed(0.4)
    assert scale.flatten()[1] == 1.0
    assert shift.flatten()[1].item() == pytest.approx(mean.flatten()[1].item() - 4.0)
    assert scale.flatten()[2:].tolist() == [1.0] * 4 and shift.flatten()[2:].tolist() == [0.0] * 4


def test_recolouring_survives_tiny_and_dead_features_in_single_precision():
    statistics = one_head([3.0, 2.0, 1.0], [0.0, 1.0, 1.0], [1e-40, 1e-38, 1e30])
    statistics = FeatureStatistics(*(part.float() for part in parts(statistics)))
    for part in recolour(statistics, sigma=2.0):
        assert torch.isfinite(part).all()
