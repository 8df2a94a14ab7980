"""Auxiliary top-k: against loops, what gets a gradient, features that nobody selected, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.auxiliary_top_k import auxiliary_top_k, example_inputs
from lossary_language.zipf_underused_features import zipf_underused_features


def inputs(seed: int = 0) -> dict[str, torch.Tensor]:
    example = example_inputs(torch.Generator().manual_seed(seed))
    return {name: value.double() if value.is_floating_point() else value for name, value in example.items()}


def by_loops(residual, pre_activation, decoder, selected, *, k: int) -> float:
    total = 0.0
    for error, row in zip(residual, pre_activation, strict=True):
        live = sorted((feature for feature in range(len(row)) if selected[feature]), key=lambda f: -row[f])
        rest = error.clone()
        for feature in live[:k]:
            rest -= max(row[feature].item(), 0.0) * decoder[feature]
        total += rest.square().sum().item()
    return total / len(residual)


@given(seed=st.integers(0, 2**16), k=st.integers(1, 9))
@settings(max_examples=20)
def test_equals_loops_over_tokens_and_features(seed, k):
    given_inputs = inputs(seed)
    loss = auxiliary_top_k(**given_inputs, k=k, coefficient=1.0)
    assert loss.item() == pytest.approx(by_loops(**given_inputs, k=k))


def test_only_the_strongest_selected_features_that_fire_learn():
    given_inputs = inputs()
    given_inputs["pre_activation"] = torch.tensor([[3.0, 9.0, 2.0, 1.0, 9.0, -1.0]]).double().repeat(4, 1)
    leaf = given_inputs["pre_activation"].requires_grad_()
    auxiliary_top_k(**given_inputs, k=2).backward()
    assert leaf.grad.bool().all(0).tolist() == [True, False, True, False, False, False]


def test_the_residual_receives_no_gradient():
    given_inputs = {
        name: value.requires_grad_() if value.is_floating_point() else value
        for name, value in inputs().items()
    }
    auxiliary_top_k(**given_inputs).backward()
    assert given_inputs["residual"].grad is None


def test_no_selected_feature_gives_zero_with_a_graph():
    given_inputs = inputs() | {"selected": torch.zeros(6, dtype=torch.bool)}
    leaves = [given_inputs[name].requires_grad_() for name in ("pre_activation", "decoder")]
    loss = auxiliary_top_k(**given_inputs)
    loss.backward()
    assert loss.item() == 0
    assert not any(leaf.grad.any() for leaf in leaves)


def test_underused_features_take_the_place_of_dead_ones():
    density = torch.tensor([0.5, 0.0, 0.2, 0.01, 0.1, 0.0])
    given_inputs = inputs() | {"selected": zipf_underused_features(density).underused}
    dead = inputs() | {"selected": density == 0}
    assert given_inputs["selected"].sum() > dead["selected"].sum()
    assert auxiliary_top_k(**given_inputs) != auxiliary_top_k(**dead)


@pytest.mark.parametrize("shape", [(0, 6), (4, 0)], ids=["no_token", "no_feature"])
def test_nothing_to_revive_gives_zero(shape):
    tokens, features = shape
    loss = auxiliary_top_k(
        torch.ones(tokens, 3),
        torch.ones(tokens, features, requires_grad=True),
        torch.ones(features, 3),
        torch.ones(features, dtype=torch.bool),
    )
    loss.backward()
    assert loss.item() == 0


@pytest.mark.parametrize(
    ("changed", "error", "argument"),
    [
        ({"pre_activation": torch.ones(3, 6)}, ShapeError, "pre_activation"),
        ({"decoder": torch.ones(3, 6)}, ShapeError, "decoder"),
        ({"selected": torch.ones(5, dtype=torch.bool)}, ShapeError, "selected"),
        ({"selected": torch.ones(6)}, DtypeError, "selected"),
        ({"decoder": torch.full((6, 3), math.nan)}, InvalidInputError, "decoder"),
        ({"k": 0}, InvalidInputError, "k"),
        ({"k": 2.0}, DtypeError, "k"),
        ({"coefficient": -1.0}, InvalidInputError, "coefficient"),
    ],
)
def test_bad_input_is_named(changed, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        auxiliary_top_k(**inputs() | changed)
