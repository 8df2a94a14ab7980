"""Fits of worths: goldens of every method, recovery of known worths, and what is refused."""

import json
from pathlib import Path

import lossary
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lossary.errors import ConvergenceWarning, DtypeError, InvalidInputError, LossaryError, ShapeError
from lossary.numerics import (
    bradley_terry_fit,
    plackett_luce_fit,
    plackett_luce_gradient,
    plackett_luce_sample,
    rankings_from_table,
)

GOLDENS = Path(__file__).resolve().parents[1] / "goldens"
MAXIMISERS = ("auto", "mm", "ilsr", "newton")
CYCLE = [[0, 1, 2], [2, 0], [1, 2]]


def cases(name):
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads((GOLDENS / f"000-{name}.json").read_text(encoding="utf-8"))["cases"]
    ]


def assert_golden(fit, case):
    for key, wanted in case["expected"].items():
        np.testing.assert_allclose(getattr(fit, key), wanted, rtol=case["rtol"], atol=case["atol"])
    assert fit.converged


@pytest.mark.parametrize("case", cases("plackett_luce_fit"))
def test_fits_are_those_of_the_goldens(case):
    ranking = np.array(case["inputs"]["ranking"]["data"])
    assert_golden(plackett_luce_fit(ranking, **case["params"]), case)
    ragged = [row[row >= 0] for row in ranking]
    assert_golden(plackett_luce_fit(ragged, **case["params"]), case)
    if case["params"]["method"] == "mm":
        assert_golden(plackett_luce_fit(ranking, **{**case["params"], "method": "auto"}), case)


@pytest.mark.parametrize("case", cases("bradley_terry_fit"))
def test_fits_of_pairs_are_those_of_the_goldens(case):
    pairs = np.array(case["inputs"]["pairs"]["data"])
    assert_golden(bradley_terry_fit(pairs, **case["params"]), case)
    distinct, counts = np.unique(pairs, axis=0, return_counts=True)
    assert_golden(bradley_terry_fit(distinct, sample_weight=counts, **case["params"]), case)


