"""The effective rank of tensors: recorded values and gradients, the metric, collapse, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.effective_rank import effective_rank

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "038-effective_rank.json")


def rows(items: int, dim: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(items, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    embeddings = torch.from_numpy(case.inputs["embeddings"]).requires_grad_()
    value = effective_rank(embeddings, **case.params)
    assert value.item() == pytest.approx(case.expected["value"], rel=case.rtol)
    if case.grad:
        value.backward()
        wanted = torch.from_numpy(case.grad["embeddings"])
        torch.testing.assert_close(embeddings.grad, wanted, rtol=case.rtol, atol=case.atol)


@given(
    seed=st.integers(0, 2**16), shape=st.tuples(st.integers(2, 9), st.integers(1, 9)), center=st.booleans()
)
@settings(max_examples=30)
def test_is_the_metric_and_has_the_gradient_of_finite_differences(seed, shape, center):
    embeddings = rows(*shape, seed=seed)
    value = effective_rank(embeddings, center=center)
    assert value.item() == pytest.approx(metrics.effective_rank(embeddings, center=center))
    assert effective_rank(embeddings.float(), center=center).item() == pytest.approx(value.item(), rel=1e-5)
    leaf = embeddings.requires_grad_()
    assert torch.autograd.gradcheck(lambda given: effective_rank(given, eps=1e-3), leaf, fast_mode=True)


@pytest.mark.parametrize("eps", [0.0, 1e-7])
def test_collapsed_directions_have_finite_gradients(eps):
    embeddings = torch.outer(torch.tensor([1.0, -2.0, 3.0]), torch.tensor([1.0, 1.0])).requires_grad_()
    value = effective_rank(embeddings, eps=eps)
    value.backward()
    assert value.item() == pytest.approx(1, abs=1e-5)
    assert embeddings.grad.isfinite().all()


@pytest.mark.parametrize("scale", [1e-38, 1e38])
def test_the_scale_does_not_matter(scale):
    embeddings = rows(8, 3).float()
    expected = effective_rank(embeddings).item()
    assert effective_rank(scale * embeddings / embeddings.abs().max()).item() == pytest.approx(expected)


def test_ascending_it_spreads_embeddings_over_all_dimensions():
    embeddings = (rows(40, 4) * torch.tensor([5.0, 1.0, 0.1, 0.1])).requires_grad_()
    before = effective_rank(embeddings).item()
    optimizer = torch.optim.SGD([embeddings], lr=20.0)
    for _ in range(200):
        optimizer.zero_grad()
        (-effective_rank(embeddings)).backward()
        optimizer.step()
    assert before < 2.2
    assert effective_rank(embeddings).item() > 3.5


def test_compiles_and_keeps_the_dtype():
    embeddings = rows(6, 3)
    compiled = torch.compile(effective_rank, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(embeddings), effective_rank(embeddings))
    assert effective_rank(embeddings.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("embeddings", "options", "error", "argument"),
    [
        (torch.zeros(3, 2), {}, InvalidInputError, "embeddings: got only zeros"),
        (torch.full((3, 2), 0.1), {"center": True}, InvalidInputError, "embeddings: .*all the same"),
        (torch.ones(0, 2), {}, ShapeError, "embeddings"),
        (torch.ones(2), {}, ShapeError, "embeddings"),
        (torch.ones(2, 2).int(), {}, DtypeError, "embeddings"),
        (torch.tensor([[math.nan]]), {}, InvalidInputError, "embeddings"),
        (torch.ones(2, 2), {"eps": -1.0}, InvalidInputError, "eps"),
        (torch.ones(2, 2), {"eps": 2.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(embeddings, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        effective_rank(embeddings, **options)
