import numpy as np
import pytest

from miscible.experiments import CLAIMS, ChangeClaim, Measured, Status, ValueClaim, change, comparison_frame


def claim(direction, size=0.1):
    return ChangeClaim("key", "what", "numbers", "stated", direction, size)


@pytest.mark.parametrize(
    ("direction", "value", "low", "high", "status"),
    [
        (-1, -0.05, -0.08, -0.02, Status.SAME),
        (-1, 0.05, 0.02, 0.08, Status.DIFFERS),
        (-1, -0.02, -0.05, 0.01, Status.DIFFERS),  # zero is inside, the paper's -0.1 is not
        (-1, -0.06, -0.20, 0.08, Status.NOT_TESTABLE),
        (1, 0.06, -0.01, 0.13, Status.NOT_TESTABLE),
        (0, 0.01, -0.05, 0.07, Status.SAME),
        (0, 0.2, 0.1, 0.3, Status.DIFFERS),
        (0, 0.05, -0.1, 0.2, Status.NOT_TESTABLE),
        (0, np.nan, np.nan, np.nan, Status.NOT_TESTABLE),
        (-1, -0.1, -np.inf, np.inf, Status.NOT_TESTABLE),
    ],
)
def test_a_change_is_judged_by_its_interval(direction, value, low, high, status):
    assert claim(direction).judge(Measured(value, low, high)) is status


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [
        (-0.3, -0.2, Status.SAME),  # a loss is no gain
        (-0.3, 0.09, Status.SAME),
        (-0.3, 0.2, Status.NOT_TESTABLE),
        (0.05, 0.3, Status.DIFFERS),
    ],
)
def test_a_claim_of_no_gain_agrees_with_a_loss(low, high, status):
    no_gain = ChangeClaim("key", "what", "numbers", "stated", 0, 0.1, gain_only=True)
    assert no_gain.judge(Measured((low + high) / 2, low, high)) is status


def test_a_claim_without_a_number_is_contradicted_by_the_other_sign_alone():
    heavier = claim(-1, size=np.nan)
    assert heavier.judge(Measured(0.03, -0.02, 0.08)) is Status.NOT_TESTABLE
    assert heavier.judge(Measured(0.05, 0.02, 0.08)) is Status.DIFFERS
    assert heavier.judge(Measured(-0.05, -0.08, -0.02)) is Status.SAME


def test_no_measurement_is_no_evidence():
    assert claim(-1).judge(None) is Status.NOT_TESTABLE
    assert ValueClaim("k", "w", "p", "summary", 0.0, 1.0).judge(None) is Status.NOT_TESTABLE


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [
        (0.30, 0.45, Status.SAME),
        (0.42, 0.50, Status.DIFFERS),
        (-0.1, 0.2, Status.DIFFERS),
        (-1.0, 1.0, Status.NOT_TESTABLE),
        (0.10, 0.30, Status.NOT_TESTABLE),  # reaches into the range from outside
    ],
)
def test_a_value_is_judged_by_whether_it_lies_in_the_range(low, high, status):
    claim = ValueClaim("k", "w", "66 to 75 degrees", "stated", 0.26, 0.41)
    assert claim.judge(Measured((low + high) / 2, low, high)) is status


def test_no_value_agrees_with_two_claims_that_contradict_each_other():
    claims = [c for c in CLAIMS if c.key.startswith("gradient cosine")]
    for value in np.linspace(-0.3, 0.6, 19):
        statuses = [c.judge(Measured(value, value - 0.2, value + 0.2)) for c in claims]
        assert statuses.count(Status.SAME) <= 1


def test_claims_have_names_of_their_own_and_signs_that_fit_their_numbers():
    assert len({c.key for c in CLAIMS}) == len(CLAIMS)
    by_key = {c.key: c for c in CLAIMS}
    hardness = by_key["hardness: independent -> shared"]
    assert isinstance(hardness, ChangeClaim)
    assert hardness.direction * hardness.size == pytest.approx(0.694 - 0.832)
    pcgrad = by_key["hardness: shared -> pcgrad"]
    assert isinstance(pcgrad, ChangeClaim)
    assert pcgrad.size == pytest.approx(0.855 - 0.761)


def test_the_comparison_labels_simulations_and_keeps_what_could_not_be_measured():
    claims = (claim(-1), ValueClaim("other", "what", "numbers", "summary", 0.0, 1.0, "A doubt."))
    found = {"key": Measured(-0.05, -0.08, -0.02, 0.001, 0.9, 0.85, "Ours.")}
    frame = comparison_frame("table", claims, found, simulated=True)
    assert list(frame["status"]) == ["simulation: same direction", "simulation: not testable"]
    assert list(frame["ours"]) == ["0.900 -> 0.850, p = 0.001", "-"]
    assert list(frame["note"]) == ["Ours.", "A doubt."]
    plain = comparison_frame("table", claims, {"key": Measured(-0.01, -0.03, 0.01)})
    assert plain["status"][0] == "differs"
    assert "holds 0" in plain["note"][0]


def test_a_change_pairs_the_folds():
    rng = np.random.default_rng(0)
    hard = rng.normal(size=(3, 5))
    found = change(0.8 + hard, 0.7 + hard + 0.001 * rng.normal(size=(3, 5)), 0.25)
    assert found is not None
    assert found.high < -0.09
    assert found.before == pytest.approx(0.8 + hard.mean())
    assert found.p is not None and found.p < 1e-6
    before = 0.8 + hard
    before[0, 0] = np.nan
    less = change(before, 0.7 + hard, 0.25)
    assert less is not None and less.before == pytest.approx(np.nanmean(before))
    assert change(np.full((1, 5), np.nan), hard[:1], 0.25) is None
