"""The online hard-negative triplet beyond conformance: loops, its quirks, missing negatives and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.retrieval.online_hard_negative_triplet import LOSS, online_hard_negative_triplet


def batch(queries: int = 4, labels: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(queries, labels, generator=generator, dtype=torch.float64)
    return scores, torch.rand(queries, labels, generator=generator) < 0.3


def by_loops(scores, positive, *, margin, num_negatives, softmax_temperature):
    slots, values = min(num_negatives, scores.shape[1]), []
    for i, row in enumerate(scores.tolist()):
        rivals = [s for j, s in enumerate(row) if j != i and not positive[i, j]]
        hard = sorted(rivals, reverse=True)[:slots]
        hinges = [max(0.0, s - row[i] + margin) for s in hard]
        weights = [1.0] * len(hard)
        if softmax_temperature is not None:
            logits = [s / softmax_temperature if h else 0.0 for s, h in zip(hard, hinges, strict=True)]
            raised = [math.exp(value) for value in logits + [0.0] * (slots - len(hard))]
            weights = [value / sum(raised) for value in raised[: len(hard)]]
        values.append(sum(h * w for h, w in zip(hinges, weights, strict=True)) / slots)
    return torch.tensor(values, dtype=torch.float64)


@given(
    seed=st.integers(0, 2**16),
    margin=st.floats(0, 1),
    num_negatives=st.integers(1, 8),
    softmax_temperature=st.none() | st.floats(0.1, 3),
)
@settings(max_examples=40)
def test_equals_plain_loops(seed, margin, num_negatives, softmax_temperature):
    scores, positive = batch(seed=seed)
    options = {
        "margin": margin,
        "num_negatives": num_negatives,
        "softmax_temperature": softmax_temperature,
    }
    found = online_hard_negative_triplet(scores, positive, **options, reduction="none")
    torch.testing.assert_close(found, by_loops(scores, positive, **options))


def test_the_diagonal_is_never_a_negative():
    scores, positive = batch(4, 4)
    cleared = positive & ~torch.eye(4, dtype=torch.bool)
    assert torch.equal(
        online_hard_negative_triplet(scores, positive), online_hard_negative_triplet(scores, cleared)
    )
    nothing = torch.zeros_like(positive)
    assert torch.equal(online_hard_negative_triplet(scores), online_hard_negative_triplet(scores, nothing))


def test_the_weights_carry_a_gradient():
    scores = torch.tensor([[0.5, 0.6, 0.4]], dtype=torch.float64, requires_grad=True)
    loss = online_hard_negative_triplet(scores, margin=0.3, num_negatives=2, softmax_temperature=0.1)
    loss.backward()
    share = 1 / (1 + math.exp(-2))  # of 0.6 against 0.4 at a temperature of 0.1
    of_weights = share * (1 - share) * (0.4 - 0.2) / 0.1
    torch.testing.assert_close(scores.grad[0, 1].item(), (share + of_weights) / 2)


def test_a_satisfied_negative_keeps_its_share_of_the_softmax():
    scores = torch.tensor([[0.5, 0.4, -0.9]], dtype=torch.float64)
    loss = online_hard_negative_triplet(scores, margin=0.3, num_negatives=2, softmax_temperature=0.1)
    assert loss.item() == pytest.approx(0.2 / (1 + math.exp(-4)) / 2)


def test_a_hinge_at_zero_has_no_gradient():
    scores = torch.tensor([[1.0, 0.5]], requires_grad=True)
    online_hard_negative_triplet(scores, margin=0.5).backward()
    assert not scores.grad.any()


@pytest.mark.parametrize("softmax_temperature", [None, 0.1])
def test_a_row_without_negatives_has_zero(softmax_temperature):
    scores, _ = batch(3, 3)
    scores.requires_grad_()
    positive = torch.zeros(3, 3, dtype=torch.bool)
    positive[1] = True
    values = online_hard_negative_triplet(
        scores, positive, margin=2.0, softmax_temperature=softmax_temperature, reduction="none"
    )
    values.sum().backward()
    assert (values != 0).tolist() == [True, False, True]
    assert scores.grad.isfinite().all()
    assert not scores.grad[1].any()


def test_one_label_gives_zero_with_a_graph():
    scores = torch.ones(1, 1, requires_grad=True)
    loss = online_hard_negative_triplet(scores)
    loss.backward()
    assert loss.item() == 0


def test_a_small_temperature_takes_the_hardest_violation():
    scores = torch.tensor([[0.5, 0.6, 0.4]])
    loss = online_hard_negative_triplet(scores, num_negatives=2, softmax_temperature=1e-30)
    assert loss.item() == pytest.approx(0.4 / 2)


@pytest.mark.parametrize("softmax_temperature", [None, 0.1])
def test_nan_reaches_the_loss_where_values_are_not_checked(softmax_temperature):
    scores, _ = batch()
    scores[1, 3] = math.nan
    with checks(False):
        assert online_hard_negative_triplet(scores, softmax_temperature=softmax_temperature).isnan()


def test_softmax_weights_compile_and_have_right_derivatives():
    scores, positive = batch()
    scores.requires_grad_()

    def loss(values: torch.Tensor) -> torch.Tensor:
        return online_hard_negative_triplet(values, positive, softmax_temperature=0.3, reduction="none")

    assert torch.autograd.gradcheck(loss, scores)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(scores), loss(scores))


def test_exact_metrics_know_the_own_label_without_a_mask():
    precision, recall = LOSS.pairs_with
    scores = torch.tensor([[0.9, 0.8, 0.1, 0.0], [0.9, 0.8, 0.1, 0.0]])
    assert precision(scores=scores) == 0.5
    assert recall(scores=scores) == 1.0
    both = torch.tensor([[False, False, False, True], [True, False, False, False]])
    assert precision(scores=scores, positive=both) == 1.0
    assert recall(scores=scores, positive=both) == 0.75


SCORES, POSITIVE = batch()


@pytest.mark.parametrize(
    ("scores", "positive", "options", "error", "argument"),
    [
        (SCORES.T, None, {}, ShapeError, "scores: got 4 labels for 6 queries"),
        (SCORES, POSITIVE[:, :4], {}, ShapeError, "positive"),
        (SCORES, POSITIVE.long(), {}, DtypeError, "positive: got dtype torch.int64; wanted bool"),
        (SCORES, POSITIVE, {"margin": -0.1}, InvalidInputError, "margin"),
        (SCORES, POSITIVE, {"num_negatives": 0}, InvalidInputError, "num_negatives"),
        (SCORES, POSITIVE, {"num_negatives": 2.0}, DtypeError, "num_negatives"),
        (SCORES, POSITIVE, {"softmax_temperature": 0.0}, InvalidInputError, "softmax_temperature"),
    ],
)
def test_bad_input_is_named(scores, positive, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        online_hard_negative_triplet(scores, positive, **options)
