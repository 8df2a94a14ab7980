"""Optimistic mirror descent: recorded steps, minimisers, a game where the hint pays, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UnsupportedOptionError
from lossary.training.optimistic_mirror_descent_step import optimistic_mirror_descent_step

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "149-optimistic_mirror_descent_step.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_steps(case):
    inputs = {name: torch.from_numpy(array) for name, array in case.inputs.items()}
    found = optimistic_mirror_descent_step(**inputs, **case.params)
    for name, actual in found._asdict().items():
        wanted = torch.tensor(case.expected[name], dtype=torch.float64)
        torch.testing.assert_close(actual, wanted, rtol=case.rtol, atol=case.atol)


@given(seed=st.integers(0, 2**16), geometry=st.sampled_from(["euclidean", "entropic"]))
@settings(max_examples=20)
def test_no_hint_makes_both_points_one_and_they_stay_inside(seed, geometry):
    generator = torch.Generator().manual_seed(seed)
    start, gradient = 5 * torch.randn(2, 4, generator=generator, dtype=torch.float64)
    anchor = start.softmax(0)
    options = {"radius": 0.5} if geometry == "euclidean" else {}
    found = optimistic_mirror_descent_step(
        anchor, gradient, torch.zeros(4).double(), step_size=0.7, geometry=geometry, **options
    )
    torch.testing.assert_close(found.new_point, found.new_anchor)
    if geometry == "euclidean":
        assert found.new_point.norm() <= 0.5 + 1e-12
    else:
        assert found.new_point.sum().item() == pytest.approx(1)
        assert (found.new_point >= 0).all()


def test_large_steps_on_the_simplex_stay_numbers_and_zeros_stay_zero():
    anchor = torch.tensor([0.5, 0.5, 0.0])
    found = optimistic_mirror_descent_step(
        anchor, torch.tensor([1e4, 0.0, -1e4]), torch.zeros(3), step_size=10.0, geometry="entropic"
    )
    assert found.new_point.tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(("optimistic", "ends"), [(True, "near"), (False, "far")])
def test_in_a_game_the_last_gradient_as_a_hint_leads_to_the_equilibrium(optimistic, ends):
    payoff = torch.tensor([[0.0, 1.0, -1.0], [-1.0, 0.0, 1.0], [1.0, -1.0, 0.0]], dtype=torch.float64)
    first = second = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)  # of rock, paper, scissors
    anchors = (first, second)
    for _ in range(500):
        slopes = (payoff @ second, -payoff.T @ first)
        steps = [
            optimistic_mirror_descent_step(
                anchor,
                slope,
                slope if optimistic else torch.zeros_like(slope),
                step_size=0.3,
                geometry="entropic",
            )
            for anchor, slope in zip(anchors, slopes, strict=True)
        ]
        anchors = tuple(step.new_anchor for step in steps)
        first, second = (step.new_point for step in steps)
    away = (first - 1 / 3).abs().max()
    assert away < 1e-3 if ends == "near" else away > 0.3


THIRDS, OPTIONS = torch.full((4,), 0.25), {"step_size": 0.1}


@pytest.mark.parametrize(
    ("tensors", "options", "error", "argument"),
    [
        ((THIRDS.unsqueeze(0), THIRDS, THIRDS), {}, ShapeError, "anchor"),
        ((THIRDS[:0], THIRDS[:0], THIRDS[:0]), {}, ShapeError, "anchor"),
        ((THIRDS, THIRDS[:2], THIRDS), {}, ShapeError, "gradient"),
        ((THIRDS, THIRDS, THIRDS[:2]), {}, ShapeError, "hint"),
        ((THIRDS, THIRDS, THIRDS.long()), {}, DtypeError, "hint"),
        ((THIRDS, THIRDS * math.nan, THIRDS), {}, InvalidInputError, "gradient"),
        ((THIRDS, THIRDS, THIRDS), {"step_size": 0.0}, InvalidInputError, "step_size"),
        ((THIRDS, THIRDS, THIRDS), {"radius": -1.0}, InvalidInputError, "radius"),
        ((THIRDS, THIRDS, THIRDS), {"geometry": "hyperbolic"}, InvalidInputError, "geometry"),
        ((THIRDS, THIRDS, THIRDS), {"geometry": "entropic", "radius": 1.0}, UnsupportedOptionError, "radius"),
        ((THIRDS * 2, THIRDS, THIRDS), {"geometry": "entropic"}, InvalidInputError, "anchor"),
        ((THIRDS - torch.eye(4)[0], THIRDS, THIRDS), {"geometry": "entropic"}, InvalidInputError, "anchor"),
    ],
)
def test_bad_input_is_named(tensors, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        optimistic_mirror_descent_step(*tensors, **(OPTIONS | options))
