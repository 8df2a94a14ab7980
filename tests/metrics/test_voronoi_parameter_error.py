"""Voronoi parameter error: goldens, cells, exponents, the largest terms, and errors."""

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import voronoi_parameter_error

GOLDENS = Path(__file__).parents[1] / "goldens" / "142-voronoi_parameter_error.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]


def mixture(seed, components, features=2):
    generator = np.random.default_rng(seed)
    shapes = [(components, features)] * 2 + [components] * 2
    return (*(generator.normal(size=shape) for shape in shapes), generator.random(components) + 0.1)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    found = voronoi_parameter_error(
        **{name: value["data"] for name, value in case["inputs"].items()}, **case["params"]
    )
    assert found.loss == pytest.approx(case["expected"]["loss"], rel=case["rtol"])
    assert found.cell.tolist() == case["expected"]["cell"]


@given(
    seed=st.integers(0, 2**16),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 4)),
    over_specified=st.booleans(),
    data=st.data(),
)
@settings(max_examples=30)
def test_equals_the_largest_sum_over_subsets(seed, sizes, over_specified, data):
    found, truth = mixture(seed, sizes[0]), mixture(seed + 1, sizes[1])
    places, true_places = (np.column_stack(each[:4]) for each in (found, truth))
    cell = [int(np.argmin([np.linalg.norm(own - other) for other in true_places])) for own in places]
    terms = []
    for t in range(sizes[1]):
        members = [j for j in range(sizes[0]) if cell[j] == t]
        r = {0: 1, 1: 1, 2: 4, 3: 6}.get(len(members), 7) if over_specified else 1
        h = 1 if r == 1 else r / 2
        term = abs(sum(found[4][j] for j in members) - truth[4][t])
        for j in members:
            gate, slope, intercept, scale = (abs(found[k][j] - truth[k][t]) for k in range(4))
            powers = np.linalg.norm(gate) ** r + np.linalg.norm(slope) ** h + intercept**r + scale**h
            term += found[4][j] * powers
        terms.append(term)
    top_k = data.draw(st.none() | st.integers(1, sizes[1]))
    wanted = max(sum(each) for each in combinations(terms, top_k or sizes[1]))
    result = voronoi_parameter_error(*found, *truth, top_k=top_k, over_specified=over_specified)
    assert result.loss == pytest.approx(wanted)
    assert result.cell.tolist() == cell


def test_the_truth_in_any_order_has_no_error():
    truth = mixture(0, 4)
    order = [2, 0, 3, 1]
    found = voronoi_parameter_error(*(each[order] for each in truth), *truth)
    assert found.loss == 0
    assert found.cell.tolist() == order


def test_a_true_component_split_into_equal_parts_has_no_error_and_a_missed_one_costs_its_weight():
    gate, slope, intercept, scale, weight = truth = mixture(1, 1)
    twice = [np.repeat(each, 2, axis=0) for each in (gate, slope, intercept, scale)]
    assert voronoi_parameter_error(*twice, np.repeat(weight / 2, 2), *truth).loss == pytest.approx(0)
    two = [np.concatenate([each, each + 50]) for each in (gate, slope, intercept, scale)]
    weights = np.append(weight, 0.75)
    assert voronoi_parameter_error(*truth, *two, weights).loss == pytest.approx(0.75)


ONE = ([[0.0]], [[1.0]], [0.0], [1.0], [2.0])


def changed(place, value):
    return (*ONE[:place], value, *ONE[place + 1 :])


@pytest.mark.parametrize(
    ("found", "truth", "options", "error", "argument"),
    [
        (changed(1, [[1.0, 2.0]]), ONE, {}, ShapeError, "slope"),
        (changed(2, [0.0, 1.0]), ONE, {}, ShapeError, "intercept"),
        (changed(0, [0.0]), ONE, {}, ShapeError, "gate"),
        (ONE, changed(3, [math.nan]), {}, InvalidInputError, "true_scale"),
        (ONE, changed(4, [0.0]), {}, InvalidInputError, "true_weight: got 0"),
        (ONE, ([[0.0, 1.0]], [[0.0, 1.0]], *ONE[2:]), {}, ShapeError, "true_gate"),
        (ONE, ONE, {"top_k": 2}, InvalidInputError, "top_k"),
        (ONE, ONE, {"top_k": 1.0}, DtypeError, "top_k"),
        (ONE, ONE, {"over_specified": 1}, DtypeError, "over_specified"),
    ],
)
def test_bad_input_is_named(found, truth, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        voronoi_parameter_error(*found, *truth, **options)
