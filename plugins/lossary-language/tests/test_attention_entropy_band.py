"""Attention entropy band: the formula head by head, its band, layers of any form, logging and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.attention_entropy_band import attention_entropy_band, attention_head_entropy

GENERATOR = torch.Generator().manual_seed(0)
ATTENTION = (2 * torch.randn(2, 3, 4, 5, 5, generator=GENERATOR, dtype=torch.float64)).softmax(-1)
THRESHOLD = torch.rand(4, generator=GENERATOR, dtype=torch.float64)
UNIFORM = torch.full((1, 2, 1, 3, 4), 0.25, dtype=torch.float64)


def by_heads(attention: torch.Tensor, threshold: torch.Tensor, tolerance: float) -> float:
    layers, batch, heads, queries, keys = attention.shape
    total = 0.0
    for place in torch.cartesian_prod(*map(torch.arange, (layers, batch, heads, queries))).tolist():
        entropy = -sum(a * math.log(a + 1e-9) for a in attention[*place].tolist())
        distance = entropy - threshold[place[2]].item() * math.log(keys)
        if abs(distance) > tolerance * math.log(keys):
            total += distance**2
    return total / (layers * heads)


@pytest.mark.parametrize("tolerance", [0.0, 0.2, 0.5])
def test_equals_the_formula_read_literally(tolerance):
    found = attention_entropy_band(ATTENTION, THRESHOLD, coefficient=1.0, tolerance=tolerance)
    assert found.item() == pytest.approx(by_heads(ATTENTION, THRESHOLD, tolerance), rel=1e-9)


def test_layers_may_come_one_by_one():
    wanted = attention_entropy_band(ATTENTION, THRESHOLD)
    torch.testing.assert_close(attention_entropy_band(list(ATTENTION), THRESHOLD), wanted)
    torch.testing.assert_close(attention_head_entropy(tuple(ATTENTION)), attention_head_entropy(ATTENTION))


def test_thresholds_of_each_layer_equal_to_shared_ones_change_nothing():
    wanted = attention_entropy_band(ATTENTION, THRESHOLD)
    torch.testing.assert_close(attention_entropy_band(ATTENTION, THRESHOLD.expand(2, 4)), wanted)


def test_the_value_jumps_at_the_edge_of_the_band():
    inside, outside = (
        attention_entropy_band(UNIFORM, torch.tensor([0.8 + step], dtype=torch.float64), coefficient=1.0)
        for step in (1e-6, -1e-6)
    )
    assert inside.item() == 0
    assert outside.item() == pytest.approx(6 * (0.2 * math.log(4)) ** 2, rel=1e-4)


def test_inside_the_band_nothing_moves():
    leaves = UNIFORM.clone().requires_grad_(), torch.ones(1, dtype=torch.float64, requires_grad=True)
    attention_entropy_band(*leaves, coefficient=1.0).backward()
    assert not any(leaf.grad.any() for leaf in leaves)


def test_the_threshold_follows_the_entropy():
    threshold = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    attention_entropy_band(UNIFORM, threshold, coefficient=1.0).backward()
    assert threshold.grad.item() == pytest.approx(-2 * 6 * math.log(4) ** 2)


def test_a_larger_context_wants_more_entropy():
    threshold = torch.ones(1, dtype=torch.float64)
    assert attention_entropy_band(UNIFORM, threshold, coefficient=1.0).item() == 0
    wanted = 6 * (math.log(4) - math.log(64)) ** 2
    found = attention_entropy_band(UNIFORM, threshold, coefficient=1.0, context_size=64)
    assert found.item() == pytest.approx(wanted, rel=1e-6)


def test_masked_keys_have_finite_gradients():
    causal = torch.randn(1, 1, 2, 4, 4, generator=GENERATOR).masked_fill(
        ~torch.ones(4, 4).tril().bool(), -1e9
    )
    scores = causal.requires_grad_()
    attention_entropy_band(scores.softmax(-1), torch.tensor([0.9, 0.1])).backward()
    assert scores.grad.isfinite().all()
    assert not scores.grad[..., 0, 1:].any()


@pytest.mark.parametrize("shape", [(0, 3, 4, 5, 5), (2, 0, 4, 5, 5), (2, 3, 4, 0, 5)])
def test_nothing_to_regularise_gives_zero_with_a_graph(shape):
    threshold = torch.rand(4, requires_grad=True)
    loss = attention_entropy_band(torch.zeros(shape), threshold)
    loss.backward()
    assert loss.item() == 0
    assert not threshold.grad.any()
    assert not attention_head_entropy(torch.zeros(shape)).any()


def test_head_entropy_is_the_mean_over_sequences_and_queries():
    entropy = torch.distributions.Categorical(ATTENTION).entropy()
    torch.testing.assert_close(attention_head_entropy(ATTENTION), entropy.mean((1, 3)))
    assert attention_head_entropy(torch.eye(3).expand(1, 1, 1, 3, 3)).item() == 0


def test_attention_rounded_to_half_precision_is_accepted():
    for dtype in (torch.float16, torch.bfloat16):
        narrow = attention_entropy_band(ATTENTION.to(dtype), THRESHOLD.to(dtype), coefficient=1.0)
        assert narrow.dtype == dtype
        assert narrow.item() == pytest.approx(by_heads(ATTENTION, THRESHOLD, 0.2), rel=0.1)
        attention_entropy_band(ATTENTION.to(dtype).float(), THRESHOLD.float())


@pytest.mark.parametrize(
    ("attention", "threshold", "options", "error", "argument"),
    [
        (ATTENTION[0], THRESHOLD, {}, ShapeError, "attention"),
        (ATTENTION[..., :0], THRESHOLD, {}, ShapeError, "attention"),
        ([ATTENTION[0], ATTENTION[1, :2]], THRESHOLD, {}, ShapeError, "attention"),
        ([], THRESHOLD, {}, DtypeError, "attention"),
        (ATTENTION.long(), THRESHOLD, {}, DtypeError, "attention"),
        (2 * ATTENTION, THRESHOLD, {}, InvalidInputError, "attention"),
        (ATTENTION * math.nan, THRESHOLD, {}, InvalidInputError, "attention"),
        (2 * ATTENTION - 0.2, THRESHOLD, {}, InvalidInputError, "attention"),
        (ATTENTION, THRESHOLD[:3], {}, ShapeError, "threshold"),
        (ATTENTION, THRESHOLD.expand(3, 4), {}, ShapeError, "threshold"),
        (ATTENTION, THRESHOLD / 0, {}, InvalidInputError, "threshold"),
        (ATTENTION, THRESHOLD, {"coefficient": -1.0}, InvalidInputError, "coefficient"),
        (ATTENTION, THRESHOLD, {"tolerance": -0.1}, InvalidInputError, "tolerance"),
        (ATTENTION, THRESHOLD, {"epsilon": 0.0}, InvalidInputError, "epsilon"),
        (ATTENTION, THRESHOLD, {"context_size": 0}, InvalidInputError, "context_size"),
        (ATTENTION, THRESHOLD, {"context_size": 4.0}, DtypeError, "context_size"),
    ],
)
def test_bad_input_is_named(attention, threshold, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        attention_entropy_band(attention, threshold, **options)
