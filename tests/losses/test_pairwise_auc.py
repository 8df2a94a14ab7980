"""Pairwise AUC beyond conformance: every surrogate, its identities, its inputs and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.auc_margin import auc_margin
from lossary.losses.auc.mann_whitney import mann_whitney
from lossary.losses.auc.pairwise_auc import LOSS, pairwise_auc
from lossary.metrics import roc_auc_score
from lossary.ops.surrogates import SURROGATES, pair_loss

scores = st.integers(-6, 6).map(lambda step: step / 4) | st.floats(-30, 30, width=32)
batches = st.lists(st.tuples(scores, st.booleans()), min_size=2, max_size=20).filter(
    lambda rows: len({label for _, label in rows}) == 2
)


def tensors(rows: list[tuple[float, bool]]) -> tuple[torch.Tensor, torch.Tensor]:
    return (
        torch.tensor([row[0] for row in rows], dtype=torch.float64),
        torch.tensor([int(row[1]) for row in rows]),
    )


def differences(score: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return score[target == 1].unsqueeze(1) - score[target == 0]


@settings(max_examples=80)
@given(
    rows=batches,
    surrogate=st.sampled_from(SURROGATES),
    margin=st.sampled_from([0.3, 0.8]),  # no step of the grid: at a kink a gradient may be of either side
    scale=st.sampled_from([0.45, 1.0, 1.9]),
)
def test_equals_the_mean_over_all_pairs(rows, surrogate, margin, scale):
    score, target = tensors(rows)
    score.requires_grad_()
    actual = pairwise_auc(score, target, surrogate=surrogate, margin=margin, scale=scale)
    expected = pair_loss(differences(score, target), surrogate, margin, scale).mean()
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(
        torch.autograd.grad(actual, score)[0],
        torch.autograd.grad(expected, score)[0],
        rtol=1e-11,
        atol=1e-11,
    )


@settings(max_examples=40)
@given(rows=batches)
def test_square_is_the_spread_of_the_classes_and_the_distance_of_their_means(rows):
    score, target = tensors(rows)
    high, low = score[target == 1], score[target == 0]
    spread = high.var(correction=0) + low.var(correction=0)
    expected = spread + (0.7 - (high.mean() - low.mean())).square()
    torch.testing.assert_close(
        pairwise_auc(score, target, surrogate="square", margin=0.7), expected, rtol=1e-9, atol=1e-10
    )


def test_square_is_auc_margin_where_the_margin_is_not_kept():
    score, target = torch.tensor([0.3, 0.9, 0.1, 0.5]), torch.tensor([1, 1, 0, 0])
    torch.testing.assert_close(pairwise_auc(score, target, surrogate="square"), auc_margin(score, target))


@settings(max_examples=30)
@given(rows=batches, temperature=st.sampled_from([0.2, 1.0, 4.0]))
def test_logistic_is_mann_whitney(rows, temperature):
    score, target = tensors(rows)
    torch.testing.assert_close(
        pairwise_auc(score, target, surrogate="logistic", scale=1 / temperature),
        mann_whitney(score, target, temperature=temperature),
        rtol=1e-10,
        atol=1e-12,
    )


@settings(max_examples=40)
@given(rows=batches, surrogate=st.sampled_from(["squared_hinge", "hinge", "square", "exponential"]))
def test_bounds_the_area_over_the_curve(rows, surrogate):
    score, target = tensors(rows)
    area = 1 - roc_auc_score(target.numpy(), score.numpy())
    assert pairwise_auc(score, target, surrogate=surrogate).item() >= area - 1e-9


def test_a_steep_sigmoid_counts_misordered_pairs():
    score, target = torch.tensor([0.9, 0.1, 0.5, 0.4]), torch.tensor([1, 1, 0, 0])
    loss = pairwise_auc(score, target, surrogate="sigmoid", scale=1e4)
    (metric,) = LOSS.pairs_with
    assert loss.item() == pytest.approx(0.5)
    assert loss.item() == pytest.approx(1 - metric(score=score, target=target))


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_equal_scores_cost_what_a_tie_costs(surrogate):
    loss = pairwise_auc(torch.full((5,), 3.0), torch.tensor([1, 0, 0, 1, 0]), surrogate=surrogate)
    tie = {"logistic": math.log(2), "sigmoid": 0.5}.get(surrogate, 1.0)
    assert loss.item() == pytest.approx(tie)


@pytest.mark.parametrize("surrogate", [name for name in SURROGATES if name != "exponential"])
def test_huge_scores_stay_finite(surrogate):
    score, target = torch.linspace(-1e6, 1e6, 12), torch.arange(12) % 3 == 0
    score.requires_grad_()
    loss = pairwise_auc(score, target, surrogate=surrogate)
    loss.backward()
    assert loss.isfinite()
    assert score.grad.isfinite().all()


def test_an_exponential_that_overflows_is_an_error():
    score, target = torch.tensor([0.0, 1e4], dtype=torch.float64), torch.tensor([1, 0])
    with pytest.raises(InvalidInputError, match="overflow"):
        pairwise_auc(score, target, surrogate="exponential")


@pytest.mark.parametrize("target", [[1, 1], [0, 0], [1], []])
@pytest.mark.parametrize("surrogate", SURROGATES)
def test_a_batch_of_one_class_gives_zero_with_a_graph(target, surrogate):
    score = torch.ones(len(target), requires_grad=True)
    loss = pairwise_auc(score, torch.tensor(target, dtype=torch.long), surrogate=surrogate)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(score.grad, torch.zeros(len(target)))


@pytest.mark.parametrize("column_target", [False, True])
def test_a_column_of_scores_is_read_as_a_vector(column_target):
    score, target = torch.tensor([0.3, 2.0, -1.0, 0.5]), torch.tensor([1, 0, 0, 1])
    column = score.unsqueeze(1).requires_grad_()
    loss = pairwise_auc(column, target.unsqueeze(1) if column_target else target)
    loss.backward()
    assert column.grad.shape == (4, 1)
    torch.testing.assert_close(loss, pairwise_auc(score, target))


@pytest.mark.parametrize("dtype", [torch.bool, torch.int32, torch.uint8, torch.float64])
def test_target_may_be_bool_integer_or_floating(dtype):
    score, target = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])
    assert torch.equal(pairwise_auc(score, target.to(dtype)), pairwise_auc(score, target))


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_descending_the_gradient_raises_the_auc(surrogate):
    score = torch.randn(40, generator=torch.Generator().manual_seed(0), requires_grad=True)
    target = torch.arange(40) % 4 == 0
    before = roc_auc_score(target.numpy(), score.detach().numpy())
    optimizer = torch.optim.SGD([score], lr=1.0)
    for _ in range(120):
        optimizer.zero_grad()
        pairwise_auc(score, target, surrogate=surrogate).backward()
        optimizer.step()
    assert before < 0.9
    assert roc_auc_score(target.numpy(), score.detach().numpy()) > 0.99


SCORE, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])


@pytest.mark.parametrize(
    ("score", "target", "options", "error", "argument"),
    [
        (torch.zeros(3, 2), TARGET, {}, ShapeError, "score"),
        (torch.tensor(1.0), TARGET, {}, ShapeError, "score"),
        (SCORE, TARGET[:2], {}, ShapeError, "target"),
        (SCORE, TARGET.unsqueeze(1), {}, ShapeError, "target"),
        (SCORE.long(), TARGET, {}, DtypeError, "score"),
        (SCORE.unsqueeze(1), [1, 0, 0], {}, DtypeError, "target"),
        (SCORE, torch.tensor([1.0, 0.0, 0.5]), {}, InvalidInputError, "target"),
        (SCORE * math.inf, TARGET, {}, InvalidInputError, "score"),
        (SCORE, TARGET, {"surrogate": "linear"}, InvalidInputError, "surrogate"),
        (SCORE, TARGET, {"margin": 0.0}, InvalidInputError, "margin"),
        (SCORE, TARGET, {"scale": math.nan}, InvalidInputError, "scale"),
        (SCORE, TARGET, {"margin": "1"}, DtypeError, "margin"),
    ],
)
def test_bad_input_is_named(score, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        pairwise_auc(score, target, **options)
