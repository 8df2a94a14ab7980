"""Attention logits of normalised queries and keys: goldens, bounds, invariances, the module and errors."""

import math
import pickle
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.query_key_layer_norm import QueryKeyLayerNorm, query_key_layer_norm

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "102-query_key_layer_norm.json").cases
GENERATOR = torch.Generator().manual_seed(0)
QUERY, KEY = (torch.randn(2, 3, each, 4, generator=GENERATOR, dtype=torch.float64) for each in (5, 6))
ONE = torch.ones(4, dtype=torch.float64)


@pytest.mark.parametrize("golden", GOLDENS, ids=str)
def test_golden(golden):
    inputs = {name: torch.from_numpy(value) for name, value in golden.inputs.items()}
    wanted = torch.tensor(golden.expected["logits"], dtype=torch.float64)
    torch.testing.assert_close(
        query_key_layer_norm(**inputs, **golden.params), wanted, rtol=golden.rtol, atol=golden.atol
    )


def test_no_logit_is_beyond_the_root_of_the_dimension():
    logits = query_key_layer_norm(1e6 * QUERY, 1e6 * QUERY, ONE, ONE)
    assert logits.abs().max() <= math.sqrt(4) + 1e-9
    torch.testing.assert_close(logits.diagonal(dim1=-2, dim2=-1), torch.full((2, 3, 5), 2.0).double())


def test_only_the_direction_from_the_mean_counts():
    moved = query_key_layer_norm(7 * QUERY + 3, KEY / 5 - 1, ONE, ONE, epsilon=1e-12)
    torch.testing.assert_close(moved, query_key_layer_norm(QUERY, KEY, ONE, ONE, epsilon=1e-12))


def test_scales_of_each_head():
    scale = torch.rand(3, 4, generator=GENERATOR, dtype=torch.float64)
    found = query_key_layer_norm(QUERY, KEY, scale, ONE)
    for head in range(3):
        alone = query_key_layer_norm(QUERY[:, [head]], KEY[:, [head]], scale[head], ONE)
        torch.testing.assert_close(found[:, [head]], alone)


def test_leading_axes_are_batches():
    found = query_key_layer_norm(QUERY, KEY, ONE, ONE)
    torch.testing.assert_close(found[1], query_key_layer_norm(QUERY[1], KEY[1], ONE, ONE))
    assert query_key_layer_norm(QUERY[:0], KEY[:0], ONE, ONE).shape == (0, 3, 5, 6)


def test_constant_and_huge_rows_are_finite():
    for query in (torch.zeros(1, 2, 4), torch.full((1, 2, 4), 1e15), 1e15 * torch.eye(4)[None, :2]):
        leaf = query.clone().requires_grad_()
        logits = query_key_layer_norm(leaf, leaf, torch.ones(4), torch.ones(4))
        logits.sum().backward()
        assert logits.isfinite().all()
        assert leaf.grad.isfinite().all()


def test_gradients_and_transforms():
    leaves = [value.clone().requires_grad_() for value in (QUERY[:1], KEY[:1], ONE)]

    def function(query, key, scale):
        return query_key_layer_norm(query, key, scale, ONE)

    assert torch.autograd.gradcheck(function, leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(function, leaves, fast_mode=True)
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*leaves), function(*leaves))
    mapped = torch.func.vmap(function, in_dims=(0, 0, None))(QUERY, KEY, ONE)
    torch.testing.assert_close(mapped, function(QUERY, KEY, ONE))


def test_half_precision_is_computed_in_float32():
    narrow = [value.bfloat16() for value in (QUERY, KEY, ONE, ONE)]
    found = query_key_layer_norm(*narrow)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, query_key_layer_norm(*[value.float() for value in narrow]).bfloat16())


@pytest.mark.parametrize("heads", [None, 3])
def test_the_module_learns_its_scales_and_keeps_them(heads):
    layer = QueryKeyLayerNorm(4, heads=heads, epsilon=1e-5).double()
    torch.testing.assert_close(layer(QUERY, KEY), query_key_layer_norm(QUERY, KEY, ONE, ONE, epsilon=1e-5))
    layer(QUERY, KEY).square().sum().backward()
    assert all(parameter.grad.any() for parameter in layer.parameters())
    with torch.no_grad():
        layer.query_scale.mul_(2)
    fresh = QueryKeyLayerNorm(4, heads=heads, epsilon=1e-5).double()
    fresh.load_state_dict(layer.state_dict())
    copy = pickle.loads(pickle.dumps(layer))
    for other in (fresh, copy):
        torch.testing.assert_close(
            other(QUERY, KEY), 2 * query_key_layer_norm(QUERY, KEY, ONE, ONE, epsilon=1e-5)
        )
    assert "epsilon=1e-05" in repr(layer)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((QUERY[0, 0], KEY[0, 0], ONE, ONE), {}, ShapeError, "query"),
        ((QUERY, KEY[:, :2], ONE, ONE), {}, ShapeError, "key"),
        ((QUERY, KEY[..., :3], ONE, ONE), {}, ShapeError, "key"),
        ((QUERY, KEY, ONE[:3], ONE), {}, ShapeError, "query_scale"),
        ((QUERY, KEY, ONE, ONE.expand(2, 4)), {}, ShapeError, "key_scale"),
        ((QUERY.long(), KEY, ONE, ONE), {}, DtypeError, "query"),
        ((QUERY, KEY * math.nan, ONE, ONE), {}, InvalidInputError, "key"),
        ((QUERY, KEY, ONE / 0, ONE), {}, InvalidInputError, "query_scale"),
        ((QUERY, KEY, ONE, ONE), {"epsilon": 0.0}, InvalidInputError, "epsilon"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        query_key_layer_norm(*inputs, **options)
