"""Bad pairs: recorded weights and flags, gaps in the history, the module against the function, errors."""

import copy
import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.dynamic_bad_pair_weights import DynamicBadPairMining, dynamic_bad_pair_weights

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "105-dynamic_bad_pair_weights.json")


def losses(epochs: int, pairs: int = 30) -> torch.Tensor:
    """Of which pair 3 is easy and pair 7 hard in every epoch."""
    drawn = torch.rand(epochs, pairs, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 1
    drawn[:, 3], drawn[:, 7] = 0.05, 4.0
    return drawn


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_weights_and_flags(case):
    inputs = {name: torch.from_numpy(array) for name, array in case.inputs.items()}
    found = dynamic_bad_pair_weights(**inputs, **case.params)
    wanted = torch.tensor(case.expected["weight"], dtype=torch.float64)
    torch.testing.assert_close(found.weight, wanted, rtol=case.rtol, atol=case.atol)
    assert found.noisy.tolist() == case.expected["noisy"]
    assert found.faulty.tolist() == case.expected["faulty"]


def test_a_bounded_weight_is_the_density_over_its_largest_value():
    drawn = losses(6)
    options = {"total_epochs": 10, "noisy_threshold": 1.0, "faulty_threshold": 1.0}
    bounded = dynamic_bad_pair_weights(drawn[:5], drawn[5], bounded=True, **options)
    plain = dynamic_bad_pair_weights(drawn[:5], drawn[5], **options)
    assert bounded.noisy.nonzero().tolist() == [[3]]
    assert bounded.faulty.nonzero().tolist() == [[7]]
    assert ((bounded.weight > 0) & (bounded.weight <= 1)).all()
    ratio = (plain.weight / bounded.weight)[[3, 7]]
    past = (torch.arange(1, 6).double() / 10) @ drawn[:5] / 5
    torch.testing.assert_close(ratio, 1 / (past.std(correction=0) * math.sqrt(2 * math.pi)).expand(2))


def test_what_was_not_recorded_is_left_out():
    drawn, options = losses(4), {"total_epochs": 4}
    history = torch.cat([drawn[:3], torch.full((3, 2), math.nan)], dim=1)
    loss = torch.cat([drawn[3], torch.tensor([9.0, 0.0])])
    wanted = dynamic_bad_pair_weights(drawn[:3], drawn[3], **options)
    found = dynamic_bad_pair_weights(history, loss, **options)
    assert found.weight[-2:].tolist() == [1.0, 1.0]
    assert not (found.noisy | found.faulty)[-2:].any()
    torch.testing.assert_close(found.weight[:-2], wanted.weight)


def test_a_pair_that_skipped_an_epoch_is_judged_by_the_others():
    drawn = losses(4)
    drawn[0, 7] = math.nan
    found = dynamic_bad_pair_weights(drawn[:3], drawn[3], total_epochs=4, bounded=True)
    past = (torch.tensor([[1.0], [2.0], [3.0]]) / 4 * drawn[:3]).nanmean(0)
    center, deviation = past.mean(), past.std(correction=0)
    assert past[7] == 2.5
    assert found.faulty.nonzero().tolist() == [[7]]
    torch.testing.assert_close(found.weight[7], torch.exp(-(((4.0 - center) / deviation) ** 2) / 2))


@pytest.mark.parametrize("value", [0.0, 0.1, 7.3])
def test_nobody_is_flagged_where_all_are_alike(value):
    found = dynamic_bad_pair_weights(torch.full((7, 9), value), torch.arange(9.0), total_epochs=9)
    assert found.weight.tolist() == [1.0] * 9
    assert not (found.noisy | found.faulty).any()


def test_before_the_first_epoch_and_without_pairs_there_is_nothing_to_weigh():
    assert (
        dynamic_bad_pair_weights(torch.zeros(0, 3), torch.ones(3), total_epochs=5).weight.tolist() == [1] * 3
    )
    assert dynamic_bad_pair_weights(torch.zeros(4, 0), torch.ones(0), total_epochs=5).weight.shape == (0,)


def test_weights_carry_no_gradient():
    drawn = losses(3)
    history, loss = drawn[:2].clone().requires_grad_(), drawn[2].clone().requires_grad_()
    assert not dynamic_bad_pair_weights(history, loss, total_epochs=3).weight.requires_grad


def test_the_module_gives_the_weights_of_the_function_in_shuffled_batches():
    drawn, options = losses(6).float(), {"noisy_threshold": 1.0, "faulty_threshold": 1.5, "bounded": True}
    mining = DynamicBadPairMining(30, 10, 2, **options)
    generator = torch.Generator().manual_seed(1)
    for epoch in range(6):
        wanted = dynamic_bad_pair_weights(drawn[:epoch], drawn[epoch], total_epochs=10, **options).weight
        if epoch < 2:
            wanted = torch.ones(30)
        for index in torch.randperm(30, generator=generator).split(8):
            found = mining(drawn[epoch, index], index, epoch)
            torch.testing.assert_close(found, wanted[index], rtol=1e-4, atol=1e-6)


def test_a_training_loop_counts_bad_pairs_less_and_comes_nearer_to_the_good_ones():
    features = torch.randn(40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    truth = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    wanted = features @ truth
    wanted[:2] += 20.0  # no pairs

    def distance(mining: DynamicBadPairMining | None) -> float:
        weight = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([weight], lr=0.05)
        for epoch in range(60):
            loss = (features @ weight - wanted).square()
            counts = 1.0 if mining is None else mining(loss.detach(), torch.arange(40), epoch)
            optimizer.zero_grad()
            (counts * loss).mean().backward()
            optimizer.step()
        return (weight - truth).norm().item()

    mining = DynamicBadPairMining(40, 60, 10, bounded=True)
    assert distance(None) > 1
    assert distance(mining) < 0.05


def test_evaluation_mode_records_nothing_and_the_state_goes_on():
    drawn = losses(4).float()
    mining, index = DynamicBadPairMining(30, 10, 1), torch.arange(30)
    mining(drawn[0], index, 0)
    other = DynamicBadPairMining(30, 10, 1)
    other.load_state_dict(copy.deepcopy(mining.state_dict()))
    mining.eval()
    mining(drawn[1], index, 0)
    assert mining.count.tolist() == [1] * 30
    torch.testing.assert_close(mining(drawn[2], index, 1), other(drawn[2], index, 1))


HISTORY, LOSS = torch.ones(2, 3), torch.ones(3)


@pytest.mark.parametrize(
    ("history", "loss", "options", "error", "argument"),
    [
        (HISTORY[0], LOSS, {}, ShapeError, "history"),
        (HISTORY, LOSS[:2], {}, ShapeError, "loss"),
        (HISTORY.long(), LOSS, {}, DtypeError, "history"),
        (HISTORY * math.inf, LOSS, {}, InvalidInputError, "history"),
        (HISTORY, LOSS * math.nan, {}, InvalidInputError, "loss"),
        (HISTORY, LOSS, {"total_epochs": 0}, InvalidInputError, "total_epochs"),
        (HISTORY, LOSS, {"total_epochs": 1.5}, DtypeError, "total_epochs"),
        (HISTORY, LOSS, {"noisy_threshold": -1.0}, InvalidInputError, "noisy_threshold"),
        (HISTORY, LOSS, {"faulty_threshold": -1.0}, InvalidInputError, "faulty_threshold"),
    ],
)
def test_bad_input_is_named(history, loss, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        dynamic_bad_pair_weights(history, loss, **({"total_epochs": 5} | options))


@pytest.mark.parametrize(
    ("loss", "index", "epoch", "error", "argument"),
    [
        (LOSS, torch.arange(2), 1, ShapeError, "index"),
        (LOSS, torch.arange(3) + 8, 1, InvalidInputError, "index"),
        (LOSS, torch.arange(3), 0, InvalidInputError, "epoch"),
        (LOSS, torch.arange(3), 1.0, DtypeError, "epoch"),
        (LOSS * math.nan, torch.arange(3), 1, InvalidInputError, "loss"),
    ],
)
def test_bad_batches_are_named(loss, index, epoch, error, argument):
    mining = DynamicBadPairMining(10, 5)
    mining(LOSS, torch.arange(3), 1)
    with pytest.raises(error, match=f"^{argument}: "):
        mining(loss, index, epoch)


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [((0, 5), "num_samples"), ((5, 0), "total_epochs"), ((5, 5, -1), "warmup_epochs")],
)
def test_bad_options_are_named(arguments, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}: "):
        DynamicBadPairMining(*arguments)
