"""Scores of generators: goldens, what the values are of, degenerate distributions, what is refused."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import (
    bhep,
    gaussian_frechet_distance,
    generalized_energy_distance,
    inception_score,
    mask_sets,
    normality,
)

GOLDENS = Path(__file__).parents[1] / "goldens"


def cases(name: str) -> list:
    return [pytest.param(case, id=str(case)) for case in load_goldens(GOLDENS / f"{name}.json").cases]


@pytest.mark.parametrize("case", cases("112-gaussian_frechet_distance"))
def test_golden_distances_of_gaussians(case):
    found = gaussian_frechet_distance(**case.inputs)
    assert found == pytest.approx(case.expected["loss"], rel=case.rtol, abs=case.atol)


@pytest.mark.parametrize("case", cases("112-inception_score"))
def test_golden_inception_scores(case):
    found = inception_score(**case.inputs, **case.params)
    assert found._asdict() == pytest.approx(case.expected, rel=case.rtol, abs=case.atol)


@pytest.mark.parametrize("case", cases("061-generalized_energy_distance"))
def test_golden_distances_of_mask_sets(case):
    found = generalized_energy_distance(**case.inputs)
    assert found == pytest.approx(case.expected["distance"], rel=case.rtol, abs=case.atol)


@pytest.mark.parametrize("case", cases("049-bhep"))
def test_golden_distances_from_normality(case):
    found = bhep(**case.inputs, **case.params)
    assert found == pytest.approx(case.expected["loss"], rel=case.rtol, abs=case.atol)


@given(seed=st.integers(0, 2**16), dim=st.integers(1, 5))
@settings(max_examples=20)
def test_gaussians_along_common_axes_are_apart_by_means_and_deviations(seed, dim):
    random = np.random.default_rng(seed)
    axes = np.linalg.qr(random.normal(size=(dim, dim)))[0]
    means, deviations = random.normal(size=(2, dim)), random.random((2, dim))
    deviations[0, 0] = 0.0  # a distribution without width in one direction
    covariances = [(axes * each**2) @ axes.T for each in deviations]
    expected = ((means[0] - means[1]) ** 2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    found = gaussian_frechet_distance(means[0], covariances[0], means[1], covariances[1])
    assert found == pytest.approx(expected, abs=1e-7)


def test_covariances_of_rank_one_are_at_zero_from_themselves():
    direction = np.arange(1.0, 5.0)
    covariance = np.outer(direction, direction)
    assert 0 <= gaussian_frechet_distance(direction, covariance, direction, covariance) < 1e-6


@given(seed=st.integers(0, 2**16), splits=st.integers(1, 5))
@settings(max_examples=20)
def test_the_inception_score_is_the_exponential_of_mutual_information(seed, splits):
    rows = np.random.default_rng(seed).dirichlet(np.ones(4), 7)
    rows[0] = [1.0, 0.0, 0.0, 0.0]
    scores = []
    for part in np.array_split(rows, splits):
        entropy = [-sum(p * math.log(p) for p in row if p > 0) for row in (*part, part.mean(axis=0))]
        scores.append(math.exp(entropy[-1] - np.mean(entropy[:-1])))
    found = inception_score(rows, splits=splits)
    assert found == pytest.approx((np.mean(scores), np.std(scores)), abs=1e-12)


@given(seed=st.integers(0, 2**16), ours=st.integers(1, 4), theirs=st.integers(1, 4))
@settings(max_examples=20)
def test_mask_sets_are_compared_pair_by_pair(seed, ours, theirs):
    random = np.random.default_rng(seed)
    first, second = (random.random((count, 3, 2)) < 0.4 for count in (ours, theirs))

    def mean(left: np.ndarray, right: np.ndarray) -> float:
        unions = [[(a | b).sum() for b in right] for a in left]
        overlaps = [[(a & b).sum() for b in right] for a in left]
        pairs = [
            1 - overlap / union if union else 0.0
            for row, other in zip(overlaps, unions, strict=True)
            for overlap, union in zip(row, other, strict=True)
        ]
        return float(np.mean(pairs))

    expected = 2 * mean(first, second) - mean(first, first) - mean(second, second)
    assert generalized_energy_distance(first, second) == pytest.approx(expected, abs=1e-12)
    assert generalized_energy_distance(first.astype(float), second.astype(int)) == pytest.approx(
        expected, abs=1e-12
    )


def test_sets_of_several_images_have_the_mean_distance():
    random = np.random.default_rng(0)
    first, second = (random.random((5, count, 3, 2)) < 0.4 for count in (4, 2))
    each = [generalized_energy_distance(*pair) for pair in zip(first, second, strict=True)]
    assert generalized_energy_distance(first, second, space_axes=2) == pytest.approx(np.mean(each))


def test_large_masks_are_counted_in_blocks(monkeypatch):
    random = np.random.default_rng(0)
    sets = [random.random((3, 50)) < 0.4 for _ in range(2)]
    wanted = generalized_energy_distance(*sets)
    monkeypatch.setattr(mask_sets, "_BLOCK", 7)
    assert generalized_energy_distance(*sets) == wanted


@given(seed=st.integers(0, 2**16), beta=st.floats(0.05, 2), shift=st.sampled_from([0.0, 1e3]))
@settings(max_examples=20)
def test_bhep_equals_its_sums_far_from_zero_too(seed, beta, shift):
    rows = np.random.default_rng(seed).normal(size=(6, 2)) + shift
    square = beta**2
    between = np.mean([[math.exp(-square * ((a - b) ** 2).sum() / 2) for b in rows] for a in rows])
    alone = np.mean([math.exp(-square * (a**2).sum() / (2 + 2 * square)) for a in rows])
    expected = between - 2 / (1 + square) * alone + 1 / (1 + 2 * square)
    assert bhep(rows, beta=beta) == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_bhep_is_small_of_normal_samples_and_the_same_in_blocks(monkeypatch):
    random = np.random.default_rng(0)
    normal, even = random.normal(size=(500, 3)), 4 * random.random((500, 3))
    small, large = bhep(normal, beta=1.0), bhep(even, beta=1.0)
    assert 0 < 50 * small < large
    monkeypatch.setattr(normality, "_PAIRS", 7)
    assert bhep(normal, beta=1.0) == pytest.approx(small, rel=1e-9)


EYE, ZERO = np.eye(2), np.zeros(2)


@pytest.mark.parametrize(
    ("place", "value", "error", "argument"),
    [
        (0, np.zeros((2, 1)), ShapeError, "mean1"),
        (2, np.zeros(3), ShapeError, "mean2"),
        (1, np.eye(3), ShapeError, "covariance1"),
        (3, [[1.0, 0.5], [0.0, 1.0]], InvalidInputError, "covariance2: got entries that differ by 0.5"),
        (0, [math.nan, 0.0], InvalidInputError, "mean1"),
        (3, EYE + math.inf, InvalidInputError, "covariance2"),
        (1, None, DtypeError, "covariance1"),
    ],
)
def test_bad_gaussians_are_named(place, value, error, argument):
    given = [value if i == place else each for i, each in enumerate((ZERO, EYE, ZERO, EYE))]
    with pytest.raises(error, match=f"^{argument}"):
        gaussian_frechet_distance(*given)


@pytest.mark.parametrize(
    ("rows", "options", "error", "argument"),
    [
        ([0.5, 0.5], {}, ShapeError, "probability"),
        ([[0.5, 0.6]], {}, InvalidInputError, "probability: got probabilities that sum to 1.1"),
        ([[-0.5, 1.5]], {}, InvalidInputError, "probability"),
        ([[math.nan, 1.0]], {}, InvalidInputError, "probability"),
        (np.zeros((0, 2)), {}, InvalidInputError, "probability"),
        ([[0.5, 0.5]], {"splits": 2}, InvalidInputError, "splits"),
        ([[0.5, 0.5]], {"splits": 1.0}, DtypeError, "splits"),
    ],
)
def test_bad_probabilities_are_named(rows, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        inception_score(rows, **options)


MASKS = np.ones((2, 3, 3), bool)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "argument"),
    [
        (MASKS, MASKS[:, :2], {}, ShapeError, "target"),
        (MASKS, MASKS[:0], {}, ShapeError, "target"),
        (MASKS[0, 0], MASKS, {}, ShapeError, "prediction"),
        (MASKS / 2, MASKS, {}, InvalidInputError, "prediction: got numbers other than 0 and 1"),
        (MASKS, MASKS, {"space_axes": 3}, InvalidInputError, "space_axes"),
        (
            MASKS[None][:0],
            MASKS[None][:0],
            {"space_axes": 2},
            UndefinedMetricError,
            "prediction: got no images",
        ),
        (None, MASKS, {}, DtypeError, "prediction"),
    ],
)
def test_bad_masks_are_named(prediction, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        generalized_energy_distance(prediction, target, **options)


@pytest.mark.parametrize(
    ("rows", "beta", "error", "argument"),
    [
        (ZERO, 1.0, InvalidInputError, "embeddings"),
        (np.zeros((0, 2)), 1.0, InvalidInputError, "embeddings"),
        (EYE * math.nan, 1.0, InvalidInputError, "embeddings"),
        (EYE, 0.0, InvalidInputError, "beta"),
        (EYE, math.inf, InvalidInputError, "beta"),
        (EYE, "1", DtypeError, "beta"),
    ],
)
def test_bad_embeddings_are_named(rows, beta, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        bhep(rows, beta=beta)
