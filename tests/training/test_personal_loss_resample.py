"""Personal loss resampling: recorded draws, frequencies, padding, extremes, clicks by mistake."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.personal_loss_resample import personal_loss_resample

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "065-personal_loss_resample.json")
LOSS = torch.tensor([[0.1, 0.3, 0.2], [5.0, 5.1, 5.3]])
SURE = torch.tensor([[True, True, False], [False, True, True]])


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    inputs = {name: torch.from_numpy(array) for name, array in case.inputs.items()}
    index, probability = personal_loss_resample(**inputs, **case.params)
    wanted = torch.tensor(case.expected["probability"], dtype=torch.float64)
    torch.testing.assert_close(probability, wanted, rtol=case.rtol, atol=case.atol)
    assert index.tolist() == case.expected["index"]


def test_candidates_are_drawn_as_often_as_they_are_probable():
    loss = torch.tensor([[0.1, 0.3, 0.2]]).expand(4000, 3)
    index, probability = personal_loss_resample(loss, generator=torch.Generator().manual_seed(0))
    shares = torch.bincount(index, minlength=3) / 4000
    torch.testing.assert_close(shares, probability[0], atol=0.03, rtol=0)


def test_a_users_own_level_does_not_matter():
    torch.testing.assert_close(
        personal_loss_resample(LOSS + torch.tensor([[0.0], [3.0]])).probability,
        personal_loss_resample(LOSS).probability,
        atol=1e-5,
        rtol=0,
    )


def test_padding_is_never_drawn_whatever_its_loss():
    loss = LOSS.masked_fill(~SURE, math.nan)
    for number in (0.0, 0.5, 1 - 2**-24):
        index, probability = personal_loss_resample(loss, uniform=torch.full((2,), number), mask=SURE)
        assert SURE.gather(1, index.unsqueeze(1)).all()
        assert (probability.masked_select(~SURE) == 0).all()


def test_the_largest_number_draws_a_candidate_in_spite_of_rounding():
    loss = torch.rand(3000, 50, generator=torch.Generator().manual_seed(0))
    index, probability = personal_loss_resample(loss, uniform=torch.full((3000,), 1 - 2**-24))
    assert (probability.cumsum(1)[:, -1] <= 1 - 2**-24).any()  # where the sum stays below the number
    assert (index < 50).all()
    assert (probability.gather(1, index.unsqueeze(1)) > 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_far_losses_and_small_temperatures_take_the_smallest(dtype):
    loss = torch.tensor([[1000.0, 1.0, 60000.0]], dtype=dtype, requires_grad=True)
    index, probability = personal_loss_resample(
        loss, temperature=1e-20, uniform=torch.tensor([0.999], dtype=dtype)
    )
    assert (index.tolist(), probability.tolist()) == ([1], [[0.0, 1.0, 0.0]])
    assert not probability.requires_grad


def test_no_users():
    assert personal_loss_resample(LOSS[:0]).index.shape == (0,)


def test_in_a_loop_wrong_clicks_are_trained_on_less():
    generator = torch.Generator().manual_seed(0)
    taste = torch.randn(60, 4, generator=generator)
    items = torch.randn(200, 4, generator=generator)
    affinity = taste @ items.T
    liked = affinity.topk(20, 1).indices
    history = torch.cat([liked, torch.randint(200, (60, 10), generator=generator)], 1)
    is_wrong = affinity.gather(1, history) < 0
    loss = torch.nn.functional.softplus(-affinity.gather(1, history))
    chosen = personal_loss_resample(loss, temperature=0.3, generator=generator).index.unsqueeze(1)
    assert is_wrong.float().mean() > 0.1
    assert is_wrong.gather(1, chosen).float().mean() < 0.02


@pytest.mark.parametrize(
    ("loss", "options", "error", "argument"),
    [
        (LOSS[0], {}, ShapeError, "loss"),
        (LOSS[:, :0], {}, ShapeError, "loss: got no candidate"),
        (LOSS.long(), {}, DtypeError, "loss"),
        (LOSS * math.inf, {}, InvalidInputError, "loss"),
        (LOSS, {"temperature": 0.0}, InvalidInputError, "temperature"),
        (LOSS, {"uniform": torch.ones(2)}, InvalidInputError, "uniform"),
        (LOSS, {"uniform": torch.zeros(3)}, ShapeError, "uniform"),
        (LOSS, {"mask": torch.zeros(2, 3)}, DtypeError, "mask"),
        (LOSS, {"mask": torch.zeros(2, 3, dtype=torch.bool)}, InvalidInputError, "mask"),
    ],
)
def test_bad_input_is_named(loss, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        personal_loss_resample(loss, **options)
