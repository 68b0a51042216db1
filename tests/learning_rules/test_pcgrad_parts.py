import torch
from rule_cases import DOUBLE, conflicting, gradients, inputs_of, started, with_static_weights

from miscible.learning.rules import ABLATIONS, make_rule


def step(name, inputs, jacobian):
    rule = make_rule(name)
    weights, _ = rule.weights(inputs, started(rule, inputs))
    return torch.einsum("kt,ktn->kn", weights, jacobian)


def test_each_part_keeps_one_thing_of_pcgrad():
    jacobian = conflicting(6, 4)
    inputs = with_static_weights(inputs_of(jacobian))
    plain, whole = step("sum", inputs, jacobian), step("pcgrad", inputs, jacobian)
    length, direction = step("pcgrad-length", inputs, jacobian), step("pcgrad-direction", inputs, jacobian)
    cosine = torch.nn.functional.cosine_similarity
    one = torch.ones(6, dtype=DOUBLE)
    assert (cosine(plain, whole) < 0.999).any()
    torch.testing.assert_close(cosine(length, plain), one)
    torch.testing.assert_close(length.norm(dim=1), whole.norm(dim=1))
    torch.testing.assert_close(cosine(direction, whole), one)
    torch.testing.assert_close(direction.norm(dim=1), plain.norm(dim=1))
    torch.testing.assert_close(step("average", inputs, jacobian), plain / 4)
    torch.testing.assert_close(step("pcgrad-average", inputs, jacobian), whole / 4)


def test_without_conflict_length_and_direction_are_the_sum():
    jacobian = gradients(3, 3).abs()
    inputs = inputs_of(jacobian)
    for name in ("pcgrad-length", "pcgrad-direction"):
        torch.testing.assert_close(step(name, inputs, jacobian), jacobian.sum(dim=1))


def test_gradients_that_cancel_are_not_blown_up():
    jacobian = gradients(2, 2)
    jacobian[:, 1] = -jacobian[:, 0]
    inputs = inputs_of(jacobian)
    assert (step("pcgrad-length", inputs, jacobian).norm(dim=1) < 1e-6).all()


def test_no_set_of_strategies_holds_an_ablation():
    from miscible.strategies import SETS

    words = {word for names in SETS.values() for name in names if "+" in name for word in name.split("+")[1:]}
    assert not words & set(ABLATIONS)
