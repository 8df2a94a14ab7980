"""Multi-positive InfoNCE beyond conformance: a loop oracle, shared negatives, dropped anchors and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.multi_positive_info_nce import LOSS, multi_positive_info_nce
from lossary.losses.retrieval.decoupled_softmax import decoupled_softmax
from torch.nn.functional import cosine_similarity


def batch(
    anchors: int = 4, positives: int = 2, negatives: int = 3, seed: int = 0
) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    shapes = (anchors, 3), (anchors, positives, 3), (anchors, negatives, 3)
    anchor, positive, negative = (
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes
    )
    return anchor, positive, negative


@given(
    seed=st.integers(0, 2**16),
    positives=st.integers(1, 4),
    negatives=st.integers(1, 4),
    temperature=st.floats(0.1, 2),
)
@settings(max_examples=25)
def test_is_the_decoupled_softmax_of_the_cosines(seed, positives, negatives, temperature):
    anchor, positive, negative = batch(4, positives, negatives, seed)
    others = torch.cat([positive, negative], 1)
    logits = cosine_similarity(anchor.unsqueeze(1), others, dim=2) / temperature
    target = torch.zeros_like(logits, dtype=torch.bool)
    target[:, :positives] = True
    found = multi_positive_info_nce(anchor, positive, negative, temperature=temperature, reduction="none")
    torch.testing.assert_close(found.mean(1), decoupled_softmax(logits, target, reduction="none"))


def test_positives_do_not_compete():
    anchor, positive, negative = batch()
    both = multi_positive_info_nce(anchor, positive, negative, reduction="none")
    first = multi_positive_info_nce(anchor, positive[:, :1], negative, reduction="none")
    torch.testing.assert_close(both[:, :1], first)


def test_shared_negatives_are_those_of_every_anchor():
    anchor, positive, negative = batch()
    torch.testing.assert_close(
        multi_positive_info_nce(anchor, positive, negative[0]),
        multi_positive_info_nce(anchor, positive, negative[:1].expand(4, -1, -1)),
    )


def test_an_anchor_that_does_not_count_is_zero_and_out_of_the_mean():
    anchor, positive, negative = batch()
    anchor.requires_grad_()
    mask = torch.tensor([True, False, True, True])
    values = multi_positive_info_nce(anchor, positive, negative, mask, reduction="none")
    mean = multi_positive_info_nce(anchor, positive, negative, mask)
    kept = multi_positive_info_nce(anchor[mask], positive[mask], negative[mask])
    mean.backward()
    assert not values[1].any()
    torch.testing.assert_close(mean, kept)
    assert not anchor.grad[1].any()


@pytest.mark.parametrize("case", ["no_anchor", "none_counts"])
def test_without_an_anchor_that_counts_it_is_zero_with_a_graph(case):
    anchor, positive, negative = batch(0 if case == "no_anchor" else 4)
    anchor.requires_grad_()
    mask = torch.zeros(len(anchor), dtype=torch.bool)
    loss = multi_positive_info_nce(anchor, positive, negative, mask)
    loss.backward()
    assert loss.item() == 0
    assert not anchor.grad.any()


def test_a_small_loss_keeps_its_digits():
    anchor = torch.tensor([[1.0, 0.0]])
    loss = multi_positive_info_nce(anchor, anchor.unsqueeze(1), -anchor)
    assert loss.item() == pytest.approx(math.exp(-2 / 0.07), rel=1e-5)


def test_rows_of_zeros_have_cosines_of_zero():
    anchor, positive, negative = batch()
    anchor = (0 * anchor).requires_grad_()
    loss = multi_positive_info_nce(anchor, positive, negative)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(4))  # one positive and three negatives that weigh the same
    assert anchor.grad.isfinite().all()


def test_rows_of_any_length_have_a_direction():
    inputs = [rows.float() for rows in batch()]
    expected = multi_positive_info_nce(*inputs)
    for scale in (1e-30, 1e30):
        torch.testing.assert_close(multi_positive_info_nce(*(rows * scale for rows in inputs)), expected)


def test_the_exact_metric_looks_for_each_positive_among_the_negatives():
    (recall,) = LOSS.pairs_with
    anchor = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    positive = torch.tensor([[[1.0, 0.1], [-1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]])
    negative = torch.tensor([[1.0, 1.0], [0.0, -1.0]])
    assert recall(anchor=anchor, positive=positive, negative=negative) == 0.25
    mask = torch.tensor([True, False])
    assert recall(anchor=anchor, positive=positive, negative=negative, anchor_mask=mask) == 0.5


ANCHOR, POSITIVE, NEGATIVE = batch()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((ANCHOR[0], POSITIVE, NEGATIVE), ShapeError, "anchor"),
        ((ANCHOR[:, :0], POSITIVE, NEGATIVE), ShapeError, "anchor: .*at least one column"),
        ((ANCHOR, POSITIVE[0], NEGATIVE), ShapeError, "positive: .*anchors, positives, dim"),
        ((ANCHOR, POSITIVE[:3], NEGATIVE), ShapeError, "positive"),
        ((ANCHOR, POSITIVE[:, :0], NEGATIVE), ShapeError, "positive: .*at least one"),
        ((ANCHOR, POSITIVE, NEGATIVE[..., :2]), ShapeError, "negative"),
        ((ANCHOR, POSITIVE, NEGATIVE[:3]), ShapeError, "negative"),
        ((ANCHOR, POSITIVE, NEGATIVE[0, 0]), ShapeError, "negative: .*anchors, negatives, dim"),
        ((ANCHOR, POSITIVE, NEGATIVE[0, :0]), ShapeError, "negative: .*at least one"),
        ((ANCHOR, POSITIVE.int(), NEGATIVE), DtypeError, "positive"),
        ((ANCHOR, POSITIVE, NEGATIVE * math.inf), InvalidInputError, "negative"),
        ((ANCHOR, POSITIVE, NEGATIVE, torch.ones(3, dtype=torch.bool)), ShapeError, "anchor_mask"),
        ((ANCHOR, POSITIVE, NEGATIVE, torch.ones(4)), DtypeError, "anchor_mask"),
    ],
)
def test_bad_input_is_named(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        multi_positive_info_nce(*arguments)


def test_the_temperature_must_be_above_zero():
    with pytest.raises(InvalidInputError, match=r"^temperature: got 0"):
        multi_positive_info_nce(ANCHOR, POSITIVE, NEGATIVE, temperature=0.0)


def test_nan_reaches_the_loss_where_values_are_not_checked():
    with checks(False):
        assert multi_positive_info_nce(ANCHOR * math.nan, POSITIVE, NEGATIVE).isnan()
