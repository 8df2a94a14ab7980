"""Partial AUC by CVaR beyond conformance: its dual, its limits, moving thresholds and errors."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.pairwise_auc import pairwise_auc
from lossary.losses.auc.partial_auc_cvar import LOSS, MovingAveragePartialAucCvar, partial_auc_cvar
from lossary.metrics import partial_auc
from lossary.ops.surrogates import SURROGATES, pair_loss

scores = st.integers(-6, 6).map(lambda step: step / 4) | st.floats(-30, 30, width=32)
batches = st.lists(st.tuples(scores, st.booleans()), min_size=2, max_size=20).filter(
    lambda rows: len({label for _, label in rows}) == 2
)
shares = st.sampled_from([0.05, 0.3, 0.37, 0.5, 0.9, 1.0])


def tensors(rows: list[tuple[float, bool]]) -> tuple[torch.Tensor, torch.Tensor]:
    return (
        torch.tensor([row[0] for row in rows], dtype=torch.float64),
        torch.tensor([int(row[1]) for row in rows]),
    )


def sample(size: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    score = torch.randn(size, generator=generator, dtype=torch.float64)
    return score.requires_grad_(), (torch.arange(size) % 4 == 0).long()


def losses(score, target, surrogate="squared_hinge", margin=1.0, scale=1.0):
    """All pairs at once, (positives, negatives)."""
    return pair_loss(score[target == 1].unsqueeze(1) - score[target == 0], surrogate, margin, scale)


def brute_force(score, target, *, max_fpr=0.3, **options):
    """The primal: each row sorted on its own."""
    ordered = losses(score, target, **options).sort(dim=1, descending=True).values
    count = max_fpr * ordered.shape[1]
    weight = (count - torch.arange(ordered.shape[1], dtype=score.dtype)).clamp(0, 1)
    return ((ordered * weight).sum(1) / count).mean()


def gradient(loss: torch.Tensor, score: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, score)[0]


@settings(max_examples=100)
@given(rows=batches, surrogate=st.sampled_from(SURROGATES), max_fpr=shares, scale=st.sampled_from([0.4, 1.9]))
def test_equals_each_row_sorted_on_its_own(rows, surrogate, max_fpr, scale):
    score, target = tensors(rows)
    score += torch.arange(len(score)) * 1e-3  # of tied losses either may be the last to count
    score.requires_grad_()
    options = {"surrogate": surrogate, "max_fpr": max_fpr, "margin": 0.83, "scale": scale}
    actual, expected = (rule(score, target, **options) for rule in (partial_auc_cvar, brute_force))
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-11)
    torch.testing.assert_close(gradient(actual, score), gradient(expected, score), rtol=1e-9, atol=1e-10)


@settings(max_examples=40)
@given(rows=batches, surrogate=st.sampled_from(SURROGATES), max_fpr=shares)
def test_equals_its_dual(rows, surrogate, max_fpr):
    score, target = tensors(rows)
    loss = losses(score, target, surrogate)
    # piecewise linear and convex in the threshold, so that the least value is at one of the losses
    excess = (loss.unsqueeze(1) - loss.unsqueeze(2)).relu().mean(2) / max_fpr
    dual = (loss + excess).amin(1).mean()
    torch.testing.assert_close(
        partial_auc_cvar(score, target, surrogate=surrogate, max_fpr=max_fpr), dual, rtol=1e-10, atol=1e-11
    )


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_the_full_range_is_pairwise_auc(surrogate):
    score, target = sample()
    torch.testing.assert_close(
        partial_auc_cvar(score, target, surrogate=surrogate, max_fpr=1.0),
        pairwise_auc(score, target, surrogate=surrogate),
    )


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_less_than_one_negative_is_the_hardest_one(surrogate):
    score, target = sample()
    hardest = losses(score, target, surrogate).amax(1).mean()
    torch.testing.assert_close(partial_auc_cvar(score, target, surrogate=surrogate, max_fpr=1e-3), hardest)


@settings(max_examples=40)
@given(rows=batches, surrogate=st.sampled_from(SURROGATES))
def test_a_smaller_range_costs_more(rows, surrogate):
    score, target = tensors(rows)
    values = [
        partial_auc_cvar(score, target, surrogate=surrogate, max_fpr=share).item()
        for share in (0.1, 0.35, 0.6, 1.0)
    ]
    assert all(left >= right * (1 - 1e-9) - 1e-12 for left, right in pairwise(values))


def test_easy_negatives_get_no_gradient():
    score, target = torch.tensor([0.5, 1.0, 0.9, 0.2, 0.1], requires_grad=True), torch.tensor([1, 0, 0, 0, 0])
    partial_auc_cvar(score, target, max_fpr=0.5).backward()
    assert score.grad[1:3].all()
    assert not score.grad[3:].any()


def test_a_square_counts_negatives_far_below_as_hard():
    score, target = torch.tensor([0.0, -9.0, 0.5, 0.0], requires_grad=True), torch.tensor([1, 0, 0, 0])
    loss = partial_auc_cvar(score, target, surrogate="square", max_fpr=1 / 3)
    loss.backward()
    assert loss.item() == pytest.approx(64.0)
    assert score.grad.nonzero().flatten().tolist() == [0, 1]


def test_paired_metric_has_the_same_range():
    score, target = sample()
    (metric,) = LOSS.pairs_with
    exact = metric(score=score, target=target)
    assert exact == partial_auc(target.numpy(), score.detach().numpy(), max_fpr=0.3)
    assert metric.options["max_fpr"] == LOSS.options["max_fpr"]


@pytest.mark.parametrize("target", [[1, 1], [0, 0], [1], []])
@pytest.mark.parametrize("surrogate", SURROGATES)
def test_a_batch_of_one_class_gives_zero_with_a_graph(target, surrogate):
    score = torch.ones(len(target), requires_grad=True)
    loss = partial_auc_cvar(score, torch.tensor(target, dtype=torch.long), surrogate=surrogate)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(score.grad, torch.zeros(len(target)))


def test_descending_the_gradient_raises_the_partial_auc():
    score = torch.randn(60, generator=torch.Generator().manual_seed(0), requires_grad=True)
    target = torch.arange(60) % 4 == 0
    before = partial_auc(target.numpy(), score.detach().numpy(), max_fpr=0.3)
    optimizer = torch.optim.SGD([score], lr=1.0)
    for _ in range(60):
        optimizer.zero_grad()
        partial_auc_cvar(score, target).backward()
        optimizer.step()
    assert before < 0.8
    assert partial_auc(target.numpy(), score.detach().numpy(), max_fpr=0.3) == 1.0


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_thresholds_at_the_largest_losses_give_the_gradient_of_the_closed_form(surrogate):
    score, target = sample()
    options = {"surrogate": surrogate, "margin": 3.3, "scale": 1.3}
    criterion = MovingAveragePartialAucCvar(24, max_fpr=5 / 18, **options).double().eval()
    ordered = losses(score.detach(), target, **options).sort(dim=1, descending=True).values
    criterion.threshold[target == 1] = ordered[:, 5]  # the five above it count
    carrier = criterion(score, target, torch.arange(24))
    expected = partial_auc_cvar(score, target, max_fpr=5 / 18, **options)
    torch.testing.assert_close(carrier, expected)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))


def test_thresholds_follow_their_formula():
    score, target = sample()
    criterion = MovingAveragePartialAucCvar(40, step=0.2, max_fpr=0.4).double()
    index = torch.arange(24) + 10
    threshold = torch.zeros(6, dtype=torch.float64)
    for _ in range(3):
        criterion(score, target, index)
        share = (losses(score.detach(), target) > threshold.unsqueeze(1)).double().mean(1)
        threshold = threshold - 0.2 * (1 - share / 0.4)
    torch.testing.assert_close(criterion.threshold[index[target == 1]], threshold)


def test_thresholds_settle_where_the_share_of_losses_is_above():
    score, target = sample()
    criterion = MovingAveragePartialAucCvar(24, step=0.01, max_fpr=5 / 18).double()
    for _ in range(1500):
        criterion(score.detach(), target, torch.arange(24))
    ordered = losses(score.detach(), target).sort(dim=1, descending=True).values
    settled = criterion.threshold[target == 1]
    assert (settled > ordered[:, 5] - 0.05).all()
    assert (settled < ordered[:, 4] + 0.05).all()


def test_only_the_positives_of_the_batch_move():
    score, target = sample()
    criterion = MovingAveragePartialAucCvar(100, max_fpr=0.41)
    index = torch.arange(24) * 3
    criterion(score, target, index)
    moved = set(criterion.threshold.nonzero().flatten().tolist())
    assert moved == set(index[target == 1].tolist())


@pytest.mark.parametrize("target", [[1, 1], [0, 0], []])
def test_a_batch_of_one_class_moves_no_threshold(target):
    score = torch.linspace(0, 1, len(target)).requires_grad_()
    criterion = MovingAveragePartialAucCvar(5)
    criterion(score, torch.tensor(target, dtype=torch.long), torch.arange(len(target))).backward()
    assert not criterion.threshold.any()
    assert not score.grad.any()


def test_evaluation_mode_only_reads():
    score, target = sample()
    index = torch.arange(24)
    criterion = MovingAveragePartialAucCvar(24)
    criterion(score, target, index)
    before = criterion.threshold.clone()
    assert criterion.eval()(score, target, index).isfinite()
    assert torch.equal(criterion.threshold, before)


def test_thresholds_survive_their_state_dict():
    score, target = sample()
    index = torch.arange(24)
    first = MovingAveragePartialAucCvar(24)
    first(score, target, index)
    second = MovingAveragePartialAucCvar(24)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(score, target, index), second(score, target, index))


def test_the_module_compiles_in_one_graph():
    score, target = sample()
    index = torch.arange(24)
    plain, compiled = MovingAveragePartialAucCvar(24), MovingAveragePartialAucCvar(24)
    carrier = torch.compile(compiled, fullgraph=True, backend="aot_eager")(score, target, index)
    expected = plain(score, target, index)
    torch.testing.assert_close(carrier, expected)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))
    torch.testing.assert_close(compiled.threshold, plain.threshold)


SCORE, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])


@pytest.mark.parametrize(
    ("score", "target", "options", "error", "argument"),
    [
        (torch.zeros(3, 2), TARGET, {}, ShapeError, "score"),
        (SCORE, TARGET[:2], {}, ShapeError, "target"),
        (SCORE.long(), TARGET, {}, DtypeError, "score"),
        (SCORE, torch.tensor([1, 0, 2]), {}, InvalidInputError, "target"),
        (SCORE * math.nan, TARGET, {}, InvalidInputError, "score"),
        (SCORE, TARGET, {"max_fpr": 0.0}, InvalidInputError, "max_fpr"),
        (SCORE, TARGET, {"max_fpr": 1.5}, InvalidInputError, "max_fpr"),
        (SCORE, TARGET, {"max_fpr": math.nan}, InvalidInputError, "max_fpr"),
        (SCORE, TARGET, {"surrogate": "linear"}, InvalidInputError, "surrogate"),
        (SCORE, TARGET, {"margin": 0.0}, InvalidInputError, "margin"),
        (SCORE, TARGET, {"scale": "1"}, DtypeError, "scale"),
    ],
)
def test_bad_input_is_named(score, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        partial_auc_cvar(score, target, **options)


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"num_samples": 0}, InvalidInputError, "num_samples"),
        ({"step": 0.0}, InvalidInputError, "step"),
        ({"max_fpr": 1.1}, InvalidInputError, "max_fpr"),
        ({"margin": -1.0}, InvalidInputError, "margin"),
    ],
)
def test_bad_options_of_the_module_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        MovingAveragePartialAucCvar(**{"num_samples": 3, **options})
