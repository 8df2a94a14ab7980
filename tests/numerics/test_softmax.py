"""Softmax, log-sum-exp and cross-entropy: goldens, formulas in longer numbers, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.numerics import cross_entropy_terms, logsumexp, two_pass_softmax

GOLDEN = Path(__file__).resolve().parents[1] / "goldens" / "138-two_pass_softmax.json"


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["id"]) for case in json.loads(GOLDEN.read_text("utf-8"))["cases"]]
)
def test_goldens(case):
    entry = case["inputs"]["x"]
    found = two_pass_softmax(np.array(entry["data"], entry["dtype"]).reshape(entry["shape"]))
    for name, wanted in case["expected"].items():
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=case["rtol"])


def by_formula(logits):
    wide = logits.astype(np.longdouble)
    shifted = wide - wide.max(-1, keepdims=True)
    terms = np.exp(shifted)
    total = terms.sum(-1, keepdims=True)
    return terms / total, (wide.max(-1, keepdims=True) + np.log(total))[..., 0]


@given(
    logits=arrays(
        np.float32,
        array_shapes(max_dims=3, max_side=40),
        elements=st.floats(-1e5, 1e5, width=32) | st.floats(-9, 9, width=32),
    ),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=60)
def test_values_are_those_of_the_formulas(logits, dtype):
    logits = logits.astype(dtype)
    probability, normalizer = by_formula(logits)
    found = two_pass_softmax(logits)
    accuracy = {"rtol": 2e-6, "atol": 1e-30} if dtype is np.float32 else {"rtol": 1e-13, "atol": 1e-300}
    assert found.probability.dtype == dtype
    np.testing.assert_allclose(found.probability, probability.astype(np.float64), **accuracy)
    np.testing.assert_allclose(found.logsumexp, normalizer.astype(np.float64), rtol=1e-15, atol=1e-6)
    assert logsumexp(logits).tolist() == found.logsumexp.tolist()
    target = logits.argmin(-1)
    terms = cross_entropy_terms(logits, target, gradient=True)
    lowest = np.take_along_axis(logits, target[..., None], -1)[..., 0].astype(np.float64)
    np.testing.assert_allclose(terms.loss, found.logsumexp - lowest, rtol=1e-12, atol=1e-10)
    assert terms.logsumexp.tolist() == found.logsumexp.tolist()
    one_hot = np.arange(logits.shape[-1]) == np.asarray(target)[..., None]
    assert np.array_equal(terms.gradient, found.probability - one_hot.astype(dtype))
    assert cross_entropy_terms(logits, target).gradient is None


def test_the_derivatives_are_those_of_the_loss():
    logits = np.random.default_rng(0).normal(size=(3, 5))
    target, step = np.array([0, 4, 2]), 1e-6
    loss, slopes = cross_entropy_terms(logits, target).loss, np.empty_like(logits)
    for column in range(5):
        moved = logits.copy()
        moved[:, column] += step
        slopes[:, column] = (cross_entropy_terms(moved, target).loss - loss) / step
    np.testing.assert_allclose(cross_entropy_terms(logits, target, gradient=True).gradient, slopes, atol=1e-5)


def test_numbers_of_any_size_keep_their_probabilities():
    for centre in (0.0, 1e5, -3e6, 1e20, -1e30):
        assert two_pass_softmax(np.float32([centre, centre])).probability.tolist() == [0.5, 0.5]
        assert two_pass_softmax([centre, centre, -np.inf]).probability.tolist() == [0.5, 0.5, 0.0]


def test_what_torch_makes_of_nan_and_infinity():
    rows = [[np.nan, 0.0], [np.inf, 0.0], [-np.inf, -np.inf], [-np.inf, 0.0]]
    found = two_pass_softmax(rows)
    assert np.isnan(found.probability).all(axis=1).tolist() == [True, True, True, False]
    np.testing.assert_array_equal(found.logsumexp, [np.nan, np.inf, -np.inf, 0.0])
    np.testing.assert_array_equal(cross_entropy_terms(rows, [0] * 4).loss, [np.nan, np.nan, np.nan, np.inf])


def test_out_is_filled_and_returned_and_the_logits_stay():
    logits = np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32)
    logits.flags.writeable = False
    out = np.empty_like(logits)
    assert two_pass_softmax(logits, out=out).probability is out
    assert np.array_equal(out, two_pass_softmax(logits).probability)
    assert cross_entropy_terms(logits, np.zeros((2, 3), np.uint8), out=out).gradient is out
    assert out[..., 0].max() < 0


def test_any_layout_and_type_is_read():
    matrix = np.random.default_rng(2).integers(-3, 4, (6, 4))
    wanted = two_pass_softmax(matrix.astype(float)).probability
    for given_ in (matrix, matrix.tolist(), np.asfortranarray(matrix.astype(float)), matrix.astype(">f8")):
        assert np.array_equal(two_pass_softmax(given_).probability, wanted)
    assert two_pass_softmax(matrix.astype(np.float16)).probability.dtype == np.float32
    assert two_pass_softmax(np.zeros((0, 3))).probability.shape == (0, 3)
    assert cross_entropy_terms(np.zeros((0, 3)), []).loss.shape == (0,)


@pytest.mark.parametrize("bad", [np.float64(1.0), np.zeros((3, 0)), []])
def test_logits_without_classes_are_refused(bad):
    with pytest.raises(ShapeError, match="logits: got shape"):
        logsumexp(bad)


@pytest.mark.parametrize(
    ("out", "error", "says"),
    [
        ([0.0, 0.0], DtypeError, "out: got list"),
        (np.zeros((2, 2), np.float32), DtypeError, "out: got dtype float32; wanted float64"),
        (np.zeros((2, 3)), ShapeError, "out: got shape"),
        (np.zeros((2, 4))[:, ::2], InvalidInputError, "out: got an array with gaps"),
    ],
)
def test_what_cannot_be_written_to_is_refused(out, error, says):
    with pytest.raises(error, match=says):
        two_pass_softmax(np.zeros((2, 2)), out=out)


def test_the_memory_of_the_logits_is_not_written_to():
    logits = np.zeros((2, 2))
    with pytest.raises(InvalidInputError, match="out: got memory of logits"):
        two_pass_softmax(logits, out=logits)


def test_targets_that_are_no_classes_are_refused():
    logits = np.zeros((2, 3))
    for bad in ([0, 3], [0, -1], np.array([0, 2**64 - 1], np.uint64)):
        with pytest.raises(InvalidInputError, match=r"target: got .* at position 1"):
            cross_entropy_terms(logits, bad)
    with pytest.raises(ShapeError, match="target: got shape"):
        cross_entropy_terms(logits, [0])
    with pytest.raises(DtypeError, match="target: got dtype float64"):
        cross_entropy_terms(logits, [0.0, 1.0])
