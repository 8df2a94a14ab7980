"""Relative loss prediction beyond conformance: its pairs, the official form, masks, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.self_supervised.relative_loss_prediction import LOSS, relative_loss_prediction
from lossary.metrics import kendall_tau


def batch(rows: int = 3, items: int = 6, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randn(rows, items, generator=generator, dtype=torch.float64)
    target = torch.randint(4, (rows, items), generator=generator).double()
    return prediction, target, torch.rand(rows, items, generator=generator) < 0.7


@given(seed=st.integers(0, 2**16), eps=st.sampled_from([0.0, 1e-6, 0.1]))
@settings(max_examples=25)
def test_equals_the_cross_entropy_of_ordered_pairs_both_ways_round(seed, eps):
    prediction, target, mask = batch(seed=seed)
    terms = []
    for p, t, m in zip(prediction.tolist(), target.tolist(), mask.tolist(), strict=True):
        for i in range(6):
            for j in range(6):
                if t[i] != t[j] and m[i] and m[j]:
                    share = 1 / (1 + math.exp(p[i] - p[j]))
                    terms.append(-math.log((share if t[j] > t[i] else 1 - share) + eps))
    expected = sum(terms) / max(len(terms), 1)
    found = relative_loss_prediction(prediction, target, mask, eps=eps)
    assert found.item() == pytest.approx(expected)


def test_only_the_order_of_the_target_matters():
    prediction, target, _ = batch()
    assert torch.equal(
        relative_loss_prediction(prediction, target), relative_loss_prediction(prediction, target.exp() - 7)
    )


def test_each_row_may_be_shifted_on_its_own():
    prediction, target, _ = batch()
    shift = torch.tensor([[5.0], [0.0], [-3.0]], dtype=torch.float64)
    torch.testing.assert_close(
        relative_loss_prediction(prediction + shift, target), relative_loss_prediction(prediction, target)
    )


def test_masked_items_are_as_good_as_absent():
    prediction, target, _ = batch()
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[:, [1, 4]] = False
    kept = [0, 2, 3, 5]
    found = relative_loss_prediction(prediction.requires_grad_(), target, mask)
    found.backward()
    torch.testing.assert_close(found, relative_loss_prediction(prediction[:, kept], target[:, kept]))
    assert not prediction.grad[~mask].any()


@pytest.mark.parametrize(("rows", "items"), [(3, 1), (3, 0), (0, 4), (2, 3)])
def test_without_a_pair_it_is_zero_with_a_graph(rows, items):
    prediction = torch.zeros(rows, items, requires_grad=True)
    loss = relative_loss_prediction(prediction, torch.ones(rows, items))
    loss.backward()
    assert loss.item() == 0
    assert not prediction.grad.any()


@pytest.mark.parametrize(("gap", "eps"), [(40.0, 0.0), (1e4, 0.0), (1e4, 1e-6)])
def test_extreme_gaps_are_finite_and_keep_their_digits(gap, eps):
    right = torch.tensor([[0.0, gap]], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[0.0, 1.0]])
    wrong = relative_loss_prediction(-right, target, eps=eps)
    wrong.backward()
    assert wrong.item() == pytest.approx(-math.log(eps) if eps else gap)
    assert right.grad.isfinite().all()
    if not eps:
        found = relative_loss_prediction(right, target).item()
        assert found == pytest.approx(math.exp(-gap), rel=1e-12)


def test_masks_compile_and_map():
    prediction, target, mask = batch()
    wanted = relative_loss_prediction(prediction, target, mask, eps=1e-6)

    def loss(*inputs: torch.Tensor) -> torch.Tensor:
        return relative_loss_prediction(*inputs, eps=1e-6)

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(prediction, target, mask), wanted)
    stacked = (value.unsqueeze(0) for value in (prediction, target, mask))
    torch.testing.assert_close(torch.func.vmap(loss)(*stacked)[0], wanted)


def test_the_exact_metric_is_kendalls_tau_of_what_takes_part():
    (order,) = LOSS.pairs_with
    prediction, _, _ = batch(1)
    target, mask = prediction.roll(2, 1), torch.tensor([[True, True, False, True, True, True]])
    tau = kendall_tau(target[mask].numpy(), prediction[mask].numpy())
    assert order(prediction=prediction, target=target, mask=mask) == pytest.approx((1 + tau) / 2)


PREDICTION, TARGET, MASK = batch()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((PREDICTION[0], TARGET[0]), {}, ShapeError, "prediction"),
        ((PREDICTION, TARGET[:, :4]), {}, ShapeError, "target"),
        ((PREDICTION, TARGET.int()), {}, DtypeError, "target"),
        ((PREDICTION, TARGET * math.nan), {}, InvalidInputError, "target"),
        ((PREDICTION, TARGET, MASK[:2]), {}, ShapeError, "mask"),
        ((PREDICTION, TARGET, MASK.float()), {}, DtypeError, "mask"),
        ((PREDICTION, TARGET), {"eps": -1e-6}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        relative_loss_prediction(*arguments, **options)
