"""Class variance beyond conformance: what is balanced, its temperature, small batches and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.class_variance import class_variance

LOGITS = torch.tensor([[0.3, -2.0, 1.0], [0.1, 0.2, 0.0]])


@given(seed=st.integers(0, 2**16), size=st.integers(1, 5), temperature=st.floats(0.2, 3))
@settings(max_examples=25)
def test_equals_the_formula_read_literally(seed, size, temperature):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    classes = torch.randperm(5, generator=generator)[:size]
    share = (logits[:, classes] / temperature).softmax(1).numpy()
    wanted = [max(0.0, (size - 1) / size**2 - variance) for variance in share.var(0, ddof=1)]
    loss = class_variance(logits, classes=classes, temperature=temperature)
    assert loss.item() == pytest.approx(sum(wanted) / size)


@given(size=st.integers(2, 6), rounds=st.integers(1, 3), seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_an_equal_share_of_sure_rows_costs_nothing(size, rounds, seed):
    rows = torch.eye(size).repeat(rounds, 1)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    assert class_variance(rows[order]).item() == 0


@pytest.mark.parametrize("row", [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], ids=["one_class", "undecided"])
def test_rows_that_agree_cost_the_whole_bound(row):
    assert class_variance(torch.tensor([row] * 4)).item() == pytest.approx(2 / 9)


def test_it_drives_an_undecided_batch_apart():
    generator = torch.Generator().manual_seed(0)
    logits = (0.01 * torch.randn(6, 3, generator=generator)).requires_grad_()
    optimizer = torch.optim.SGD([logits], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        class_variance(logits, temperature=0.1).backward()
        optimizer.step()
    assert len(set(logits.argmax(1).tolist())) == 3


def test_a_small_temperature_does_not_overflow():
    logits = torch.tensor([[1e30, 0.0], [0.0, -1e30]], requires_grad=True)
    loss = class_variance(logits, temperature=1e-20)
    loss.backward()
    assert loss.item() == 0.25
    assert not logits.grad.any()


@pytest.mark.parametrize(
    ("logits", "classes"), [(LOGITS[:1], None), (LOGITS, torch.tensor([1]))], ids=["one_row", "one_class"]
)
def test_one_row_or_one_class_gives_zero_with_a_graph(logits, classes):
    leaf = logits.clone().requires_grad_()
    loss = class_variance(leaf, classes=classes)
    loss.backward()
    assert loss.item() == 0
    assert not leaf.grad.any()


@pytest.mark.parametrize(
    ("logits", "options", "error", "argument"),
    [
        (LOGITS[0], {}, ShapeError, "logits"),
        (LOGITS[:0], {}, ShapeError, "logits"),
        (LOGITS.long(), {}, DtypeError, "logits"),
        (LOGITS * math.nan, {}, InvalidInputError, "logits"),
        (LOGITS, {"classes": torch.tensor([], dtype=torch.int64)}, ShapeError, "classes"),
        (LOGITS, {"classes": torch.tensor([0, 0])}, InvalidInputError, "classes"),
        (LOGITS, {"classes": torch.tensor([-1])}, InvalidInputError, "classes"),
        (LOGITS, {"temperature": 0.0}, InvalidInputError, "temperature"),
    ],
)
def test_bad_input_is_named(logits, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        class_variance(logits, **options)
