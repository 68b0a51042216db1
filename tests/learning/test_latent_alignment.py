"""Alignment of latent spaces: losses against loops and finite differences, draws, and training against a plain loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from literal_training import N_OUTPUTS, TOLERANCE, Recorder, make_data, plain_cost
from torch import Tensor

from miscible.learning import (
    Alignment,
    Fitted,
    Member,
    NetworkShape,
    Population,
    Setting,
    TrainingData,
    TrainOptions,
    TransferPlan,
    train,
)
from miscible.learning.training import _slots
from miscible.learning.training._align_run import fresh_maps
from miscible.learning.training._sampling import member_pairs, n_steps
from miscible.learning.training._stack import build_network, start_stack
from miscible.learning.training._targeted import Targeted
from miscible.learning.transfer import Guide, Maps, alignment_terms, draw_sources, inclusion_chances, latents

SHAPE = NetworkShape(6, N_OUTPUTS, trunk=(16, 16), head=(8,))
WIDTH = 5
OPTIONS = TrainOptions(batch_size=8, min_steps=4, max_epochs=2, patience=9, clip_norm=0.5)
CPU, DOUBLE = torch.device("cpu"), torch.float64
TERMS = ("rebuilt", "consistent", "mapped", "spaced")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def random_case(
    seed: int, k: int = 3, n: int = 3, b: int = 7, units: int = 6, width: int = 4, n_out: int = 3
):
    """Rows, hidden layers, maps and output layers of some members, and labels of three kinds."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> Tensor:
        return torch.as_tensor(rng.normal(size=shape))

    rows = torch.cat([normal(k, b, 5).abs(), torch.ones(k, b, 1, dtype=DOUBLE)], dim=2)
    leaves = [
        rows,
        normal(k, n, 6, units),
        normal(k, units + 1, n_out),
        normal(k, n, Maps.size(units, width)),
    ]
    target = torch.as_tensor(np.stack([rng.normal(size=b), rng.integers(0, 2, b), rng.integers(0, 3, b)])[:k])
    weight = torch.as_tensor(rng.uniform(0.5, 2.0, (k, b)) * (rng.random((k, b)) < 0.6))
    return leaves, Guide(target, weight, torch.tensor([0, 1, 3])[:k])


def terms_of(leaves, guide: Guide, width: int = 4):
    rows, hidden, output, flat = leaves
    return alignment_terms(latents(rows, hidden), Maps.of(flat, hidden.shape[-1], width), output, guide)


