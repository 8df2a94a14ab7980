"""Softmax collapse: goldens, loops in the dtype, intervals; the alignment with scaling; errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import naive_loss_minimization_alignment, softmax_collapse_fraction

GOLDENS = Path(__file__).parents[1] / "goldens" / "153-softmax_collapse_fraction.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    value = softmax_collapse_fraction(case["inputs"]["logits"]["data"], **case["params"])
    assert type(value) is float
    assert value == pytest.approx(case["expected"]["fraction"], rel=case["rtol"])


@given(seed=st.integers(0, 2**16), dtype=st.sampled_from(["float16", "float32", "float64"]))
@settings(max_examples=30)
def test_equals_sums_class_by_class(seed, dtype):
    logits = 12 * np.random.default_rng(seed).normal(size=(20, 5))
    rows = logits.astype(dtype)
    collapsed = 0
    for row in rows:
        total = row.dtype.type(0)
        for value in row:
            total = total + np.exp(value - row.max())
        collapsed += total == 1
    assert softmax_collapse_fraction(logits, dtype=dtype) == pytest.approx(collapsed / 20)


def test_the_order_of_the_sum_is_that_of_the_classes():
    tiny = math.log(2.0**-25)  # eight of them make a difference together, but not one after another
    assert softmax_collapse_fraction([[0.0] + [tiny] * 8]) == 1
    assert softmax_collapse_fraction([[tiny] * 8 + [0.0]]) == 0


def test_narrow_dtypes_collapse_first_and_ties_never():
    logits = [[9.0, 0.0], [20.0, 0.0], [40.0, 0.0], [800.0, 800.0]]
    shares = [softmax_collapse_fraction(logits, dtype=f"float{bits}") for bits in (16, 32, 64)]
    assert shares == [0.75, 0.5, 0.25]
    assert softmax_collapse_fraction([[5.0]]) == 1


def test_where_it_is_one_the_loss_has_no_gradient_left():
    torch = pytest.importorskip("torch")
    logits = torch.tensor([[20.0, 0.0], [25.0, 1.0]], requires_grad=True)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 0])).backward()
    assert softmax_collapse_fraction(logits.detach()) == 1
    assert not logits.grad[:, 0].any()


@pytest.mark.parametrize(
    ("logits", "options", "error", "argument"),
    [
        ([1.0, 2.0], {}, ShapeError, "logits"),
        (np.zeros((0, 3)), {}, ShapeError, "logits"),
        ([[1.0, math.nan]], {}, InvalidInputError, "logits"),
        ([[1e5, 0.0]], {"dtype": "float16"}, InvalidInputError, "logits: got numbers beyond float16"),
        ([[1.0]], {"dtype": "bfloat16"}, InvalidInputError, "dtype"),
    ],
)
def test_collapse_refuses_bad_input(logits, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        softmax_collapse_fraction(logits, **options)


@given(seed=st.integers(0, 2**16), scale=st.sampled_from([1e-300, 1.0, 1e300]))
@settings(max_examples=25)
def test_alignment_is_minus_the_cosine_of_all_numbers(seed, scale):
    generator = np.random.default_rng(seed)
    weights = [generator.normal(size=shape) for shape in ((3, 2), (2,), ())]
    slopes = [generator.normal(size=weight.shape) for weight in weights]
    w, g = (np.concatenate([array.ravel() for array in arrays]) for arrays in (weights, slopes))
    wanted = -(w @ g) / math.sqrt((w @ w) * (g @ g))
    found = naive_loss_minimization_alignment([scale * weight for weight in weights], slopes)
    assert found == pytest.approx(wanted)
    assert naive_loss_minimization_alignment(w, scale * g) == pytest.approx(wanted)


def test_alignment_is_one_along_minus_the_parameters_and_zero_across():
    assert naive_loss_minimization_alignment([1.0, 2.0], [-10.0, -20.0]) == pytest.approx(1)
    assert naive_loss_minimization_alignment(np.eye(2), [[0.0, 1.0], [1.0, 0.0]]) == 0
    assert naive_loss_minimization_alignment([[0.1] * 7], [[0.1] * 7]) == pytest.approx(-1)


@pytest.mark.parametrize(
    ("parameters", "gradients", "error", "argument"),
    [
        ([0.0, 0.0], [1.0, 1.0], UndefinedMetricError, "parameters: got only zeros"),
        ([1.0], [0.0], UndefinedMetricError, "gradients: got only zeros"),
        ([1.0, 2.0], [1.0], ShapeError, "gradients"),
        ([np.ones(2), np.ones(3)], [np.ones(2)], ShapeError, "gradients"),
        ([math.inf], [1.0], InvalidInputError, "parameters"),
        ([1.0], ["a"], InvalidInputError, "gradients"),
        (3, [1.0], DtypeError, "parameters"),
    ],
)
def test_alignment_refuses_bad_input(parameters, gradients, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        naive_loss_minimization_alignment(parameters, gradients)
