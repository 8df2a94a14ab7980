"""The buffer of past logits: a plain dictionary beside it, what is not there, state, dtypes and errors."""

import pickle

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.trajectory_buffer import TrajectoryBuffer


@pytest.mark.parametrize("delay", [1, 2, 3])
def test_the_past_is_what_was_written_delay_epochs_ago(delay):
    generator = torch.Generator().manual_seed(0)
    buffer, written = TrajectoryBuffer(10, 3, delay=delay), {}
    for epoch in range(8):
        for batch in torch.randperm(10, generator=generator).split(4):
            logits = torch.randn(len(batch), 3, generator=generator, requires_grad=True)
            buffer.update(batch, logits, epoch)
            written |= {(epoch, int(i)): row.tolist() for i, row in zip(batch, logits, strict=True)}
            if epoch >= delay:
                past = buffer.past(batch, epoch)
                assert not past.requires_grad
                assert past.tolist() == [written[epoch - delay, int(i)] for i in batch]


def test_reading_comes_before_or_after_writing_in_an_epoch():
    buffer, items = TrajectoryBuffer(2, 1, delay=2), torch.tensor([0, 1])
    for epoch in range(3):
        buffer.update(items, torch.full((2, 1), float(epoch)), epoch)
    before = buffer.past(items, 3)
    buffer.update(items, torch.full((2, 1), 3.0), 3)
    assert torch.equal(buffer.past(items, 3), before)
    assert before.tolist() == [[1.0], [1.0]]


def test_there_is_no_past_before_the_delay():
    buffer = TrajectoryBuffer(2, 1, delay=3)
    with pytest.raises(InvalidInputError, match=r"^epoch: got 2; wanted at least the delay, 3"):
        buffer.past(torch.tensor([0]), 2)


def test_an_item_that_was_left_out_then_is_refused_and_not_read_as_zeros():
    buffer = TrajectoryBuffer(3, 1, delay=1)
    buffer.update(torch.tensor([0, 2]), torch.ones(2, 1), 0)
    with pytest.raises(InvalidInputError, match=r"^index: got item 1, of which nothing is kept from epoch 0"):
        buffer.past(torch.tensor([0, 1, 2]), 1)
    buffer.update(torch.tensor([1]), torch.ones(1, 1), 2)  # in the slot of epoch 0
    with pytest.raises(InvalidInputError, match=r"^index: got item 1, "):
        buffer.past(torch.tensor([1]), 1)


@pytest.mark.parametrize("copied", ["state_dict", "pickle"])
def test_a_copy_goes_on_as_the_original(copied):
    buffer, items = TrajectoryBuffer(3, 2, delay=1, dtype=torch.float16), torch.arange(3)
    buffer.update(items, torch.randn(3, 2), 0)
    if copied == "state_dict":
        other = TrajectoryBuffer(3, 2, delay=1, dtype=torch.float16)
        other.load_state_dict(buffer.state_dict())
    else:
        other = pickle.loads(pickle.dumps(buffer))
    assert torch.equal(other.past(items, 1), buffer.past(items, 1))
    assert not list(buffer.parameters())


def test_float16_halves_the_memory_and_refuses_what_it_cannot_hold():
    wide, narrow = (TrajectoryBuffer(100, 10, dtype=dtype) for dtype in (torch.float32, torch.float16))
    assert narrow.logits.nbytes * 2 == wide.logits.nbytes
    assert "delay=3, dtype=torch.float16" in repr(narrow)
    with pytest.raises(InvalidInputError, match=r"^logits: "):
        narrow.update(torch.tensor([0]), torch.full((1, 10), 1e5), 0)
    assert (narrow.epochs == -1).all()


def test_an_empty_batch_is_taken():
    buffer, nothing = TrajectoryBuffer(3, 2, delay=1), torch.zeros(0, dtype=torch.long)
    buffer.update(nothing, torch.zeros(0, 2), 0)
    assert buffer.past(nothing, 1).shape == (0, 2)


@pytest.mark.parametrize(
    ("index", "logits", "epoch", "error", "argument"),
    [
        (torch.tensor([3]), torch.zeros(1, 2), 0, InvalidInputError, "index"),
        (torch.tensor([-1]), torch.zeros(1, 2), 0, InvalidInputError, "index"),
        (torch.tensor([0.0]), torch.zeros(1, 2), 0, DtypeError, "index"),
        (torch.tensor([[0]]), torch.zeros(1, 2), 0, ShapeError, "index"),
        ([0], torch.zeros(1, 2), 0, DtypeError, "index"),
        (torch.tensor([0]), torch.zeros(1, 3), 0, ShapeError, "logits"),
        (torch.tensor([0]), torch.zeros(2, 2), 0, ShapeError, "logits"),
        (torch.tensor([0]), torch.zeros(1, 2, dtype=torch.long), 0, DtypeError, "logits"),
        (torch.tensor([0]), torch.full((1, 2), torch.nan), 0, InvalidInputError, "logits"),
        (torch.tensor([0]), torch.zeros(1, 2), -1, InvalidInputError, "epoch"),
        (torch.tensor([0]), torch.zeros(1, 2), 0.5, DtypeError, "epoch"),
    ],
)
def test_bad_input_is_named(index, logits, epoch, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        TrajectoryBuffer(3, 2).update(index, logits, epoch)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((0, 2), {}, InvalidInputError, "size"),
        ((3, 0), {}, InvalidInputError, "classes"),
        ((3, 2), {"delay": 0}, InvalidInputError, "delay"),
        ((3, 2), {"delay": 1.0}, DtypeError, "delay"),
        ((3, 2), {"dtype": torch.int64}, DtypeError, "dtype"),
    ],
)
def test_bad_options_are_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        TrajectoryBuffer(*arguments, **options)
