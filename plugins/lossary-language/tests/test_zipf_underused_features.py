"""Underused features by Zipf's law: recorded values, totals, what the options do, errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.zipf_underused_features import zipf_underused_features

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "046-zipf_underused_features.json")
DENSITY = torch.tensor([0.3, 0.0, 0.5, 0.05, 0.02], dtype=torch.float64)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_targets(case):
    found = zipf_underused_features(torch.from_numpy(case.inputs["density"]), **case.params)
    wanted = torch.tensor(case.expected["target"], dtype=torch.float64)
    torch.testing.assert_close(found.target, wanted, rtol=case.rtol, atol=case.atol)
    assert found.underused.tolist() == case.expected["underused"]


@pytest.mark.parametrize("options", [{}, {"exponent": 2.5}, {"exponent": 500.0}, {"offset": -0.9}])
def test_targets_have_the_total_and_the_order_of_the_densities(options):
    target = zipf_underused_features(DENSITY, **options).target
    torch.testing.assert_close(target.sum(), DENSITY.sum())
    assert (target[DENSITY.argsort(descending=True)].diff() <= 0).all()


def test_a_flat_law_expects_the_mean_of_all():
    target = zipf_underused_features(DENSITY, exponent=0.0).target
    torch.testing.assert_close(target, DENSITY.mean().expand(5))


def test_without_tolerance_only_dead_features_are_left():
    assert zipf_underused_features(DENSITY, tolerance=0.0).underused.tolist() == (DENSITY == 0).tolist()


def test_densities_of_the_law_are_enough():
    law = 0.2 / torch.arange(1, 6, dtype=torch.float64)
    assert not zipf_underused_features(law, tolerance=0.999).underused.any()


def test_no_feature_gives_nothing():
    assert [tuple(field.shape) for field in zipf_underused_features(torch.zeros(0))] == [(0,), (0,)]


@pytest.mark.parametrize(
    ("density", "options", "error", "argument"),
    [
        (DENSITY[None], {}, ShapeError, "density"),
        (torch.ones(3, dtype=torch.int64), {}, DtypeError, "density"),
        (-DENSITY, {}, InvalidInputError, "density"),
        (DENSITY * math.nan, {}, InvalidInputError, "density"),
        (DENSITY, {"exponent": -1.0}, InvalidInputError, "exponent"),
        (DENSITY, {"offset": -1.0}, InvalidInputError, "offset"),
        (DENSITY, {"tolerance": -0.1}, InvalidInputError, "tolerance"),
    ],
)
def test_bad_input_is_named(density, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        zipf_underused_features(density, **options)
