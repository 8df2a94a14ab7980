"""Representation alignment: identities, where it pulls and pushes, zero vectors, extremes, errors."""

import math

import pytest
import torch
from lossary.errors import InvalidInputError, ShapeError
from lossary_language.representation_alignment import example_inputs, representation_alignment


def inputs() -> dict[str, torch.Tensor]:
    example = example_inputs(torch.Generator().manual_seed(0))
    return {name: value.double() for name, value in example.items()}


def test_features_at_their_references_cost_the_number_of_forgotten_rows():
    given = inputs()
    given |= {"remaining": given["remaining_reference"], "forgotten": given["forgotten_reference"]}
    assert representation_alignment(**given).item() == pytest.approx(-4 * math.log(3))


def test_a_step_down_nears_kept_features_and_parts_forgotten_ones():
    given = inputs()
    names = ("remaining", "forgotten")
    for name in names:
        given[name] = given[name].clone().requires_grad_()
    representation_alignment(**given).backward()
    for name, nearer in zip(names, (True, False), strict=True):
        before = torch.cosine_similarity(given[name], given[f"{name}_reference"])
        moved = given[name] - 0.1 * given[name].grad
        after = torch.cosine_similarity(moved, given[f"{name}_reference"])
        assert ((after > before) == nearer).all()


def test_the_temperature_divides_the_distance_of_forgotten_rows_alone():
    given = inputs()
    kept = 1 - torch.cosine_similarity(given["remaining"], given["remaining_reference"])
    lost = 1 - torch.cosine_similarity(given["forgotten"], given["forgotten_reference"])
    wanted = kept.sum() - 4 * (lost / 5).logsumexp(0)
    torch.testing.assert_close(representation_alignment(**given, temperature=5.0), wanted)


@pytest.mark.parametrize("name", ["remaining", "remaining_reference", "forgotten", "forgotten_reference"])
def test_rows_of_zeros_have_a_distance_of_one_and_no_gradient(name):
    given = inputs()
    given[name] = torch.zeros_like(given[name])
    side = name.removesuffix("_reference")
    given[side] = given[side].clone().requires_grad_()
    loss = representation_alignment(**given)
    loss.backward()
    assert loss.isfinite()
    assert not given[side].grad.any()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_only_directions_count_at_any_scale(scale):
    given = {name: value.float() for name, value in inputs().items()}
    scaled = {name: value * scale for name, value in given.items()}
    torch.testing.assert_close(representation_alignment(**scaled), representation_alignment(**given))


@pytest.mark.parametrize(
    ("changed", "argument"),
    [
        ({"forgotten": torch.ones(0, 5), "forgotten_reference": torch.ones(0, 5)}, "forgotten"),
        ({"forgotten": torch.ones(3, 4)}, "forgotten"),
        ({"remaining": torch.ones(4, 0)}, "remaining"),
        ({"remaining_reference": torch.ones(3, 5)}, "remaining_reference"),
    ],
)
def test_shapes_that_do_not_fit_are_named(changed, argument):
    with pytest.raises(ShapeError, match=f"{argument}: got shape"):
        representation_alignment(**inputs() | changed)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(InvalidInputError, match="temperature: got"):
        representation_alignment(**inputs(), temperature=0.0)
