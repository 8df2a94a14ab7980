"""Calibration errors: goldens, definitions, edges, weights, intervals and what is refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import errors, metrics

RANDOM = np.random.default_rng(25)
Y = RANDOM.integers(0, 2, 80)
P = np.round(RANDOM.random(80), 2)
CLASSES = RANDOM.integers(0, 3, 80)
ROWS = RANDOM.dirichlet(np.ones(3), 80)
BINARY = ("expected", "maximum", "adaptive", "ks")


def error(name, *args, **options):
    return getattr(metrics, f"{name}_calibration_error")(*args, **options)


def oracle(y_true, y_prob, edges, weight, right=False):
    """Bins sample by sample: share and gap of those that hold something."""
    found = []
    place = np.searchsorted(edges, np.asarray(y_prob, float), side="right" if right else "left")
    for bin_ in np.unique(place):
        inside = place == bin_
        total = weight[inside].sum()
        if total:
            gap = abs(
                np.average(y_prob[inside], weights=weight[inside])
                - np.average(y_true[inside], weights=weight[inside])
            )
            found.append((total / weight.sum(), gap))
    return np.array(found).T


GOLDENS = Path(__file__).parents[1] / "goldens"


def golden(file):
    """Cases as y_true, y_prob, options and what is expected."""
    found = []
    for case in json.loads((GOLDENS / f"025-{file}.json").read_text())["cases"]:
        inputs = {
            name: np.array(given["data"], given["dtype"]).reshape(given["shape"])
            for name, given in case["inputs"].items()
        }
        y_true = inputs["target"] if "target" in inputs else inputs["correct"]
        y_prob = inputs["probability"] if "probability" in inputs else inputs["confidence"]
        options = {"labels": np.arange(y_prob.shape[1])} if y_prob.ndim == 2 else {}
        entry = (y_true, y_prob, case["params"] | options, case["expected"], case["rtol"])
        found.append(pytest.param(*entry, id=case["id"]))
    return pytest.mark.parametrize(("y_true", "y_prob", "options", "expected", "rtol"), found)


@golden("expected_calibration_error")
def test_expected_and_maximum_golden(y_true, y_prob, options, expected, rtol):
    value = metrics.expected_calibration_error(y_true, y_prob, **options)
    assert value == pytest.approx(expected["expected_calibration_error"], rel=rtol, abs=1e-15)
    options.pop("norm", None)
    value = metrics.maximum_calibration_error(y_true, y_prob, **options)
    assert value == pytest.approx(expected["maximum_calibration_error"], rel=rtol, abs=1e-15)


@golden("adaptive_calibration_error")
def test_adaptive_golden(y_true, y_prob, options, expected, rtol):
    value = metrics.adaptive_calibration_error(y_true, y_prob, **options)
    assert value == pytest.approx(expected["adaptive_calibration_error"], rel=rtol)


@golden("classwise_calibration_error")
def test_classwise_golden(y_true, y_prob, options, expected, rtol):
    value = metrics.classwise_calibration_error(y_true, y_prob, **options)
    assert value == pytest.approx(expected["classwise_calibration_error"], rel=rtol)


@golden("ks_calibration_error")
def test_ks_golden(y_true, y_prob, options, expected, rtol):
    value = metrics.ks_calibration_error(y_true, y_prob, **options)
    assert value == pytest.approx(expected["ks_calibration_error"], rel=rtol, abs=1e-15)


@golden("brier_score")
def test_top_label_brier_and_likelihood_golden(y_true, y_prob, options, expected, rtol):
    value = metrics.top_label_brier_score(y_true, y_prob, **options)
    assert value == pytest.approx(expected["top_label_brier_score"], rel=rtol)
    value = metrics.log_loss(y_true, y_prob, **options)
    assert value == pytest.approx(expected["negative_log_likelihood"], rel=rtol)


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 60),
    bins=st.integers(1, 20),
    norm=st.sampled_from((1, 2, 3.5)),
    weigh=st.booleans(),
    dtype=st.sampled_from((np.float32, np.float64)),
    decimals=st.sampled_from((1, 16)),
)
def test_errors_are_those_of_the_definition(seed, count, bins, norm, weigh, dtype, decimals):
    generator = np.random.default_rng(seed)
    y_prob = np.round(generator.random(count), decimals).astype(dtype)
    y_true = generator.integers(0, 2, count)
    weight = generator.integers(1, 4, count).astype(float) if weigh else np.ones(count)
    options = {"sample_weight": weight if weigh else None}
    share, gap = oracle(y_true, y_prob, np.arange(1, bins) / bins, weight)
    value = metrics.expected_calibration_error(y_true, y_prob, bins=bins, norm=norm, **options)
    assert value == pytest.approx((share @ gap**norm) ** (1 / norm), abs=1e-12)
    value = metrics.maximum_calibration_error(y_true, y_prob, bins=bins, **options)
    assert value == pytest.approx(gap.max(), abs=1e-12)
    edges = np.percentile(y_prob, np.linspace(0, 100, bins + 1)).astype(float)
    edges = edges[np.ediff1d(edges, to_begin=np.inf) > 1e-8][1:-1]
    share, gap = oracle(y_true, y_prob, edges, weight, right=True)
    value = metrics.adaptive_calibration_error(y_true, y_prob, bins=bins, **options)
    assert value == pytest.approx(share @ gap, abs=1e-12)
    order = np.argsort(y_prob, kind="stable")
    excess = np.cumsum((weight * (y_prob.astype(float) - y_true))[order]) / weight.sum()
    ends = np.append(np.diff(y_prob[order]) > 0, True)
    value = metrics.ks_calibration_error(y_true, y_prob, **options)
    assert value == pytest.approx(np.abs(excess[ends]).max(), abs=1e-12)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(3, 40), columns=st.integers(2, 4), weigh=st.booleans())
def test_the_top_label_and_each_class_are_binary_errors(seed, count, columns, weigh):
    generator = np.random.default_rng(seed)
    rows = generator.dirichlet(np.ones(columns), count)
    names = np.array(["a", "b", "c", "d"][:columns])
    y_true = names[generator.integers(0, columns, count)]
    options = {"sample_weight": generator.random(count) if weigh else None}
    right = names[rows.argmax(axis=1)] == y_true
    for name in BINARY:
        found = error(name, y_true, rows, labels=names, **options)
        assert found == pytest.approx(error(name, right, rows.max(axis=1), **options), abs=1e-12)
    found = metrics.top_label_brier_score(y_true, rows, labels=names, **options)
    assert found == pytest.approx(
        metrics.brier_score_loss(right, rows.max(axis=1), pos_label=True, **options)
    )
    each = [
        metrics.expected_calibration_error(y_true, rows[:, k], pos_label=names[k], **options)
        for k in range(columns)
    ]
    found = metrics.classwise_calibration_error(y_true, rows, labels=names, **options)
    assert found == pytest.approx(np.mean(each), abs=1e-12)


@pytest.mark.parametrize("bins", [3, 7, 10, 15, 49, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_at_an_edge_belongs_below_it(bins, dtype):
    edges = (np.arange(1, bins) / bins).astype(dtype)
    y_prob = np.concatenate(
        [edges, np.nextafter(edges, dtype(0)), np.nextafter(edges, dtype(1)), [0, 1]]
    ).astype(dtype)
    place = (np.arange(1, bins) / bins < y_prob.astype(float)[:, None]).sum(axis=1)
    diagram = metrics.reliability_diagram(np.ones(len(y_prob)), y_prob, bins=bins)
    np.testing.assert_array_equal(diagram.count, np.bincount(place, minlength=bins))


def test_debiased_error_subtracts_the_variance_of_the_frequencies():
    y_true, y_prob = [0, 1, 1, 0, 1], [0.25, 0.25, 0.75, 0.75, 0.75]
    # (1/4)^2 - 1/4 / 1 of two samples, (3/4 - 2/3)^2 - 2/9 / 2 of three: below 0 together.
    assert metrics.expected_calibration_error(y_true, y_prob, bins=2, norm=2, debias=True) == 0.0
    y_true = [1, 1, 0, 0, 1]
    wanted = math.sqrt((2 * 0.75**2 + 3 * ((0.75 - 1 / 3) ** 2 - 1 / 9)) / 5)
    value = metrics.expected_calibration_error(y_true, y_prob, bins=2, norm=2, debias=True)
    assert value == pytest.approx(wanted)


def test_debiased_squares_are_right_on_average():
    generator = np.random.default_rng(1)
    y_prob = np.full(10, 0.5)
    found = []
    for _ in range(4000):
        y_true = generator.random(10) < 0.9
        found.append(metrics.expected_calibration_error(y_true, y_prob, bins=1, norm=2, debias=True) ** 2)
    assert np.mean(found) == pytest.approx(0.4**2, abs=0.005)
    plain = 0.4**2 + 0.09 / 10  # what chance makes of it without
    assert abs(np.mean(found) - plain) > 0.005


def test_one_class_is_always_right():
    assert metrics.expected_calibration_error([0, 0], [[1.0], [1.0]]) == 0.0
    assert metrics.classwise_calibration_error([5, 5], [[1.0], [1.0]]) == 0.0


def test_half_precision_rows_may_miss_one_by_their_rounding():
    rows = np.array([[1 / 3, 1 / 3, 1 / 3], [0.1, 0.2, 0.7]], np.float16)
    assert metrics.expected_calibration_error([0, 2], rows, labels=[0, 1, 2]) == pytest.approx(
        0.4833, abs=1e-3
    )


def test_the_input_is_left_as_it_is():
    y_true, y_prob = Y.copy(), P.copy()
    for name in BINARY:
        error(name, y_true, y_prob, sample_weight=P + 0.5)
    np.testing.assert_array_equal(y_true, Y)
    np.testing.assert_array_equal(y_prob, P)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (([], []), {}, "y_prob: got no probabilities"),
        (([0, 1], [0.5]), {}, "y_true: got 2 samples"),
        (([0, 1], [0.5, math.nan]), {}, "y_prob: got nan"),
        (([0, 1], [0.5, 1.5]), {}, "y_prob: got 1.5"),
        (([0, 1], [0.5, -0.5]), {}, "y_prob: got -0.5"),
        (([0, 1], [[0.5, 0.5], [0.5, 0.4]]), {}, "y_prob: got a sum of 0.9 in row 1"),
        (([0, 1], [[0.5, math.nan], [0.5, 0.5]]), {}, "y_prob: got nan"),
        (([0, 0], [[0.5, 0.5], [0.5, 0.5]]), {}, "y_true: got one class"),
        (([0, 2], [[0.5, 0.5], [0.5, 0.5]]), {"labels": [0, 1]}, "y_true: got {2}"),
        (([0, 1], [0.5, 0.5]), {"labels": [0, 1]}, "labels: got labels"),
        (([0, 1], [[0.5, 0.5], [0.5, 0.5]]), {"pos_label": 1}, "pos_label: got"),
        (([0, 2], [0.5, 0.5]), {}, "y_true: got values"),
        (([0, 1], [[[0.5]]]), {}, "y_prob: got shape"),
        (([0, 1], [0.5, 0.5]), {"sample_weight": [1, -1]}, "sample_weight: got -1"),
        (([0, 1], [0.5, 0.5]), {"sample_weight": [0, 0]}, "sample_weight: got only zeros"),
        (([0, 1], ["a", "b"]), {}, "y_prob: got"),
    ],
)
def test_bad_input_is_refused(name, args, options, message):
    with pytest.raises(errors.InvalidInputError) as caught:
        error(name, *args, **options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 0}, "bins: got 0"),
        ({"bins": 2**20 + 1}, "bins: got 1048577"),
        ({"strategy": "x"}, "strategy: got 'x'"),
        ({"norm": 0.5}, "norm: got 0.5"),
        ({"norm": math.inf}, "norm: got inf"),
        ({"norm": math.nan}, "norm: got nan"),
        ({"debias": True}, "debias: got True with norm=1"),
        ({"debias": True, "norm": 2, "sample_weight": [1, 1]}, "debias: got True with sample_weight"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(errors.InvalidInputError) as caught:
        metrics.expected_calibration_error([0, 1], [0.5, 0.5], **options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("options", [{"bins": 1.5}, {"norm": "1"}, {"norm": True}, {"debias": 1}])
def test_options_of_other_types_are_refused(options):
    with pytest.raises(errors.DtypeError):
        metrics.expected_calibration_error([0, 1], [0.5, 0.5], **options)


def test_classes_need_two_axes():
    with pytest.raises(errors.ShapeError, match=r"^y_prob: got shape"):
        metrics.classwise_calibration_error([0, 1], [0.5, 0.5])
    with pytest.raises(errors.ShapeError, match=r"^y_prob: got shape"):
        metrics.top_label_brier_score([0, 1], [0.5, 0.5])


def test_several_positive_classes_are_refused():
    with pytest.raises(errors.DtypeError, match=r"pos_label: got \[0, 1\]; wanted one label"):
        metrics.expected_calibration_error([0, 1, 0], [0.1, 0.2, 0.3], pos_label=[0, 1])
