"""Prediction entropy beyond conformance: its bounds, the subset of classes, and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.attention_entropy import attention_entropy
from lossary.losses.classification.prediction_entropy import PredictionEntropy, prediction_entropy

LOGITS = torch.tensor([[0.3, -2.0, 1.0], [0.1, 0.2, 0.0]])
NOVEL = torch.tensor([2, 0])


@given(seed=st.integers(0, 2**16), size=st.integers(1, 6))
@settings(max_examples=25)
def test_is_the_entropy_of_the_softmax_over_the_subset(seed, size):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(4, 6, generator=generator, dtype=torch.float64)
    classes = torch.randperm(6, generator=generator)[:size]
    share = logits.softmax(1)[:, classes]
    share = share / share.sum(1, keepdim=True)
    values = prediction_entropy(logits, classes=classes, reduction="none")
    torch.testing.assert_close(values, torch.distributions.Categorical(share).entropy())
    assert bool((values <= math.log(size) + 1e-12).all())


def test_over_all_classes_it_is_the_entropy_of_attention():
    torch.testing.assert_close(prediction_entropy(LOGITS), -attention_entropy(LOGITS))


def test_other_classes_receive_no_gradient():
    logits = LOGITS.clone().requires_grad_()
    prediction_entropy(logits, classes=NOVEL).backward()
    assert not logits.grad[:, 1].any()
    assert bool(logits.grad[:, NOVEL].all())


def test_a_sure_row_has_a_finite_gradient():
    logits = torch.tensor([[1e4, 0.0, -1e4]], requires_grad=True)
    loss = prediction_entropy(logits)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_a_single_class_gives_zero_with_a_graph():
    logits = LOGITS.clone().requires_grad_()
    loss = prediction_entropy(logits, classes=torch.tensor([1]))
    loss.backward()
    assert loss.item() == 0


def test_the_module_keeps_its_classes_and_moves_them():
    module = PredictionEntropy(classes=NOVEL)
    assert module(LOGITS) == prediction_entropy(LOGITS, classes=NOVEL)
    assert torch.equal(module.state_dict()["classes"], NOVEL)


def test_a_subset_compiles_and_vectorizes():
    def loss(logits):
        return prediction_entropy(logits, classes=NOVEL)

    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(LOGITS), loss(LOGITS))
    both = torch.func.vmap(loss)(torch.stack([LOGITS, 2 * LOGITS]))
    torch.testing.assert_close(both, torch.stack([loss(LOGITS), loss(2 * LOGITS)]))


@pytest.mark.parametrize(
    ("logits", "classes", "error", "argument"),
    [
        (LOGITS[0], None, ShapeError, "logits"),
        (LOGITS[:0], None, ShapeError, "logits"),
        (LOGITS[:, :0], None, ShapeError, "logits"),
        (LOGITS.long(), None, DtypeError, "logits"),
        (LOGITS * math.nan, None, InvalidInputError, "logits"),
        (LOGITS, NOVEL[:0], ShapeError, "classes"),
        (LOGITS, NOVEL[None], ShapeError, "classes"),
        (LOGITS, NOVEL.float(), DtypeError, "classes"),
        (LOGITS, [0, 2], DtypeError, "classes"),
        (LOGITS, NOVEL + 1, InvalidInputError, "classes: got class 3; wanted classes 0 to 2"),
        (LOGITS, torch.tensor([1, 1]), InvalidInputError, "classes: got .* wanted each class once"),
    ],
)
def test_bad_input_is_named(logits, classes, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        prediction_entropy(logits, classes=classes)
