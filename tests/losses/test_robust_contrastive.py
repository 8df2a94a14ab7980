"""Robust contrastive beyond conformance: the worst case, solved and given temperatures, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.robust_contrastive import (
    LOSS,
    robust_contrastive,
    robust_contrastive_terms,
)
from torch.nn.functional import cosine_similarity


def batch(queries: int = 5, keys: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query, key = (torch.randn(rows, 3, generator=generator, dtype=torch.float64) for rows in (queries, keys))
    return query, key


def excess(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    scores = cosine_similarity(query.unsqueeze(1), key, dim=2)
    rows = [torch.cat([row[:i], row[i + 1 :]]) - row[i] for i, row in enumerate(scores)]
    return torch.stack(rows)


@given(seed=st.integers(0, 2**16), keys=st.integers(5, 7), rho=st.floats(0.05, 1.2))
@settings(max_examples=20)
def test_a_solved_temperature_reaches_the_worst_weights_within_rho(seed, keys, rho):
    query, key = batch(5, keys, seed)
    bounds = {"min_temperature": 1e-3, "max_temperature": 50.0}
    found = robust_contrastive_terms(query, key, rho=rho, **bounds, reduction="none")
    above = excess(query, key)
    weight = (above / found.temperature.unsqueeze(1)).softmax(1)
    distance = (weight * (weight * (keys - 1)).clamp(min=1e-300).log()).sum(1)
    inside = (found.temperature > 1.001e-3) & (found.temperature < 49.9)
    assert (distance <= rho + 1e-6).all()
    torch.testing.assert_close(distance[inside], torch.full_like(distance[inside], rho), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found.loss[inside], (weight * above).sum(1)[inside], rtol=1e-6, atol=1e-6)


def test_no_given_temperature_is_better_than_the_solved_one():
    query, key = batch()
    solved = robust_contrastive(query, key, rho=0.5, reduction="none")
    for value in (0.005, 0.05, 0.2, 0.5, 1.0):
        given_one = torch.full((5,), value, dtype=torch.float64)
        assert (solved <= robust_contrastive(query, key, given_one, rho=0.5, reduction="none") + 1e-12).all()


def test_the_gradient_at_solved_temperatures_is_that_of_the_worst_weights():
    query, key = batch()
    temperature = robust_contrastive_terms(query, key, rho=0.5).temperature
    solved, fixed = query.clone().requires_grad_(), query.clone().requires_grad_()
    robust_contrastive(solved, key, rho=0.5).backward()
    robust_contrastive(fixed, key, temperature, rho=0.5).backward()
    torch.testing.assert_close(solved.grad, fixed.grad)
    assert torch.autograd.gradcheck(
        lambda rows: robust_contrastive(rows, key, rho=0.5), query.clone().requires_grad_()
    )


def test_the_gradient_of_a_temperature_is_rho_less_the_divergence():
    query, key = batch()
    temperature = torch.full((5,), 0.3, dtype=torch.float64, requires_grad=True)
    robust_contrastive(query, key, temperature, rho=0.7, reduction="sum").backward()
    weight = (excess(query, key) / 0.3).softmax(1)
    torch.testing.assert_close(temperature.grad, 0.7 - (weight * (4 * weight).log()).sum(1))


def test_a_rho_that_forbids_nothing_gives_the_least_temperature():
    found = robust_contrastive_terms(*batch(), rho=math.log(4) + 0.01)
    assert (found.temperature == 0.005).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rho", [0.0, 1.0])
def test_negatives_that_are_alike_give_the_least_temperature(rho, dtype):
    query = torch.tensor([[1.0, 0.3]], dtype=dtype)
    key = torch.tensor([[1.0, 0.0], *[[0.2, 1.0]] * 6], dtype=dtype)
    assert robust_contrastive_terms(query, key, rho=rho).temperature.item() == pytest.approx(0.005)


def test_rho_of_zero_weighs_all_alike():
    query, key = batch()
    found = robust_contrastive(query, key, rho=0.0, max_temperature=1e6)
    torch.testing.assert_close(found, excess(query, key).mean(), rtol=1e-5, atol=1e-5)


def test_equal_bounds_are_the_temperature():
    query, key = batch()
    found = robust_contrastive_terms(query, key, min_temperature=0.1, max_temperature=0.1)
    given_one = torch.full((5,), 0.1, dtype=torch.float64)
    assert torch.equal(found.temperature, given_one)
    torch.testing.assert_close(found.loss, robust_contrastive(query, key, given_one))


@pytest.mark.parametrize("solved", [True, False])
def test_symmetric_is_the_mean_of_both_directions(solved):
    query, key = batch()
    temperature = None if solved else torch.linspace(0.1, 0.5, 5, dtype=torch.float64)
    both = [robust_contrastive(*pair, temperature) for pair in ((query, key), (key, query))]
    found = robust_contrastive_terms(query, key, temperature, symmetric=True)
    torch.testing.assert_close(found.loss, sum(both) / 2)
    torch.testing.assert_close(
        found.temperature, robust_contrastive_terms(query, key, temperature).temperature
    )


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("solved", [True, False])
def test_without_negatives_it_is_zero_with_a_graph(rows, solved):
    query, key = batch(rows, rows)
    query.requires_grad_()
    temperature = None if solved else torch.full((rows,), 0.2, dtype=torch.float64)
    found = robust_contrastive_terms(query, key, temperature)
    found.loss.backward()
    assert found.loss.item() == 0
    assert found.temperature.shape == (rows,)


def test_solving_compiles():
    query, key = (rows.float() for rows in batch())
    compiled = torch.compile(robust_contrastive, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(query, key), robust_contrastive(query, key))


def test_the_exact_metric_looks_for_the_own_key():
    (recall,) = LOSS.pairs_with
    query, key = torch.eye(2), torch.tensor([[2.0, 0.0], [1.0, 0.5]])
    assert recall(query=query, key=key, temperature=torch.ones(2)) == 1.0
    assert recall(query=query, key=key.flip(0)) == 0.0


QUERY, KEY = batch()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((QUERY, KEY[:3]), {}, ShapeError, "key: got 3 rows for 5 queries"),
        ((QUERY[:3], KEY), {"symmetric": True}, ShapeError, "key: got 5 rows; wanted 3"),
        ((QUERY, KEY, torch.ones(4)), {}, ShapeError, "temperature"),
        ((QUERY, KEY, torch.ones(5, dtype=torch.int64)), {}, DtypeError, "temperature"),
        ((QUERY, KEY, torch.zeros(5)), {}, InvalidInputError, "temperature: got 0"),
        ((QUERY, KEY, torch.full((5,), math.inf)), {}, InvalidInputError, "temperature"),
        ((QUERY, KEY), {"rho": -1.0}, InvalidInputError, "rho"),
        ((QUERY, KEY), {"min_temperature": 0.0}, InvalidInputError, "min_temperature"),
        ((QUERY, KEY), {"min_temperature": 2.0}, InvalidInputError, "min_temperature: .*max_temperature=1.0"),
        ((QUERY, KEY), {"max_temperature": math.nan}, InvalidInputError, "max_temperature"),
    ],
)
def test_bad_input_is_named(arguments, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        robust_contrastive(*arguments, **options)
