"""Label correlation beyond conformance: the sum over pairs, what of the matrix matters, digits and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.label_correlation import label_correlation


def labels(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.rand(6, 5, generator=generator, dtype=torch.float64)
    return prediction, torch.rand(5, 5, generator=generator, dtype=torch.float64)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_equals_the_sum_over_pairs(seed):
    prediction, correlation = labels(seed)
    difference = prediction.unsqueeze(2) - prediction.unsqueeze(1)
    expected = (correlation * difference.square()).sum((1, 2)) / 20
    torch.testing.assert_close(label_correlation(prediction, correlation, reduction="none"), expected)


def test_neither_the_diagonal_nor_the_side_of_an_entry_matters():
    prediction, correlation = labels(1)
    loss = label_correlation(prediction, correlation)
    torch.testing.assert_close(label_correlation(prediction, correlation.T), loss)
    torch.testing.assert_close(label_correlation(prediction, correlation + 1e6 * torch.eye(5)), loss)


def test_equal_probabilities_cost_nothing():
    _, correlation = labels()
    prediction = torch.tensor([0.1, 0.7, 1.0], dtype=torch.float64).unsqueeze(1).expand(3, 5)
    assert label_correlation(prediction, correlation).abs().item() < 1e-30


def test_uncorrelated_labels_are_left_alone():
    prediction = torch.rand(4, 3, requires_grad=True)
    correlation = torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    label_correlation(prediction, correlation).backward()
    assert prediction.grad[:, 2].abs().max() < 1e-7
    torch.testing.assert_close(prediction.grad[:, 0], -prediction.grad[:, 1])


def test_a_small_spread_keeps_its_digits():
    prediction = torch.tensor([[0.5, 0.5 + 2**-12]])
    correlation = torch.ones(2, 2)
    assert label_correlation(prediction, correlation).item() == pytest.approx(2**-24, rel=1e-6)


def test_a_single_label_and_an_empty_batch_give_zero_with_a_graph():
    for shape in ((3, 1), (0, 4)):
        prediction = torch.full(shape, 0.5, requires_grad=True)
        loss = label_correlation(prediction, torch.ones(shape[1], shape[1]))
        loss.backward()
        assert loss.item() == 0
        assert not prediction.grad.any()


PREDICTION, CORRELATION = labels()


@pytest.mark.parametrize(
    ("prediction", "correlation", "error", "argument"),
    [
        (PREDICTION[0], CORRELATION, ShapeError, "prediction"),
        (PREDICTION.long(), CORRELATION, DtypeError, "prediction"),
        (PREDICTION + 1, CORRELATION, InvalidInputError, "prediction"),
        (PREDICTION, CORRELATION[:, :4], ShapeError, "correlation"),
        (PREDICTION, CORRELATION[:4, :4], ShapeError, "correlation"),
        (PREDICTION, CORRELATION.long(), DtypeError, "correlation"),
        (PREDICTION, -CORRELATION, InvalidInputError, "correlation"),
        (PREDICTION, CORRELATION * math.nan, InvalidInputError, "correlation"),
    ],
)
def test_bad_input_is_named(prediction, correlation, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        label_correlation(prediction, correlation)
