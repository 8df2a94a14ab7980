"""Negative learning beyond conformance: the forms of exclusion, digits at the ends, its metric, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.negative_learning import LOSS, negative_learning

LOGITS = torch.tensor([[0.3, -2.0, 1.0], [0.1, 0.2, 0.0]])
SEEN = torch.tensor([True, False, True])


def rows(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(5, 4, generator=generator, dtype=torch.float64)
    excluded = torch.rand(5, 4, generator=generator) > 0.5
    excluded[:, 1] = False
    return logits, excluded


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_equals_the_formula_read_literally(seed):
    logits, excluded = rows(seed)
    wanted = -((1 - logits.softmax(1)).log() * excluded).sum(1)
    torch.testing.assert_close(negative_learning(logits, excluded, reduction="none"), wanted)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=10)
def test_masks_of_rows_of_classes_and_indices_say_the_same(seed):
    logits, _ = rows(seed)
    seen = torch.tensor([True, False, True, False])
    by_class = negative_learning(logits, seen, reduction="none")
    torch.testing.assert_close(by_class, negative_learning(logits, seen.expand(5, 4), reduction="none"))
    columns = [negative_learning(logits, torch.full((5,), k), reduction="none") for k in (0, 2)]
    torch.testing.assert_close(by_class, sum(columns))


def test_two_classes_and_one_of_them_excluded_is_cross_entropy_of_the_other():
    logits, excluded = LOGITS[:, :2], torch.tensor([0, 1])
    wanted = torch.nn.functional.cross_entropy(logits, 1 - excluded)
    torch.testing.assert_close(negative_learning(logits, excluded), wanted)


def test_a_sure_row_keeps_its_digits_and_its_gradient():
    logits = torch.tensor([[40.0, 0.0, 0.0]], requires_grad=True)
    loss = negative_learning(logits, torch.tensor([0]))  # 1 - p is 2 exp(-40), where p rounds to 1
    loss.backward()
    assert loss.item() == pytest.approx(40 - math.log(2), rel=1e-6)
    torch.testing.assert_close(logits.grad, torch.tensor([[1.0, -0.5, -0.5]]))


def test_a_row_that_is_right_keeps_the_digits_of_its_small_loss():
    loss = negative_learning(torch.tensor([[40.0, 0.0, 0.0]]), torch.tensor([1]))
    assert loss.item() == pytest.approx(math.exp(-40), rel=1e-5)


@pytest.mark.parametrize("complementary", [SEEN, torch.tensor([0, 2])])
def test_every_form_compiles_and_has_the_gradient_of_finite_differences(complementary):
    def loss(logits):
        return negative_learning(logits, complementary)

    leaf = LOGITS.double().requires_grad_()
    assert torch.autograd.gradcheck(loss, leaf)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(leaf), loss(leaf))
    torch.testing.assert_close(torch.func.vmap(loss)(torch.stack([leaf, leaf]))[1], loss(leaf))


@pytest.mark.parametrize(
    ("complementary", "share"),
    [(SEEN, 0.5), (torch.tensor([2, 1]), 1.0), (torch.tensor([[False] * 3, [False, True, True]]), 0.5)],
)
def test_the_metric_is_the_share_of_predictions_that_were_excluded(complementary, share):
    (metric,) = LOSS.pairs_with
    assert metric(logits=LOGITS, complementary=complementary) == share


def test_nothing_excluded_gives_zero_with_a_graph():
    logits = LOGITS.clone().requires_grad_()
    loss = negative_learning(logits, torch.zeros(3, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize(
    ("logits", "complementary", "error", "argument"),
    [
        (LOGITS[0], SEEN, ShapeError, "logits"),
        (LOGITS[:0], SEEN, ShapeError, "logits"),
        (LOGITS[:, :1], SEEN[:1], ShapeError, "logits: got shape .* at least two classes"),
        (LOGITS.long(), SEEN, DtypeError, "logits"),
        (LOGITS * math.inf, SEEN, InvalidInputError, "logits"),
        (LOGITS, SEEN[:2], ShapeError, "complementary"),
        (LOGITS, SEEN[None], ShapeError, "complementary"),
        (LOGITS, SEEN.float(), DtypeError, "complementary"),
        (LOGITS, [True, False, True], DtypeError, "complementary"),
        (LOGITS, torch.tensor([1, 3]), InvalidInputError, "complementary: got class 3"),
        (LOGITS, torch.tensor([0, 1, 2]), ShapeError, "complementary"),
        (LOGITS, SEEN | True, InvalidInputError, "complementary: got every class in row 0"),
    ],
)
def test_bad_input_is_named(logits, complementary, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        negative_learning(logits, complementary)
