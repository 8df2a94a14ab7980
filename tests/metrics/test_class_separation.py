"""The separation of classes by nearest neighbours: goldens, loops, the loss, limits and errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import inter_intra_class_nearest_neighbors_score as separation

GOLDENS = Path(__file__).parents[1] / "goldens" / "002-inter_intra_class_nearest_neighbors_score.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    inputs = {
        name: np.array(entry["data"], dtype=entry["dtype"]).reshape(entry["shape"])
        for name, entry in case["inputs"].items()
    }
    value = separation(**inputs, **case["params"])
    assert type(value) is float
    assert value == pytest.approx(case["expected"]["score"], rel=case["rtol"], abs=case["atol"])


def by_loops(rows, labels, k, pool):
    """The steps of the official code, with itself left out by index."""
    total = len(rows)
    is_large = k + 2 < total
    k = k if is_large else total - 2
    pool = k + 1 if pool is None else pool
    apart = [[math.sqrt(math.dist(row, other) ** 2 + 1e-6) for other in rows] for row in rows]
    near = [sorted((d, j) for j, d in enumerate(apart[i]) if j != i)[:pool] for i in range(total)]
    far = max((d for i in range(total) for d, j in near[i][:k] if labels[j] != labels[i]), default=0.0)
    intra, inter, shares = [], [], []
    for i in range(total):
        rival = next((d for d, j in near[i] if labels[j] != labels[i]), None)
        q = [0.0 if rival is None else d / (rival + 1e-7) for d, _ in near[i][:k]]
        q = [value / max(1.0, *q) for value in q]
        same = [value for value, (_, j) in zip(q, near[i][:k], strict=True) if labels[j] == labels[i]]
        other = [d / (far + 1e-7) for d, j in near[i][:k] if labels[j] != labels[i]]
        intra += [sum(same) / (len(same) + 1e-7)] if same else []
        inter += [sum(other) / (len(other) + 1e-7)] if other else []
        shares.append(len(same) / k)
    compact = 1 - sum(intra) / (len(intra) + 1e-7)
    apart_share = sum(inter) / (len(inter) + 1e-7) if inter else 1.0
    return ((compact + apart_share) / 2 + (sum(shares) / total if is_large else 1.0)) / 2


@given(
    seed=st.integers(0, 2**16),
    count=st.integers(3, 14),
    classes=st.integers(1, 4),
    k=st.integers(1, 6),
    more=st.none() | st.integers(0, 4),
)
@settings(max_examples=60)
def test_equals_plain_loops_and_stays_between_zero_and_one(seed, count, classes, k, more):
    generator = np.random.default_rng(seed)
    rows, labels = generator.normal(size=(count, 3)), generator.integers(0, classes, count)
    counted = k if k + 2 < count else count - 2
    pool = None if more is None else min(counted + more, count - 1)
    value = separation(rows, labels, k=k, pool=pool)
    assert value == pytest.approx(by_loops(rows.tolist(), labels.tolist(), k, pool), abs=1e-12)
    assert 0 <= value <= 1


def test_the_loss_is_minus_the_logarithm():
    torch = pytest.importorskip("torch")
    from lossary.losses.metric_learning.inter_intra_class_nearest_neighbors import (
        inter_intra_class_nearest_neighbors,
    )

    generator = np.random.default_rng(0)
    rows, reference = generator.normal(size=(7, 3)), generator.normal(size=(9, 3))
    labels, reference_labels = generator.integers(0, 3, 7), generator.integers(0, 3, 9)
    for inputs in ((rows, labels), (rows, labels, reference, reference_labels)):
        options = dict(zip(("reference", "reference_labels"), inputs[2:], strict=False))
        loss = inter_intra_class_nearest_neighbors(*map(torch.from_numpy, inputs), k=3)
        assert separation(*inputs[:2], k=3, **options) == pytest.approx(math.exp(-loss.item()))


def test_one_class_is_one_and_moving_classes_apart_comes_close_to_it():
    rows = np.random.default_rng(1).normal(size=(12, 2))
    labels = np.arange(12) % 3
    assert separation(rows, [4] * 12) == 1
    mixed, parted = (separation(rows + far * np.eye(3, 2)[labels], labels, k=3) for far in (0, 1e3))
    assert mixed < parted
    assert parted == pytest.approx(1, abs=1e-2)


def test_labels_may_be_strings_and_duplicates_are_neighbours():
    rows = np.array([[0.0], [0.0], [3.0], [3.0], [9.0]])
    value = separation(rows, ["a", "a", "b", "b", "b"], k=1)
    assert value == separation(rows, [0, 0, 1, 1, 1], k=1)
    assert value > 0.9


ROWS, LABELS = np.arange(12.0).reshape(6, 2), np.array([0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((ROWS[:2], LABELS[:2]), {}, ShapeError, "embeddings: got 2 rows"),
        ((ROWS[0], LABELS), {}, ShapeError, "embeddings"),
        ((ROWS, LABELS[1:]), {}, ShapeError, "labels"),
        ((ROWS * math.nan, LABELS), {}, InvalidInputError, "embeddings"),
        ((np.sign(ROWS - 5.5) * 1.7e308, LABELS), {}, InvalidInputError, "embeddings: .*overflow"),
        ((ROWS, LABELS), {"k": 0}, InvalidInputError, "k"),
        ((ROWS, LABELS), {"k": 2.0}, DtypeError, "k"),
        (
            (ROWS, LABELS),
            {"k": 3, "pool": 2},
            InvalidInputError,
            "pool: got 2; wanted an integer from 3 to 5",
        ),
        ((ROWS, LABELS), {"pool": 6}, InvalidInputError, "pool"),
        ((ROWS, LABELS), {"drop_nearest": None}, DtypeError, "drop_nearest"),
        ((ROWS, LABELS), {"reference": ROWS}, InvalidInputError, "reference_labels"),
        ((ROWS, LABELS), {"reference": ROWS[:2], "reference_labels": [0, 1]}, ShapeError, "reference: got 2"),
        (
            (ROWS, LABELS),
            {"reference": ROWS[:, :1], "reference_labels": LABELS},
            ShapeError,
            "reference: got 1 features",
        ),
        (
            (ROWS, LABELS),
            {"reference": ROWS, "reference_labels": LABELS, "pool": 6, "drop_nearest": True},
            InvalidInputError,
            "pool: got 6; wanted an integer from 4 to 5",
        ),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        separation(*inputs, **options)
