"""Scores of forecasts: goldens, integrals and loops, blocks, weights, kinds of arrays, what is refused."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import get_num_threads, metrics, set_num_threads
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import crps_ensemble, crps_gaussian, energy_score

GOLDENS = Path(__file__).parents[1] / "goldens"
RANDOM = np.random.default_rng(87)
CASES = [
    (name, case)
    for name in ("crps_ensemble", "crps_gaussian", "energy_score")
    for case in load_goldens(GOLDENS / f"087-{name}.json").cases
]


@pytest.mark.parametrize(("name", "case"), CASES, ids=str)
def test_golden_values(name, case):
    found = getattr(metrics, name)(**case.inputs, **case.params)
    np.testing.assert_allclose(found, case.expected["loss"], rtol=case.rtol, atol=case.atol)


def ensembles(seed: int, points: int, members: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    # halves, so that members tie with each other and with the target
    return np.round(2 * random.normal(size=(points, members))) / 2, np.round(
        2 * random.normal(size=points)
    ) / 2


@given(
    seed=st.integers(0, 2**16),
    members=st.integers(2, 7),
    alpha=st.floats(0, 1),
    weighted=st.booleans(),
)
@settings(max_examples=40)
def test_crps_equals_sums_over_all_pairs(seed, members, alpha, weighted):
    ensemble, target = ensembles(seed, 4, members)
    w = np.random.default_rng(seed).random((4, members)) + 0.1 if weighted else np.ones((4, members))
    found = crps_ensemble(
        ensemble, target, alpha=alpha, ensemble_weight=w if weighted else None, reduction="none"
    )
    for x, y, v, value in zip(ensemble, target, w / w.sum(1, keepdims=True), found, strict=True):
        spread = (v[:, None] * v * np.abs(x[:, None] - x)).sum()
        bracket = 1 - alpha + alpha / (1 - (v**2).sum())
        assert value == pytest.approx((v * np.abs(x - y)).sum() - spread * bracket / 2, abs=1e-12)


def sorted_by_numpy(
    ensemble: np.ndarray, target: np.ndarray, weights: np.ndarray, alpha: float
) -> np.ndarray:
    """The score of each point by running sums over sorted distances, in doubles."""
    distances = np.subtract(ensemble, target[:, None], dtype=np.float64)
    shares = np.broadcast_to(weights / weights.sum(-1, keepdims=True), distances.shape)
    order = distances.argsort(axis=1)
    distances, shares = (np.take_along_axis(array, order, axis=1) for array in (distances, shares))
    below = np.cumsum(shares, axis=1) - shares
    above = np.cumsum(shares[:, ::-1], axis=1)[:, ::-1] - shares
    half_spread = (shares * (below - above) * distances).sum(axis=1)
    bracket = 1 - alpha + alpha / (2 * (shares * below).sum(axis=1))
    return (shares * np.abs(distances)).sum(axis=1) - half_spread * bracket


@given(
    seed=st.integers(0, 2**16),
    # sorted side by side, one by one, and at the border
    members=st.sampled_from([2, 3, 16, 50, 511, 512, 513, 2000]),
    points=st.sampled_from([1, 15, 16, 17, 40]),
    offset=st.sampled_from([0.0, 1e5, -3e8]),
    alpha=st.floats(0, 1),
    weighted=st.sampled_from(["no", "one row", "each"]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=60, deadline=None)
def test_crps_equals_running_sums_in_numpy(seed, members, points, offset, alpha, weighted, dtype):
    ensemble, target = ensembles(seed, points, members)
    ensemble, target = (offset + ensemble).astype(dtype), offset + target
    random = np.random.default_rng(seed)
    shape = {"no": None, "one row": (members,), "each": (points, members)}[weighted]
    weights = None if shape is None else random.random(shape) + 0.1
    found = crps_ensemble(ensemble, target, ensemble_weight=weights, alpha=alpha, reduction="none")
    wanted = sorted_by_numpy(ensemble, target, np.ones(members) if weights is None else weights, alpha)
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_of_threads_changes_no_bit(dtype):
    members, vectors = (RANDOM.normal(size=(20_000, size)).astype(dtype) for size in (12, 24))
    target = RANDOM.normal(size=(20_000, 3))
    weights = RANDOM.random(size=members.shape) + 0.1
    before, found = get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            set_num_threads(threads)
            found.append(
                (
                    crps_ensemble(members, target[:, 0], reduction="none"),
                    crps_ensemble(members, target[:, 0], ensemble_weight=weights, reduction="none"),
                    energy_score(vectors.reshape(-1, 8, 3), target, reduction="none"),
                )
            )
    finally:
        set_num_threads(before)
    for each in found[1:]:
        for values, wanted in zip(each, found[0], strict=True):
            np.testing.assert_array_equal(values, wanted)


@pytest.mark.parametrize("factor", [2.0**-1000, 2.0**996])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0, 0.5, 1.0]])
def test_tiny_and_huge_members_have_all_digits(factor, weight):
    ensemble, target = ensembles(5, 30, 5)
    options = {"ensemble_weight": weight, "reduction": "none"}
    found = crps_ensemble(factor * ensemble, factor * target, **options)
    np.testing.assert_array_equal(found, factor * crps_ensemble(ensemble, target, **options))


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 7.3, math.inf])
@pytest.mark.parametrize("factor", [1e-300, 1e-170, 1e160, 1e300])
def test_tiny_and_huge_vectors_have_scores_in_range(p, factor):
    x, y = RANDOM.normal(size=(5, 4, 3)), RANDOM.normal(size=(5, 3))
    found = energy_score(factor * x, factor * y, p=p, reduction="none")
    np.testing.assert_allclose(found / factor, energy_score(x, y, p=p, reduction="none"), atol=1e-12)


def test_arrays_with_any_strides_are_read():
    ensemble, target = ensembles(6, 12, 5)
    wanted = crps_ensemble(ensemble, target)
    transposed = np.ascontiguousarray(ensemble.T).T
    assert crps_ensemble(transposed, target) == wanted
    assert crps_ensemble(ensemble[::-1], target[::-1]) == pytest.approx(wanted)
    byteswapped = ensemble.astype(ensemble.dtype.newbyteorder())
    assert crps_ensemble(byteswapped, target) == wanted
    frozen = ensemble.copy()
    frozen.flags.writeable = False
    assert crps_ensemble(frozen, target) == wanted


@given(seed=st.integers(0, 2**16), members=st.integers(1, 6))
@settings(max_examples=20)
def test_crps_of_the_ensemble_as_it_is_is_the_integral_of_squared_differences(seed, members):
    ensemble, target = ensembles(seed, 1, members)
    ends = np.sort(np.append(ensemble[0], target))
    middles = (ends[1:] + ends[:-1]) / 2
    below = (ensemble[0] <= middles[:, None]).mean(axis=1) - (target <= middles)
    found = crps_ensemble(ensemble, target, alpha=0.0)
    assert found == pytest.approx((below**2 * np.diff(ends)).sum(), abs=1e-12)


def test_the_fair_score_of_few_members_is_that_of_many_on_average():
    few = RANDOM.normal(size=(40000, 2))
    many = RANDOM.normal(size=(400, 1000))
    target = RANDOM.normal(size=40000)
    assert crps_ensemble(few, target) == pytest.approx(
        crps_gaussian([0] * 400, [1] * 400, target[:400]), abs=0.04
    )
    assert crps_ensemble(many, target[:400], alpha=0.0) < crps_ensemble(few, target, alpha=0.0) - 0.2


def test_members_far_from_zero_lose_no_digits():
    ensemble, target = ensembles(3, 50, 9)
    shifted = crps_ensemble(ensemble + 2.0**40, target + 2.0**40, reduction="none")
    np.testing.assert_array_equal(shifted, crps_ensemble(ensemble, target, reduction="none"))


def test_a_member_with_all_the_weight_keeps_the_scores_finite():
    # its weight leaves pairs, whose own weight cancels in the fair score: 1 - |5 - 1| / 2
    assert crps_ensemble([[1.0, 5.0]], [0.0], ensemble_weight=[1.0, 1e-300]) == pytest.approx(-1.0)
    assert crps_ensemble([[5.0, 1.0]], [0.0], ensemble_weight=[1.0, 1e-300]) == pytest.approx(3.0)
    assert crps_ensemble([[1.0, 5.0]], [0.0], ensemble_weight=[1.0, 1e-300], alpha=0.0) == pytest.approx(1.0)


@pytest.mark.parametrize("rows", [1, 3])
def test_blocks_change_nothing(rows, monkeypatch):
    inputs = RANDOM.normal(size=(7, 4)), RANDOM.normal(size=7)
    vectors = RANDOM.normal(size=(7, 3, 2)), RANDOM.normal(size=(7, 2))
    normal = inputs[1], np.abs(inputs[0][:, 0]), inputs[0][:, 1]
    calls = ((crps_ensemble, inputs), (energy_score, vectors), (crps_gaussian, normal))
    whole = [score(*given, reduction="none") for score, given in calls]
    monkeypatch.setattr(metrics.forecasts, "_BLOCK", rows * 4)
    for (score, given_inputs), wanted in zip(calls, whole, strict=True):
        np.testing.assert_allclose(score(*given_inputs, reduction="none"), wanted, rtol=1e-12)


def test_weights_of_points_are_those_of_the_mean_and_may_be_broadcast():
    ensemble, target = RANDOM.normal(size=(3, 4, 5)), RANDOM.normal(size=(3, 4))
    each = crps_ensemble(ensemble, target, reduction="none")
    latitude = np.array([1.0, 2.0, 0.0])[:, None]
    found = crps_ensemble(ensemble, target, weight=latitude)
    assert found == pytest.approx(np.average(each, weights=np.broadcast_to(latitude, (3, 4))))
    none = crps_ensemble(ensemble, target, weight=latitude, reduction="none")
    np.testing.assert_allclose(none, latitude * each)
    assert crps_ensemble(ensemble, target, weight=latitude, reduction="sum") == pytest.approx(none.sum())


@given(seed=st.integers(0, 2**16), mean=st.floats(-3, 3), std=st.floats(0.1, 3))
@settings(max_examples=10)
def test_the_normal_score_is_that_of_its_quantiles(seed, mean, std):
    from statistics import NormalDist

    target = np.random.default_rng(seed).normal(size=1)
    quantiles = NormalDist(mean, std).inv_cdf
    members = [quantiles((i + 0.5) / 2000) for i in range(2000)]
    found = crps_gaussian([mean], [std], target)
    assert found == pytest.approx(crps_ensemble([members], target, alpha=0.0), abs=2e-3)


@pytest.mark.parametrize("std", [1e-300, 1e-3])
def test_far_from_a_sharp_forecast_the_normal_score_is_the_distance(std):
    assert crps_gaussian([0.0], [std], [1e3]) == pytest.approx(1e3)


@given(
    seed=st.integers(0, 2**16),
    members=st.integers(1, 5),
    p=st.sampled_from([1.0, 1.5, 2.0, math.inf]),
    beta=st.floats(0.2, 1.9),
    alpha=st.floats(0, 1),
)
@settings(max_examples=30)
def test_the_energy_score_equals_sums_over_all_pairs(seed, members, p, beta, alpha):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(members, 3)), random.normal(size=3)

    def power(gap: np.ndarray) -> float:
        return np.linalg.norm(gap, ord=p) ** beta

    expected = sum(power(each - y) for each in x) / members
    if members > 1:
        pairs = sum(power(a - b) for a in x for b in x)
        expected -= pairs * (members - 1 + alpha) / (2 * members**2 * (members - 1))
    found = energy_score(x[None], y[None], alpha=alpha, beta=beta, p=p)
    assert found == pytest.approx(expected, abs=1e-12)


@given(
    seed=st.integers(0, 2**16),
    points=st.sampled_from([1, 7, 8, 9]),
    dim=st.sampled_from([1, 16, 17, 24, 100]),
    p=st.sampled_from([1.0, 1.5, 2.0, 2.3, 3.0, math.inf]),
    beta=st.sampled_from([0.5, 1.0, 1.9]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=40)
def test_the_energy_score_of_short_and_long_vectors_equals_norms_in_numpy(seed, points, dim, p, beta, dtype):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(points, 5, dim)).astype(dtype), random.normal(size=(points, dim))
    skill = (np.linalg.norm(x - y[:, None], ord=p, axis=2) ** beta).mean(1)
    gaps = np.subtract(x[:, None], x[:, :, None], dtype=np.float64)
    spread = (np.linalg.norm(gaps, ord=p, axis=3) ** beta).sum((1, 2))
    found = energy_score(x, y, alpha=0.6, beta=beta, p=p, reduction="none")
    np.testing.assert_allclose(found, skill - spread * 4.6 / (2 * 25 * 4), rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("p", [1e9, 1e308, 10**400])
def test_a_huge_power_is_the_largest_difference(p):
    x, y = RANDOM.normal(size=(5, 4, 3)), RANDOM.normal(size=(5, 3))
    assert energy_score(x, y, p=p) == pytest.approx(energy_score(x, y, p=math.inf), rel=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.0])
def test_in_one_dimension_the_energy_score_is_the_crps(alpha):
    ensemble, target = ensembles(1, 6, 4)
    found = energy_score(ensemble[..., None], target[:, None], alpha=alpha, reduction="none")
    np.testing.assert_allclose(found, crps_ensemble(ensemble, target, alpha=alpha, reduction="none"))


@pytest.mark.parametrize(
    "convert", [np.ndarray.tolist, lambda x: x.astype(np.float32), lambda x: x.astype(int)]
)
def test_arrays_of_any_kind_are_read_and_stay_as_they_are(convert):
    ensemble, target = ensembles(2, 5, 3)
    ensemble, target = np.round(ensemble), np.round(target)
    wanted = crps_ensemble(ensemble, target)
    given_inputs = convert(ensemble), convert(target)
    kept = np.array(given_inputs[0])
    assert crps_ensemble(*given_inputs) == pytest.approx(wanted)
    np.testing.assert_array_equal(given_inputs[0], kept)


E, T = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=4)
SPOILT = np.where(np.arange(4) == 1, np.nan, T)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((E, T[:3]), {}, ShapeError, "target: got shape .*as ensemble of shape"),
        ((E[:, :0], T), {}, InvalidInputError, "ensemble: got shape"),
        ((E[:0], T[:0]), {}, InvalidInputError, "ensemble: got shape"),
        ((E, SPOILT), {}, InvalidInputError, "target: got 1 values that are NaN or infinite"),
        ((E * math.inf, T), {}, InvalidInputError, "ensemble: got 12 values"),
        (
            (np.full((4, 3), 1e308), np.full(4, -1e308)),
            {},
            InvalidInputError,
            "ensemble: got numbers whose differences overflow",
        ),
        ((E, T), {"alpha": 1.5}, InvalidInputError, "alpha"),
        ((E, T), {"alpha": None}, DtypeError, "alpha"),
        ((E, T), {"reduction": "median"}, InvalidInputError, "reduction"),
        ((E, T), {"weight": [1.0, 2.0]}, ShapeError, "weight"),
        ((E, T), {"weight": [-1.0]}, InvalidInputError, "weight"),
        ((E, T), {"weight": [0.0]}, InvalidInputError, "weight: got only zeros"),
        ((E, T), {"ensemble_weight": [1.0, 2.0]}, ShapeError, "ensemble_weight"),
        ((E, T), {"ensemble_weight": [1.0, 2.0, 0.0]}, InvalidInputError, "ensemble_weight"),
        ((E, T), {"confidence": 0.9, "reduction": "sum"}, InvalidInputError, "confidence"),
        (("ab", T), {}, DtypeError, "ensemble"),
    ],
)
def test_bad_input_of_ensembles_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        crps_ensemble(*inputs, **options)


@pytest.mark.parametrize(
    ("x", "y", "argument"),
    [
        (np.full((2, 3, 2), np.nan), np.zeros((2, 2)), "ensemble: got 12 values that are NaN or infinite"),
        (np.zeros((2, 3, 2)), np.full((2, 2), -np.inf), "target: got 4 values that are NaN or infinite"),
        (np.full((2, 3, 2), 1.7e308), np.full((2, 2), -1.7e308), "ensemble: got numbers whose differences"),
        (np.zeros((2, 3, 0)), np.zeros((2, 0)), "ensemble: got shape"),
    ],
)
def test_vectors_that_have_no_score_are_named(x, y, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}"):
        energy_score(x, y)


@pytest.mark.parametrize(
    ("options", "argument"), [({"beta": 2.0}, "beta"), ({"beta": 0.0}, "beta"), ({"p": 0.5}, "p")]
)
def test_powers_and_norms_out_of_range_are_refused(options, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}: got"):
        energy_score(E[..., None], T[:, None], **options)
    with pytest.raises(ShapeError, match=r"^target"):
        energy_score(E[..., None], T)


@pytest.mark.parametrize(
    ("inputs", "error", "argument"),
    [
        (([0.0], [0.0], [1.0]), InvalidInputError, "std"),
        (([0.0], [math.nan], [1.0]), InvalidInputError, "std"),
        (([0.0], [1.0], [math.inf]), InvalidInputError, "target"),
        (([0.0], [1.0, 1.0], [1.0]), ShapeError, "std"),
        (([], [], []), InvalidInputError, "mean"),
    ],
)
def test_bad_input_of_normal_forecasts_is_named(inputs, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        crps_gaussian(*inputs)
