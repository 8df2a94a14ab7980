"""Spectral CRPS beyond conformance: the whole plane, shifts of fields, smooth fields, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.crps_ensemble import crps_ensemble
from lossary.losses.distributions.energy_score import energy_score
from lossary.losses.distributions.spectral_crps import LOSS, spectral_crps


def fields(height: int = 4, width: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((2, 3, height, width), (2, height, width))
    x, y = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)
    return x, y


@given(
    seed=st.integers(0, 2**16), shape=st.tuples(st.integers(1, 5), st.integers(1, 6)), alpha=st.floats(0, 1)
)
@settings(max_examples=30)
def test_is_the_sum_over_the_whole_plane(seed, shape, alpha):
    x, y = fields(*shape, seed)
    members, truth = (torch.fft.fft2(field, norm="forward") for field in (x, y))
    members = members.movedim(1, -1)
    options = {"alpha": alpha, "reduction": "none"}
    expected = crps_ensemble(members.abs(), truth.abs(), **options).sum((1, 2))
    torch.testing.assert_close(spectral_crps(x, y, **options), expected)
    parts = torch.view_as_real(members), torch.view_as_real(truth)
    expected = energy_score(*parts, **options).sum((1, 2))
    torch.testing.assert_close(spectral_crps(x, y, absolute=False, **options), expected)


def test_where_things_are_matters_to_complex_coefficients_only():
    x, y = fields()
    moved = x.roll((1, 2), (-2, -1))
    torch.testing.assert_close(spectral_crps(moved, y), spectral_crps(x, y))
    assert not torch.isclose(spectral_crps(moved, y, absolute=False), spectral_crps(x, y, absolute=False))


def test_members_that_are_too_smooth_cost_more_than_the_truth_moved():
    _, y = fields(16, 16)
    smooth = (y + y.roll(1, -1) + y.roll(1, -2)) / 3
    moved, smooth = (field.unsqueeze(1).repeat(1, 2, 1, 1) for field in (y.roll(3, -1), smooth))
    assert spectral_crps(moved, y).item() == pytest.approx(0, abs=1e-9)
    assert spectral_crps(smooth, y) > 1


def test_the_declared_metric_is_the_mean_over_coefficients():
    x, y = fields()
    (metric,) = LOSS.pairs_with
    assert 24 * metric(ensemble=x, target=y) == pytest.approx(spectral_crps(x, y).item())


X, Y = fields()


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "argument"),
    [
        (X[:, :0], Y, {}, ShapeError, "ensemble"),
        (X[..., :0], Y[..., :0], {}, ShapeError, "ensemble"),
        (X, Y[..., :5], {}, ShapeError, "target"),
        (X, Y.long(), {}, DtypeError, "target"),
        (X * math.inf, Y, {}, InvalidInputError, "ensemble"),
        (X, Y, {"alpha": 2.0}, InvalidInputError, "alpha"),
    ],
)
def test_bad_input_is_named(x, y, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        spectral_crps(x, y, **options)
