"""Decoupled contrastive beyond conformance: a loop oracle, the weighting, its gradient, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.decoupled_contrastive import decoupled_contrastive
from torch.nn.functional import cosine_similarity
from torch.nn.functional import normalize as unit


def batch(items: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    view1, view2 = (torch.randn(items, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    return view1, view2


def by_loops(view1, view2, temperature, sigma):
    views, items = [unit(view1), unit(view2)], len(view1)
    own = [float(a @ b) for a, b in zip(*views, strict=True)]
    mean = sum(math.exp(s / sigma) for s in own) / items if sigma else 0.0
    values = []
    for view in views:
        for i in range(items):
            weight = 2 - math.exp(own[i] / sigma) / mean if sigma else 1.0
            others = [float(view[i] @ rows[j]) for rows in views for j in range(items) if j != i]
            total = sum(math.exp(s / temperature) for s in others)
            values.append(math.log(total) - weight * own[i] / temperature)
    return torch.tensor(values, dtype=torch.float64)


@given(
    seed=st.integers(0, 2**16),
    items=st.integers(2, 5),
    temperature=st.floats(0.1, 2),
    sigma=st.none() | st.floats(0.2, 2),
)
@settings(max_examples=25)
def test_equals_plain_loops(seed, items, temperature, sigma):
    views = batch(items, seed)
    options = {} if sigma is None else {"weighting": "von_mises_fisher", "sigma": sigma}
    found = decoupled_contrastive(*views, temperature=temperature, reduction="none", **options)
    torch.testing.assert_close(found, by_loops(*views, temperature, sigma))


def test_pairs_that_are_alike_alike_have_a_weight_of_one():
    view = batch()[0]
    torch.testing.assert_close(
        decoupled_contrastive(view, 2 * view, weighting="von_mises_fisher"),
        decoupled_contrastive(view, 2 * view),
    )


def test_the_weighting_raises_pairs_that_differ():
    view1, view2 = batch()
    plain = decoupled_contrastive(view1, view2, reduction="none")
    weighted = decoupled_contrastive(view1, view2, weighting="von_mises_fisher", reduction="none")
    weight = 1 - (weighted - plain)[:4] * 0.1 / cosine_similarity(view1, view2)
    assert weight.argmax() == cosine_similarity(view1, view2).argmin()
    assert weight.mean().item() == pytest.approx(1)


def test_detached_weights_change_the_gradient_alone():
    view1, view2 = batch()
    results = []
    for detach in (False, True):
        leaf = view1.clone().requires_grad_()
        loss = decoupled_contrastive(leaf, view2, weighting="von_mises_fisher", detach_weights=detach)
        loss.backward()
        results.append((loss.detach(), leaf.grad))
    assert torch.equal(results[0][0], results[1][0])
    assert not torch.allclose(results[0][1], results[1][1])


def test_the_pull_on_a_matched_pair_does_not_shrink():
    # SimCLR would pull by almost nothing here: its share of the positive is almost 1.
    view1 = torch.eye(2, dtype=torch.float64).requires_grad_()
    decoupled_contrastive(view1, torch.eye(2).double(), normalize=False, reduction="sum").backward()
    torch.testing.assert_close(view1.grad.diagonal(), torch.full((2,), -20.0, dtype=torch.float64))


@pytest.mark.parametrize("items", [0, 1])
@pytest.mark.parametrize("weighting", [None, "von_mises_fisher"])
def test_without_negatives_it_is_zero_with_a_graph(items, weighting):
    view1, view2 = batch(items)
    view1.requires_grad_()
    loss = decoupled_contrastive(view1, view2, weighting=weighting)
    loss.backward()
    assert loss.item() == 0
    assert not view1.grad.any()


def test_the_weighting_does_not_overflow():
    views = [rows.float() for rows in batch()]
    loss = decoupled_contrastive(*views, weighting="von_mises_fisher", sigma=1e-4, temperature=1e-3)
    assert loss.isfinite()


def test_the_weighting_compiles():
    views = batch()
    compiled = torch.compile(decoupled_contrastive, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(
        compiled(*views, weighting="von_mises_fisher"),
        decoupled_contrastive(*views, weighting="von_mises_fisher"),
    )


VIEW1, VIEW2 = batch()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((VIEW1, VIEW2[:3]), {}, ShapeError, "view2"),
        ((VIEW1, VIEW2), {"temperature": 0.0}, InvalidInputError, "temperature"),
        ((VIEW1, VIEW2), {"sigma": 0.0}, InvalidInputError, "sigma"),
        ((VIEW1, VIEW2), {"weighting": "gauss"}, InvalidInputError, "weighting: .*'von_mises_fisher'"),
    ],
)
def test_bad_input_is_named(arguments, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        decoupled_contrastive(*arguments, **options)
