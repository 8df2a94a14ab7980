"""spread_skill_ratio and rank_histogram: goldens, definitions, reliable ensembles, ties, what is refused."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import forecasts, rank_histogram, spread_skill_ratio

GOLDENS = Path(__file__).parents[1] / "goldens"
RANDOM = np.random.default_rng(14)
E, T = RANDOM.normal(size=(5, 3)), RANDOM.normal(size=5)


@pytest.mark.parametrize("case", load_goldens(GOLDENS / "087-spread_skill_ratio.json").cases, ids=str)
def test_golden_ratios(case):
    found = spread_skill_ratio(**case.inputs, **case.params)
    assert found._asdict() == pytest.approx(case.expected, rel=case.rtol, abs=case.atol)


@pytest.mark.parametrize("case", load_goldens(GOLDENS / "087-rank_histogram.json").cases, ids=str)
def test_golden_histograms(case):
    found = rank_histogram(**case.inputs, **case.params)
    np.testing.assert_allclose(found, case.expected["counts"], rtol=case.rtol, atol=case.atol)


def reliable(members: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    centre = 10 * RANDOM.normal(size=20000)
    return centre[:, None] + spread * RANDOM.normal(size=(20000, members)), centre + RANDOM.normal(size=20000)


@pytest.mark.parametrize("correction", ["subtract", "inflate"])
def test_a_reliable_ensemble_of_few_members_has_a_ratio_of_one(correction):
    found = spread_skill_ratio(*reliable(3), correction=correction)
    assert found.ratio == pytest.approx(1.0, abs=0.03)
    assert spread_skill_ratio(*reliable(3), correction="none").ratio < 0.9


@pytest.mark.parametrize(("spread", "middle"), [(0.5, 0.1), (1.0, 0.2), (2.0, 0.29)])
def test_the_histogram_is_flat_high_at_the_ends_or_high_in_the_middle(spread, middle):
    found = rank_histogram(*reliable(4, spread))
    assert found.sum() == pytest.approx(1.0)
    assert found[2] == pytest.approx(middle, abs=0.02)
    if spread == 1.0:
        np.testing.assert_allclose(found, 0.2, atol=0.02)


@given(
    seed=st.integers(0, 2**16), members=st.integers(1, 5), ties=st.sampled_from(["split", "left", "right"])
)
@settings(max_examples=40)
def test_each_point_adds_its_weight_to_its_ranks(seed, members, ties):
    random = np.random.default_rng(seed)
    ensemble, target, weight = random.integers(0, 3, (6, members)), random.integers(0, 3, 6), random.random(6)
    expected = np.zeros(members + 1)
    for x, y, w in zip(ensemble, target, weight, strict=True):
        low, high = (x < y).sum(), (x <= y).sum()
        ranks = {"split": range(low, high + 1), "left": [low], "right": [high]}[ties]
        expected[list(ranks)] += w / len(ranks)
    found = rank_histogram(ensemble, target, weight=weight, ties=ties, normalize=False)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def test_weights_count_points_and_blocks_change_nothing(monkeypatch):
    weight = np.array([1.0, 2.0, 0.0, 1.0, 3.0])
    repeated = [np.repeat(each, weight.astype(int), axis=0) for each in (E, T)]
    wanted = spread_skill_ratio(*repeated), rank_histogram(*repeated)
    for block in (forecasts._BLOCK, 3):
        monkeypatch.setattr(forecasts, "_BLOCK", block)
        assert spread_skill_ratio(E, T, weight=weight) == pytest.approx(wanted[0])
        np.testing.assert_allclose(rank_histogram(E, T, weight=weight), wanted[1])


def test_a_skill_of_zero_is_undefined_unless_it_is_kept_from_it():
    for correction in ("inflate", "none"):
        with pytest.raises(UndefinedMetricError, match=r"^correction: got .* where the skill is zero"):
            spread_skill_ratio([[0.0, 2.0]], [1.0], correction=correction)
    assert spread_skill_ratio([[0.0, 2.0]], [1.0], eps=0.5) == (math.sqrt(2), 0.0, 2.0)


@pytest.mark.parametrize("metric", [spread_skill_ratio, rank_histogram])
@pytest.mark.parametrize(
    ("ensemble", "target", "options", "error", "argument"),
    [
        (E, T[:3], {}, ShapeError, "target"),
        (E[:0], T[:0], {}, InvalidInputError, "ensemble"),
        (E * math.nan, T, {}, InvalidInputError, "ensemble"),
        (E, T * math.inf, {}, InvalidInputError, "target"),
        (E, T, {"weight": -T}, InvalidInputError, "weight"),
        (E, T, {"weight": "w"}, DtypeError, "weight"),
    ],
)
def test_bad_input_is_named(metric, ensemble, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        metric(ensemble, target, **options)


@pytest.mark.parametrize(
    ("metric", "options", "error", "argument"),
    [
        (spread_skill_ratio, {"correction": "add"}, InvalidInputError, "correction"),
        (spread_skill_ratio, {"eps": 0.0}, InvalidInputError, "eps"),
        (rank_histogram, {"ties": "random"}, InvalidInputError, "ties"),
        (rank_histogram, {"normalize": 1}, DtypeError, "normalize"),
    ],
)
def test_bad_options_are_named(metric, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        metric(E, T, **options)


def test_a_spread_needs_two_members():
    with pytest.raises(InvalidInputError, match=r"^ensemble: .* 2 members"):
        spread_skill_ratio(E[:, :1], T)