def by_loops(leaves, guide: Guide, k: int, s: int, width: int = 4) -> dict[str, float]:
    """The four losses of source ``s`` of member ``k``, one row at a time."""
    rows, hidden, output, flat = (leaf[k].numpy() for leaf in leaves)
    units, n = hidden.shape[-1], len(rows)
    z = [[np.maximum(row @ layer, 0.0) for row in rows] for layer in hidden]
    cut = (units + 1) * width
    to = [own[:cut].reshape(units + 1, width) for own in flat]
    back = [own[cut:].reshape(width + 1, units) for own in flat]
    common = [[x @ m[:-1] + m[-1] for x in own] for own, m in zip(z, to, strict=True)]
    rebuilt = 0.0
    for h in (0, s):
        for x, c in zip(z[h], common[h], strict=True):
            rebuilt += np.square(c @ back[h][:-1] + back[h][-1] - x).sum() / (n * units)
    consistent = sum(np.square(a - b).sum() for a, b in zip(common[0], common[s], strict=True)) / (n * width)
    spaced = 0.0
    for i in range(n):
        one, other = (np.square(common[h][i] - common[h][i - 1]).mean() for h in (0, s))
        spaced += (one - other) ** 2 / n
    mapped, whole = 0.0, 0.0
    code = guide.code if isinstance(guide.code, int) else int(guide.code[k])
    for i in range(n):
        x = common[s][i] @ back[0][:-1] + back[0][-1]
        raw = x @ output[:-1] + output[-1]
        y, w = float(guide.target[k, i]), float(guide.weight[k, i])
        whole += w
        if code == 0:
            mapped += w * (raw[0] - y) ** 2
        elif code == 1:
            mapped += w * (np.log1p(np.exp(raw[0])) - y * raw[0])
        else:
            mapped += w * (np.log(np.exp(raw[:code]).sum()) - raw[int(y)])
    return dict(zip(TERMS, (rebuilt, consistent, mapped / whole if whole else 0.0, spaced), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_losses_equal_loops_over_rows(seed: int):
    leaves, guide = random_case(seed)
    guide.weight[1, 2:] = 0.0
    terms = terms_of(leaves, guide)
    for k in range(3):
        for s in (1, 2):
            expected = by_loops(leaves, guide, k, s)
            for name in TERMS:
                assert float(getattr(terms, name)[k, s - 1]) == pytest.approx(expected[name], rel=1e-10)
    torch.testing.assert_close(terms.total, sum(getattr(terms, name) for name in TERMS))


def test_without_labels_nothing_is_predicted():
    leaves, guide = random_case(0)
    terms = terms_of(leaves, guide._replace(weight=torch.zeros_like(guide.weight)))
    assert (terms.mapped == 0).all()
    assert (terms.consistent > 0).all()


def test_gradients_equal_finite_differences():
    leaves, guide = random_case(5)
    for leaf in leaves:
        leaf.requires_grad_()
    factors = torch.tensor([[1.0, 0.3], [0.0, 2.0], [0.7, 0.0]], dtype=DOUBLE)
    gradients = torch.autograd.grad((terms_of(leaves, guide).total * factors).sum(), leaves)
    assert (gradients[1][1, 1] == 0).all() and (gradients[3][2, 2] == 0).all()
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for leaf, gradient in zip(leaves, gradients, strict=True):
            for _ in range(4):
                along, h = torch.as_tensor(rng.normal(size=leaf.shape)), 1e-6
                both = []
                for sign in (1.0, -1.0):
                    leaf += sign * h * along
                    both.append(float((terms_of(leaves, guide).total * factors).sum()))
                    leaf -= sign * h * along
                slope = (both[0] - both[1]) / (2.0 * h)
                assert float((gradient * along).sum()) == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_a_turned_latent_mapped_back_costs_nothing():
    """The source's latent is the target's, turned; its maps undo the turn."""
    rng = np.random.default_rng(3)
    turn = torch.as_tensor(np.linalg.qr(rng.normal(size=(4, 4)))[0])
    target = torch.as_tensor(rng.normal(size=(1, 1, 9, 4)))
    latent = torch.cat([target, target @ turn], dim=1)
    same, nothing = torch.eye(4, dtype=DOUBLE), torch.zeros(1, 4, dtype=DOUBLE)
    to = torch.stack([torch.cat([same, nothing]), torch.cat([turn.T, nothing])]).unsqueeze(0)
    back = torch.stack([torch.cat([same, nothing]), torch.cat([turn, nothing])]).unsqueeze(0)
    output = torch.as_tensor(rng.normal(size=(1, 5, 1)))
    labels = (target[0, 0] @ output[0, :-1] + output[0, -1]).T + 0.5
    guide = Guide(labels, torch.ones(1, 9, dtype=DOUBLE), 0)
    terms = alignment_terms(latent, Maps(to, back), output, guide)
    for name in ("rebuilt", "consistent", "spaced"):
        assert float(getattr(terms, name)) == pytest.approx(0.0, abs=1e-24)
    assert float(terms.mapped) == pytest.approx(0.25)
    half = alignment_terms(latent, Maps(to, back * 0.5), output, guide)
    assert float(half.rebuilt) == pytest.approx(0.25 * 2 * float(target.square().mean()))


@pytest.mark.parametrize(
    ("ratios", "n_drawn", "expected"),
    [
        ([1.0, 1.0, 1.0, 1.0], 2, [0.5, 0.5, 0.5, 0.5]),
        ([1.0, 3.0, 0.0, 2.0], 1, [1 / 6, 0.5, 0.0, 1 / 3]),
        ([9.0, 1.0, 1.0, 1.0], 2, [1.0, 1 / 3, 1 / 3, 1 / 3]),
        ([9.0, 8.0, 0.1], 2, [1.0, 8.0 / 8.1, 0.1 / 8.1]),
        ([1.0, 2.0], 5, [1.0, 1.0]),
        ([0.0, 0.0], 2, [0.0, 0.0]),
        ([], 2, []),
    ],
)
def test_chances_grow_with_ratios(ratios, n_drawn, expected):
    chances = inclusion_chances(np.array(ratios), n_drawn)
    np.testing.assert_allclose(chances, expected, rtol=1e-12)
    drawn = draw_sources(chances, 4000, np.random.default_rng(1))
    assert drawn.shape == (4000, min(n_drawn, np.count_nonzero(ratios)))
    assert all(len(set(line)) == drawn.shape[1] for line in drawn.tolist())
    often = np.bincount(drawn.ravel(), minlength=len(ratios)) / 4000
    np.testing.assert_allclose(often, chances, atol=0.03)
    assert (often[chances == 0] == 0).all()


def plan_of(members, weights, *, ratios=None, **more) -> TransferPlan:
    width = max(len(m.tasks) for m in members)
    rows = np.tile(np.array([1.0, 0.4, 2.0, 1.5])[:width] if ratios is None else ratios, (len(members), 1))
    alignment = None if weights is None else Alignment(np.array(weights), width=WIDTH, **{"every": 1, **more})
    return TransferPlan(rows, np.full(len(members), 2.0), alignment=alignment)


def fit(members, plan: TransferPlan, options: TrainOptions = OPTIONS, data: TrainingData | None = None):
    recorder = Recorder()
    fitted = train(
        Population(SHAPE, tuple(members)), data or make_data(), options, (recorder,), transfer=plan
    )
    return fitted, recorder


def test_drawn_sources_stand_for_all():
    """On average over steps, factors add up to ratio over number of sources; who has no label is no source."""
    data = make_data()
    data.targets[0, data.train_rows[0], 1] = np.nan
    member = Member(0, (2, 0, 1, 3), 5, Setting(), 0, 0)
    plan = plan_of([member], [1.0], ratios=np.array([0.5, 7.0, 1.0, 0.2]), sources=1)
    pairs = member_pairs(data, member, data.train_rows[0])
    heads, factors = Targeted(plan, (member,), (pairs,), data, 8).aligned(0, 3, 20000)
    total = np.bincount(heads.ravel(), factors.ravel(), minlength=4) / 20000
    np.testing.assert_allclose(total, [0.25, 0.0, 0.0, 0.1], rtol=0.03)


def affine(x: Tensor, layer: Tensor) -> Tensor:
    return x @ layer[:-1] + layer[-1]


def literal(member: Member, plan: TransferPlan, data: TrainingData, options: TrainOptions):
    """One member in float64, head by head; also how often a source took part without a pair in the batch."""
    alignment = plan.alignment
    assert alignment is not None and member.primary is not None
    network = build_network(SHAPE, len(member.tasks))
    start = start_stack(SHAPE, (member,), network, CPU, DOUBLE).weights
    shared = [layer[0].clone().requires_grad_() for layer in start.trunk]
    own = [[layer[h, 0].clone().requires_grad_() for layer in start.heads] for h in range(len(member.tasks))]
    flat = fresh_maps((member,), network, alignment.width, CPU)["maps"][0].double()
    cut = (SHAPE.head[0] + 1) * alignment.width
    maps = [
        [
            line[:cut].reshape(-1, alignment.width).clone().requires_grad_(),
            line[cut:].reshape(-1, SHAPE.head[0]).clone().requires_grad_(),
        ]
        for line in flat
    ]

    def adamw(parameters: list[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, lr=member.setting.rate, weight_decay=member.setting.decay)

    optimisers = adamw(shared), [adamw(layers) for layers in own], [adamw(pair) for pair in maps]
    pairs = member_pairs(data, member, data.train_rows[member.data])
    size = options.batch_size
    targeted = Targeted(plan, (member,), (pairs,), data, size)
    steps = targeted.n_steps(0, n_steps(pairs, size, options.min_steps), options.min_steps)
    head = member.tasks.index(member.primary)
    inputs = torch.as_tensor(data.inputs[member.data]).double()
    kind, n_out = data.kinds[member.primary], N_OUTPUTS[member.primary]
    idle = 0
    for epoch in range(options.max_epochs):
        drawn = targeted.epoch(0, epoch, steps)
        sources, factors = targeted.aligned(0, epoch, -(-steps // alignment.every))
        for s in range(steps):
            x = inputs[drawn.rows[s * size : (s + 1) * size]]
            for layer in shared:
                x = torch.relu(affine(x, layer))
            here = drawn.position // size == s
            total = torch.zeros((), dtype=DOUBLE)
            active = set(drawn.head[here].tolist())
            for h in active:
                mine = here & (drawn.head == h)
                task = member.tasks[h]
                z = torch.relu(affine(x[drawn.position[mine] % size], own[h][0]))
                labels = torch.as_tensor(drawn.target[mine]).double()
                losses = plain_cost(data.kinds[task], h, affine(z, own[h][1])[:, : N_OUTPUTS[task]], labels)
                total = total + (losses * torch.as_tensor(drawn.weight[mine]).double()).sum() / size
            moved: set[int] = set()
            if s % alignment.every == 0:
                x = x[: alignment.rows]
                mine = here & (drawn.head == head) & (drawn.position % size < alignment.rows)
                place, labels = drawn.position[mine] % size, torch.as_tensor(drawn.target[mine]).double()
                weight = torch.as_tensor(drawn.weight[mine]).double()
                z = torch.relu(affine(x, own[head][0]))
                c = affine(z, maps[head][0])
                for source, factor in zip(
                    sources[s // alignment.every].tolist(),
                    factors[s // alignment.every].tolist(),
                    strict=True,
                ):
                    z_s = torch.relu(affine(x, own[source][0]))
                    c_s = affine(z_s, maps[source][0])
                    loss = (affine(c, maps[head][1]) - z).square().mean()
                    loss = loss + (affine(c_s, maps[source][1]) - z_s).square().mean()
                    loss = loss + (c - c_s).square().mean()
                    near, near_s = ((a - torch.roll(a, 1, 0)).square().mean(1) for a in (c, c_s))
                    loss = loss + (near - near_s).square().mean()
                    if len(labels):
                        raw = affine(affine(c_s[place], maps[head][1]), own[head][1])[:, :n_out]
                        loss = loss + (plain_cost(kind, head, raw, labels) * weight).sum() / weight.sum()
                    total = total + alignment.weight[0] * alignment.every * factor * loss
                    moved |= {head, source}
            idle += len(moved - active)
            everything = [*shared, *(p for layers in (*own, *maps) for p in layers)]
            for p in everything:
                p.grad = None
            total.backward()
            busy = [p for h in active for p in own[h]]
            torch.nn.utils.clip_grad_norm_([*shared, *busy], options.clip_norm or 1e9)
            optimisers[0].step()
            for h in active:
                optimisers[1][h].step()
            for h in moved:
                optimisers[2][h].step()
    return [p.detach() for p in shared], [[p.detach() for p in layers] for layers in own], idle


@pytest.mark.parametrize("limit", [12, 0], ids=["runs", "blocks"])
@pytest.mark.parametrize(
    ("primary", "more"), [(0, {}), (1, {"sources": 1, "every": 2}), (2, {"sources": 7}), (3, {"rows": 5})]
)
def test_training_equals_a_plain_loop(monkeypatch, limit: int, primary: int, more: dict[str, int]):
    monkeypatch.setattr(_slots, "SEGMENT_HEADS", limit)
    data = make_data()
    members = [
        Member(0, (0, 1, 2, 3), 5, Setting(3e-3, 0.1), 0, primary),
        Member(1, (2, 3, 1), 6, Setting(2e-3), 1, 3),
        Member(0, (3, 1, 2, 0), 7, Setting(1e-3, 0.5), 2, 1),
    ]
    plan = plan_of(members, [0.6, 3.0, 0.2], **more)
    _, recorder = fit(members, plan, data=data)
    without = fit(members, plan_of(members, None), data=data)[1]
    idle = 0
    for k, member in enumerate(members):
        assert plan.alignment is not None
        alone = TransferPlan(
            plan.ratios[[k], : len(member.tasks)],
            plan.strength[[k]],
            alignment=replace(plan.alignment, weight=plan.alignment.weight[[k]]),
        )
        shared, own, unseen = literal(member, alone, data, OPTIONS)
        idle += unseen
        ours = recorder.epochs[k][-1]
        both = [*zip(ours.shared, shared, strict=True)]
        for h, layers in enumerate(own):
            both += [(mine[h], theirs) for mine, theirs in zip(ours.own, layers, strict=True)]
        for mine, theirs in both:
            columns = theirs.shape[-1]
            assert float((mine[..., :columns].double() - theirs).abs().max()) < TOLERANCE
        plain = without.epochs[k][-1]
        assert max(float((a - b).abs().max()) for a, b in zip(plain.shared, ours.shared, strict=True)) > 5e-3
    assert idle > 0


def states(fitted: Fitted, k: int) -> np.ndarray:
    state = fitted.member_state(k)
    return np.concatenate([state[name].ravel() for name in sorted(state) if name.startswith("trunk")])


def test_weight_zero_and_ratios_zero_change_nothing():
    members = [Member(0, (0, 1, 2), 5, Setting(), 0, 0), Member(1, (0, 2), 6, Setting(), 1, 2)]
    for weights, ratios in (([0.0, 0.0], None), ([1.0, 1.0], np.zeros(3))):
        aligned, plain = (fit(members, plan_of(members, w, ratios=ratios))[0] for w in (weights, None))
        for k in range(2):
            np.testing.assert_array_equal(states(aligned, k), states(plain, k))


def test_one_task_and_no_source_train_as_ever():
    data = make_data()
    data.targets[1, data.train_rows[1], 2] = np.nan
    members = [Member(0, (1,), 5, Setting(), 0, 1), Member(1, (1, 2), 6, Setting(), 1, 1)]
    aligned, plain = (fit(members, plan_of(members, w), data=data)[0] for w in ([1.0, 1.0], None))
    for k in range(2):
        assert not aligned.members[k].diverged
        np.testing.assert_array_equal(states(aligned, k), states(plain, k))


@pytest.mark.parametrize("limit", [12, 0], ids=["runs", "blocks"])
def test_a_member_does_not_feel_its_neighbours(monkeypatch, limit: int):
    """Nor one that diverges, one that leaves early and one with other tasks."""
    monkeypatch.setattr(_slots, "SEGMENT_HEADS", limit)
    options = replace(OPTIONS, max_epochs=5, patience=2, clip_norm=None)
    members = [
        Member(0, (0, 1, 2, 3), 5, Setting(3e-3, 0.1), 0, 0),
        Member(0, (0, 1, 2), 8, Setting(1e12), 1, 2),
        Member(1, (2, 1), 6, Setting(2e-3), 2, 1),
        Member(1, (3, 0), 9, Setting(1e-1), 3, 3),
    ]
    plan = plan_of(members, [0.6, 1.0, 3.0, 0.3])
    fitted, _ = fit(members, plan, options)
    assert [m.diverged for m in fitted.members] == [False, True, False, False]
    assert len({m.epochs for m in fitted.members}) > 1
    assert plan.alignment is not None
    for k in (0, 2, 3):
        n = len(members[k].tasks)
        alone = TransferPlan(
            plan.ratios[[k], :n],
            plan.strength[[k]],
            alignment=replace(plan.alignment, weight=plan.alignment.weight[[k]]),
        )
        single, _ = fit([members[k]], alone, options)
        assert single.members[0].epochs == fitted.members[k].epochs
        np.testing.assert_allclose(states(single, 0), states(fitted, k), atol=TOLERANCE)


def test_what_cannot_be_aligned_is_refused():
    members = [Member(0, (0, 1), 5, Setting(), 0, 0)]
    with pytest.raises(ValueError, match="not negative"):
        Alignment(np.array([-1.0]))
    with pytest.raises(ValueError, match="at least 1"):
        Alignment(np.array([1.0]), sources=0)
    with pytest.raises(ValueError, match="2 members, expected 1"):
        plan_of(members, [1.0, 1.0])
    with pytest.raises(ValueError, match="stay as they are"):
        replace(plan_of(members, [1.0]), held_out=(np.arange(5),))
    for head in ((), (8, 8)):
        population = Population(replace(SHAPE, head=head), tuple(members))
        with pytest.raises(ValueError, match="one hidden layer"):
            train(population, make_data(), OPTIONS, transfer=plan_of(members, [1.0]))
