"""The similarity-distance-magnitude softmax: recorded values, its two limits, extremes, errors."""

import math
from pathlib import Path

import numpy as np
import pytest
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.numerics import similarity_distance_magnitude_softmax

NAME = "145-similarity_distance_magnitude_softmax.json"
GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / NAME)
LOGITS = np.random.default_rng(0).normal(size=(6, 4))


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    probability = similarity_distance_magnitude_softmax(**case.inputs, **case.params)
    np.testing.assert_allclose(probability, case.expected["probability"], rtol=case.rtol)


def test_the_likeliest_class_stays_and_gains_with_similarity_and_nearness():
    best = LOGITS.argmax(1)
    before = np.zeros(len(LOGITS))
    for similarity, quantile in ((0.0, 0.2), (0.0, 0.9), (5.0, 0.9)):
        rows = np.full(len(LOGITS), similarity), np.full(len(LOGITS), quantile)
        probability = similarity_distance_magnitude_softmax(LOGITS, *rows)
        assert (probability.argmax(1) == best).all()
        assert (probability.max(1) > before).all()
        before = probability.max(1)


def test_is_the_exponential_of_its_loss():
    torch = pytest.importorskip("torch")
    from lossary.losses import similarity_distance_magnitude_cross_entropy as loss

    similarity, quantile = np.arange(6.0), np.linspace(0, 1, 6)
    found = similarity_distance_magnitude_softmax(LOGITS, similarity, quantile)
    given = (torch.from_numpy(each) for each in (LOGITS, np.zeros(6, np.int64), similarity, quantile))
    surprise = loss(*given, reduction="none").numpy() * np.log(2 + similarity)
    np.testing.assert_allclose(-np.log(found[:, 0]), surprise)


def test_the_largest_logits_are_finite():
    probability = similarity_distance_magnitude_softmax([[1e308, -1e308], [1e308, 1e308]], [9, 9], [1, 1])
    assert probability.tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_no_rows():
    assert similarity_distance_magnitude_softmax(np.zeros((0, 3)), [], []).shape == (0, 3)


@pytest.mark.parametrize(
    ("given", "options", "error", "argument"),
    [
        (([1.0], [1.0], [1.0]), {}, ShapeError, "logits"),
        (([[1.0, math.nan]], [1.0], [1.0]), {}, InvalidInputError, "logits"),
        (([[1.0, 2.0]], [1.0, 2.0], [1.0]), {}, ShapeError, "similarity: got 2 numbers"),
        (([[1.0, 2.0]], [-1.0], [1.0]), {}, InvalidInputError, "similarity: got -1"),
        (([[1.0, 2.0]], [1.0], [1.5]), {}, InvalidInputError, "distance_quantile"),
        (([[1.0, 2.0]], [1.0], [1.0]), {"rescale_offset": 0.0}, InvalidInputError, "rescale_offset"),
        (([[1.0, 2.0]], [1.0], [1.0]), {"rescale_offset": None}, DtypeError, "rescale_offset"),
    ],
)
def test_bad_input_is_named(given, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        similarity_distance_magnitude_softmax(*given, **options)
