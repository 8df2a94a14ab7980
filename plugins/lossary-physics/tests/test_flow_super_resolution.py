"""Flow super-resolution: recorded terms, fields with known gradients and divergence, spacing, errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.flow_super_resolution import LOSS, flow_super_resolution, flow_super_resolution_terms

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "134-flow_super_resolution.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_terms_equal_the_recorded_values(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    found = flow_super_resolution_terms(**inputs, **case.params)
    for name, wanted in case.expected.items():
        assert getattr(found, name).item() == pytest.approx(wanted, rel=case.rtol, abs=1e-9)


def waves(points: int) -> tuple[torch.Tensor, float]:
    """A plane flow with a source, sin x along x, on a periodic box; and the distance of its points."""
    step = 2 * math.pi / points
    x = step * torch.arange(points, dtype=torch.float64)
    along = x.sin().unsqueeze(1).expand(points, points)
    return torch.stack([along, torch.zeros_like(along)]).unsqueeze(0), step


def test_gradients_and_sources_of_a_wave_are_those_of_calculus():
    flow, step = waves(64)
    terms = flow_super_resolution_terms(flow, torch.zeros_like(flow), spacing=step)
    assert terms.pixel.item() == pytest.approx(1 / 4)  # of sin^2, on one component of two
    assert terms.continuity.item() == pytest.approx(1 / 2, rel=1e-2)  # of cos^2
    assert terms.gradient.item() == pytest.approx(1 / 8, rel=1e-2)  # in one of four derivatives


def test_a_shear_flow_has_no_source():
    flow, step = waves(16)
    shear = flow.transpose(2, 3)  # sin y along x
    terms = flow_super_resolution_terms(shear, shear, spacing=step)
    assert terms == (0, 0, 0, 0)


def test_spacing_may_differ_by_axis():
    generator = torch.Generator().manual_seed(0)
    field, target = torch.randn(2, 1, 2, 4, 5, generator=generator, dtype=torch.float64)
    along = flow_super_resolution_terms(field, target, spacing=(0.5, 1e15)).gradient
    across = flow_super_resolution_terms(field, target, spacing=(1e15, 2.0)).gradient
    both = flow_super_resolution_terms(field, target, spacing=(0.5, 2.0)).gradient
    torch.testing.assert_close(both, along + across)
    equal = flow_super_resolution(field, target, spacing=(0.5, 0.5))
    torch.testing.assert_close(flow_super_resolution(field, target, spacing=0.5), equal)


def test_the_metric_is_the_relative_error_of_the_velocities():
    target = torch.ones(1, 2, 3, 3)
    (metric,) = LOSS.pairs_with
    assert metric(prediction=1.5 * target, target=target) == pytest.approx(0.5)


def test_the_loss_is_the_weighted_sum_of_its_terms():
    generator = torch.Generator().manual_seed(0)
    field, target = torch.randn(2, 2, 3, 3, 4, 3, generator=generator, dtype=torch.float64)
    weights = {"pixel_weight": 0.5, "gradient_weight": 2.0, "continuity_weight": 3.0}
    terms = flow_super_resolution_terms(field, target, **weights)
    torch.testing.assert_close(terms.loss, 0.5 * terms.pixel + 2 * terms.gradient + 3 * terms.continuity)


FIELD = torch.zeros(2, 2, 4, 3)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "argument"),
    [
        (torch.zeros(2, 3, 4, 3), torch.zeros(2, 3, 4, 3), {}, ShapeError, "prediction"),
        (torch.zeros(2, 2, 4, 2), torch.zeros(2, 2, 4, 2), {}, ShapeError, "prediction"),
        (torch.zeros(2, 0), torch.zeros(2, 0), {}, ShapeError, "prediction"),
        (FIELD, FIELD[:1], {}, ShapeError, "target"),
        (FIELD, FIELD.long(), {}, DtypeError, "target"),
        (FIELD * math.nan, FIELD, {}, InvalidInputError, "prediction"),
        (FIELD, FIELD, {"spacing": 0.0}, InvalidInputError, "spacing"),
        (FIELD, FIELD, {"spacing": (1.0, -1.0)}, InvalidInputError, "spacing"),
        (FIELD, FIELD, {"spacing": (1.0, 1.0, 1.0)}, InvalidInputError, "spacing: .* 2, one for each axis"),
        (FIELD, FIELD, {"pixel_weight": -1.0}, InvalidInputError, "pixel_weight"),
        (FIELD, FIELD, {"gradient_weight": -1.0}, InvalidInputError, "gradient_weight"),
        (FIELD, FIELD, {"continuity_weight": -1.0}, InvalidInputError, "continuity_weight"),
    ],
)
def test_bad_input_is_named(prediction, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        flow_super_resolution(prediction, target, **options)