@pytest.mark.parametrize("method", MAXIMISERS)
def test_worths_behind_many_rankings_are_found_within_their_errors(method):
    rng = np.random.default_rng(0)
    theta = rng.normal(size=12)
    theta -= theta.mean()
    ranking = plackett_luce_sample(theta[None], num_samples=4000, top_k=12, generator=rng)[0]
    fit = plackett_luce_fit(ranking, n_items=12, method=method, covariance=True)
    assert np.abs((fit.worth - theta) / fit.standard_errors).max() < 4
    np.testing.assert_allclose(fit.covariance.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(fit.standard_errors**2, fit.covariance.diagonal())


@pytest.mark.parametrize("method", ["auto", "newton"])
def test_items_that_are_far_apart_are_fitted_in_few_steps(method):
    theta = np.linspace(0, 12, 30)
    pairs = np.stack([np.arange(29), np.arange(1, 30)], axis=1)
    odds = np.exp(theta[pairs[:, 0]] - theta[pairs[:, 1]])
    fit = bradley_terry_fit(
        np.concatenate([pairs, pairs[:, ::-1]]),
        n_items=30,
        sample_weight=np.concatenate([odds, np.ones(29)]),
        method=method,
    )
    assert fit.n_iter < 30
    np.testing.assert_allclose(fit.worth, theta - theta.mean(), atol=1e-8)


@given(
    rows=st.lists(st.permutations(range(5)).map(lambda row: row[: 2 + row[0] % 4]), max_size=12),
    method=st.sampled_from(MAXIMISERS),
)
def test_slopes_vanish_at_the_maximum(rows, method):
    rows = [*rows, [0, 1], [1, 2], [2, 3], [3, 4], [4, 0]]
    fit = plackett_luce_fit(rows, n_items=5, method=method)
    slopes = plackett_luce_gradient([fit.worth] * len(rows), rows, scope="listed").sum(axis=0)
    np.testing.assert_allclose(slopes, 0, atol=1e-8)


def test_an_item_that_always_wins_has_a_worth_under_every_prior():
    for method in MAXIMISERS:
        fit = plackett_luce_fit([[0, 1, 2]], n_items=4, method=method, alpha=0.1)
        assert fit.worth[0] > fit.worth[1] > fit.worth[2]
        assert abs(fit.worth.sum()) < 1e-9


@pytest.mark.parametrize("method", MAXIMISERS)
def test_a_limit_gives_a_warning_that_says_what_to_do(method):
    with pytest.warns(ConvergenceWarning, match="max_iter.*alpha"):
        fit = plackett_luce_fit(CYCLE, n_items=3, method=method, max_iter=1, tol=0.0)
    assert not fit.converged


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_limit_is_a_number_of_steps(steps):
    with pytest.warns(ConvergenceWarning):
        fit = plackett_luce_fit(CYCLE, n_items=3, method="mm", max_iter=steps, tol=0.0)
    assert fit.n_iter == steps
    if steps == 1:  # of equal worths: wins over expected choices
        theta = np.log([1 / (5 / 6), 2 / (4 / 3), 1 / (11 / 6)])
        np.testing.assert_allclose(fit.worth, theta - theta.mean(), atol=1e-12)


def test_a_graph_that_is_not_strongly_connected_is_described():
    with pytest.raises(InvalidInputError, match=r"alpha: .*3 components, \{[23]\}, \{[23]\}, \{0, 1\}"):
        plackett_luce_fit([[0, 1, 2], [1, 0]], n_items=4)
    with pytest.raises(InvalidInputError, match=r"40 components.*\.\.\."):
        bradley_terry_fit([[0, 1]], n_items=40)


def test_tables_are_fitted_by_name():
    table = rankings_from_table(list("aabbcc"), list("xyyxxy"), [1, 2, 1, 2, 1, 2])
    fit = plackett_luce_fit(table.ranking, n_items=len(table.items))
    assert dict(zip(table.items.tolist(), fit.worth.round(4).tolist(), strict=True)) == {
        "x": 0.3466,
        "y": -0.3466,
    }


def test_the_same_bits_for_any_number_of_threads():
    ranking = plackett_luce_sample(np.zeros((1, 50)), num_samples=8000, generator=0)[0]
    found = []
    for threads in (1, 2, 3):
        lossary.set_num_threads(threads)
        found.append(plackett_luce_fit(ranking, n_items=50).worth.tobytes())
    lossary.set_num_threads(None)
    assert len(set(found)) == 1


def test_inputs_are_untouched():
    ranking, weight = np.array([[0, 1], [1, 0]]), np.array([1.0, 2.0])
    ranking.flags.writeable = weight.flags.writeable = False
    plackett_luce_fit(ranking, n_items=2, sample_weight=weight)
    assert ranking.tolist() == [[0, 1], [1, 0]]
    assert weight.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"n_items": 2}, InvalidInputError, "ranking"),
        ({"n_items": 0}, InvalidInputError, "n_items"),
        ({"n_items": 3.0}, DtypeError, "n_items"),
        ({"n_items": 2**40}, InvalidInputError, "n_items"),
        ({"ranking": [[0, 0], [1, 2]]}, InvalidInputError, "ranking"),
        ({"ranking": [[-1, 0, 1]]}, InvalidInputError, "ranking"),
        ({"ranking": []}, InvalidInputError, "ranking"),
        ({"ranking": [[0], [1]]}, InvalidInputError, "ranking"),
        ({"ranking": None}, DtypeError, "ranking"),
        ({"method": "lbfgs"}, InvalidInputError, "method"),
        ({"alpha": -1.0}, InvalidInputError, "alpha"),
        ({"alpha": float("nan")}, InvalidInputError, "alpha"),
        ({"alpha": "0"}, DtypeError, "alpha"),
        ({"tol": -1e-3}, InvalidInputError, "tol"),
        ({"tol": float("inf")}, InvalidInputError, "tol"),
        ({"max_iter": 0}, InvalidInputError, "max_iter"),
        ({"covariance": 1}, DtypeError, "covariance"),
        ({"covariance": True, "method": "lsr"}, InvalidInputError, "covariance"),
        ({"covariance": True, "method": "ilsr", "alpha": 1.0}, InvalidInputError, "covariance"),
        ({"covariance": True, "n_items": 10_000, "alpha": 1.0}, InvalidInputError, "n_items"),
        ({"sample_weight": [1.0, 1.0]}, ShapeError, "sample_weight"),
        ({"sample_weight": [1.0, 1.0, -1.0]}, InvalidInputError, "sample_weight"),
        ({"sample_weight": [1.0, 1.0, np.nan]}, InvalidInputError, "sample_weight"),
        ({"sample_weight": "w"}, DtypeError, "sample_weight"),
    ],
)
def test_bad_input_is_refused(changed, error, name):
    arguments = {"ranking": CYCLE, "n_items": 3, **changed}
    with pytest.raises(error, match=rf"^{name}: got .*; wanted ") as caught:
        plackett_luce_fit(**arguments)
    assert isinstance(caught.value, LossaryError)


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([[0, 1, 2], [2, 0, 1]], ShapeError),
        ([[0, 1], [1]], ShapeError),
        ([[0, 1], [1, -1]], InvalidInputError),
        ([[0, 0]], InvalidInputError),
        ([[0, 5]], InvalidInputError),
        (np.zeros((0, 2), int), InvalidInputError),
    ],
)
def test_bad_pairs_are_refused(pairs, error):
    with pytest.raises(error, match=r"^pairs: got .*; wanted "):
        bradley_terry_fit(pairs, n_items=3)
