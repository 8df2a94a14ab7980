"""Linear CKA and kernel-target alignment: goldens, invariances, the unbiased estimate, and errors."""

import json
import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import kernel_target_alignment, linear_cka

GOLDENS = Path(__file__).parents[1] / "goldens"


def cases(name):
    return json.loads((GOLDENS / f"{name}.json").read_text(encoding="utf-8"))["cases"]


def inputs(case):
    return {name: np.array(value["data"]) for name, value in case["inputs"].items()}


def rows(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("case", cases("117-linear_cka"), ids=lambda case: case["id"])
def test_goldens_of_cka(case):
    value = linear_cka(**inputs(case), **case["params"])
    assert type(value) is float
    assert value == pytest.approx(case["expected"]["cka"], rel=case["rtol"])


@pytest.mark.parametrize("case", cases("030-kernel_target_alignment"), ids=lambda case: case["id"])
def test_goldens_of_alignment(case):
    value = kernel_target_alignment(**inputs(case), **case["params"])
    assert type(value) is float
    assert value == pytest.approx(case["expected"]["loss"], rel=case["rtol"])


@given(
    seed=st.integers(0, 2**16),
    features=st.integers(1, 12),
    debiased=st.booleans(),
    scale=st.floats(1e-3, 1e3),
)
@settings(max_examples=30)
def test_cka_is_symmetric_and_does_not_know_rotation_scale_or_shift(seed, features, debiased, scale):
    x, y = rows(seed, 9, features), rows(seed, 9, 4) + rows(seed + 1, 9, 1)
    rotation, _ = np.linalg.qr(rows(seed + 2, features, features))
    try:
        value = linear_cka(x, y, debiased=debiased)
    except UndefinedMetricError:
        assert debiased
        return
    assert linear_cka(y, x, debiased=debiased) == pytest.approx(value)
    assert linear_cka(scale * x @ rotation + 3, y, debiased=debiased) == pytest.approx(value)
    assert linear_cka(x, scale * x @ rotation - 7, debiased=debiased) == pytest.approx(1)


@pytest.mark.parametrize("shapes", [((9, 3), (9, 2)), ((5, 40), (5, 30)), ((5, 40), (5, 2))])
def test_cka_is_the_alignment_of_the_two_kernels(shapes):
    x, y = (rows(seed, *shape) for seed, shape in enumerate(shapes))
    assert linear_cka(x, y) == pytest.approx(kernel_target_alignment(x @ x.T, y))


def test_debiased_cka_is_the_u_statistic():
    x, y = rows(0, 6, 3), rows(0, 6, 2) + rows(1, 6, 1)

    def estimate(left, right):
        k, m = left @ left.T, right @ right.T
        return np.mean(
            [
                k[i, j] * m[i, j] + k[i, j] * m[q, r] - 2 * k[i, j] * m[i, q]
                for i, j, q, r in permutations(range(6), 4)
            ]
        )

    wanted = estimate(x, y) / math.sqrt(estimate(x, x) * estimate(y, y))
    assert linear_cka(x, y, debiased=True) == pytest.approx(wanted)


def test_many_features_look_alike_only_to_the_biased_estimate():
    x, y = rows(0, 20, 500), rows(1, 20, 500)
    assert linear_cka(x, y) > 0.9
    assert abs(linear_cka(x, y, debiased=True)) < 0.2


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_the_size_of_numbers_does_not_count(scale):
    x, y = rows(0, 7, 3), rows(1, 7, 2)
    assert linear_cka(scale * x, y) == pytest.approx(linear_cka(x, y))
    assert kernel_target_alignment(scale * (x @ x.T), y / scale) == pytest.approx(
        kernel_target_alignment(x @ x.T, y)
    )


def test_alignment_is_one_for_the_targets_own_kernel_and_minus_one_for_its_opposite():
    target = rows(0, 6)
    kernel = np.outer(target, target)
    for centered in (True, False):
        assert kernel_target_alignment(kernel, target, centered=centered) == pytest.approx(1)
        assert kernel_target_alignment(-kernel, target, centered=centered) == pytest.approx(-1)
    assert kernel_target_alignment(kernel + 5, target + 2) == pytest.approx(1)


def test_uncentred_alignment_is_the_quadratic_form_of_the_paper():
    x, target = rows(0, 6, 3), rows(1, 6)
    kernel = x @ x.T
    wanted = target @ kernel @ target / np.linalg.norm(kernel) / (target @ target)
    assert kernel_target_alignment(kernel, target, centered=False) == pytest.approx(wanted)


X, K = rows(0, 5, 3), np.eye(4)


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "argument"),
    [
        (X, X[:4], {}, ShapeError, "y"),
        (X[0], X, {}, ShapeError, "x"),
        (X[:3], X[:3], {"debiased": True}, ShapeError, "x: got 3 samples"),
        (np.full((5, 2), 0.1), X, {}, UndefinedMetricError, "x: got rows that are all the same"),
        (X, np.zeros((5, 2)), {}, UndefinedMetricError, "y"),
        (X, X * math.nan, {}, InvalidInputError, "y"),
        (X, X, {"debiased": 1}, DtypeError, "debiased"),
    ],
)
def test_cka_refuses_bad_input(x, y, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        linear_cka(x, y, **options)


def test_rows_that_are_all_equally_alike_have_no_debiased_variation():
    with pytest.raises(UndefinedMetricError, match=r"^x: got rows whose debiased variation is 0"):
        linear_cka(np.eye(5), X, debiased=True)
    assert linear_cka(np.eye(5), X) > 0


@pytest.mark.parametrize(
    ("kernel", "target", "options", "error", "argument"),
    [
        (np.ones((3, 4)), np.arange(3.0), {}, ShapeError, "kernel"),
        (K, np.arange(3.0), {}, ShapeError, "target"),
        (K, np.ones((4, 2, 1)), {}, ShapeError, "target"),
        (
            K + np.triu(np.ones((4, 4)), 1),
            np.arange(4.0),
            {},
            InvalidInputError,
            "kernel: got a matrix",
        ),
        (K, np.ones(4), {}, UndefinedMetricError, "target: got one that is zero once centred"),
        (np.ones((4, 4)), np.arange(4.0), {}, UndefinedMetricError, "kernel: got one that is zero"),
        (0 * K, np.arange(4.0), {"centered": False}, UndefinedMetricError, "kernel: got only zeros"),
        ([[1.0]], [1.0], {}, UndefinedMetricError, "kernel"),
        (K, [math.inf, 0, 0, 0], {}, InvalidInputError, "target"),
        (K, np.arange(4.0), {"centered": "no"}, DtypeError, "centered"),
    ],
)
def test_alignment_refuses_bad_input(kernel, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        kernel_target_alignment(kernel, target, **options)
