"""Nested dropout: recorded values, gradients and distributions, the layer, training that orders features."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.nested_dropout import NestedDropout, nested_dropout, nested_dropout_distribution

FOLDER = Path(__file__).parents[1] / "goldens"
GOLDENS = load_goldens(FOLDER / "074-nested_dropout.json")
DISTRIBUTIONS = load_goldens(FOLDER / "074-nested_dropout_distribution.json")
ROWS = torch.ones(2, 3)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    features = torch.from_numpy(case.inputs["features"]).requires_grad_()
    output = nested_dropout(features, torch.from_numpy(case.inputs["length"]), **case.params)
    assert output.tolist() == case.expected["output"]
    output.sum().backward()
    assert features.grad.tolist() == case.grad["features"].tolist()


@pytest.mark.parametrize("case", DISTRIBUTIONS.cases, ids=str)
def test_goldens_of_distributions(case):
    probability = nested_dropout_distribution(**case.params)
    torch.testing.assert_close(probability, torch.tensor(case.expected["probability"]))


def test_what_is_dropped_need_not_be_finite():
    features = torch.tensor([[1.0, math.nan]], requires_grad=True)
    output = nested_dropout(features, torch.tensor([1]))
    output.sum().backward()
    assert output.tolist() == [[1.0, 0.0]]
    assert features.grad.tolist() == [[1.0, 0.0]]


def test_the_layer_draws_lengths_with_their_probabilities_in_training():
    layer, generator = NestedDropout(4, std=2.0), torch.Generator().manual_seed(0)
    drawn = [int(layer(torch.ones(1, 4), generator=generator).sum()) for _ in range(2000)]
    shares = torch.bincount(torch.tensor(drawn), minlength=5)[1:] / 2000
    torch.testing.assert_close(shares, nested_dropout_distribution(size=4, std=2.0), atol=0.04, rtol=0)
    rows = layer(torch.ones(3, 4))
    assert rows.equal(rows[:1].expand(3, 4))


@pytest.mark.parametrize(("length", "kept"), [(None, 3), (2, 2)])
def test_the_layer_keeps_one_length_in_evaluation(length, kept):
    assert NestedDropout(3, length=length).eval()(ROWS).sum(1).tolist() == [kept, kept]


def test_training_with_it_moves_what_matters_to_the_first_features():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(256, 6, generator=generator) * torch.tensor([3.0, 2.0, 1.0, 0.5, 0.2, 0.1])
    encode = torch.nn.Parameter(0.3 * torch.randn(6, 6, generator=generator))
    decode = torch.nn.Parameter(0.3 * torch.randn(6, 6, generator=generator))
    layer = NestedDropout(6, std=4.0)
    optimizer = torch.optim.Adam([encode, decode], lr=0.03)

    def missed(length):
        code = nested_dropout(inputs @ encode, torch.tensor([length]))
        return (code @ decode - inputs).square().sum(1).mean()

    for _ in range(500):
        optimizer.zero_grad()
        code = layer(inputs @ encode, generator=generator)
        (code @ decode - inputs).square().sum(1).mean().backward()
        optimizer.step()
    spread = inputs.square().sum(1).mean()
    assert missed(1) < 0.45 * spread
    assert missed(2) < 0.15 * spread


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (lambda: nested_dropout(ROWS[0], torch.tensor([1])), ShapeError, "features"),
        (lambda: nested_dropout(ROWS.long(), torch.tensor([1])), DtypeError, "features"),
        (lambda: nested_dropout(ROWS, torch.tensor([1.0])), DtypeError, "length"),
        (lambda: nested_dropout(ROWS, torch.tensor([1, 2, 3])), ShapeError, "length: got 3"),
        (lambda: nested_dropout(ROWS, torch.tensor([0])), InvalidInputError, "length: got lengths from 0"),
        (lambda: nested_dropout(ROWS, torch.tensor([1, 4])), InvalidInputError, "length"),
        (lambda: nested_dropout_distribution(size=0), InvalidInputError, "size"),
        (lambda: nested_dropout_distribution(size=2.0), DtypeError, "size"),
        (lambda: nested_dropout_distribution(size=2, std=0.0), InvalidInputError, "std"),
        (lambda: NestedDropout(3, length=4), InvalidInputError, "length"),
        (lambda: NestedDropout(4)(ROWS), ShapeError, "features: got 3 columns"),
    ],
)
def test_bad_input_is_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
