"""Inverse gap weighting: recorded probabilities, facts of the definition, a bandit that learns, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.inverse_gap_weighting import inverse_gap_weighting

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "079-inverse_gap_weighting.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_probabilities(case):
    losses = torch.from_numpy(case.inputs["predicted_loss"])
    found = inverse_gap_weighting(losses, **case.params)
    wanted = torch.tensor(case.expected["probability"], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=case.rtol, atol=case.atol)


@given(
    seed=st.integers(0, 2**16),
    actions=st.integers(1, 7),
    exploration=st.floats(0.01, 1e6),
    kind=st.sampled_from(["square", "first_order"]),
)
@settings(max_examples=30)
def test_adds_up_to_one_and_falls_with_the_loss(seed, actions, exploration, kind):
    generator = torch.Generator().manual_seed(seed)
    losses = torch.rand(3, actions, generator=generator, dtype=torch.float64) + 1e-3
    found = inverse_gap_weighting(losses, exploration=exploration, kind=kind)
    torch.testing.assert_close(found.sum(1), torch.ones(3).double())
    ranked = found.gather(1, losses.argsort(1))
    assert (ranked.diff(dim=1) <= 1e-12).all()
    assert (ranked[:, 0] >= 1 / actions - 1e-12).all()
    single = inverse_gap_weighting(losses[1], exploration=exploration, kind=kind)
    torch.testing.assert_close(found[1], single)


def test_a_single_action_is_certain():
    assert inverse_gap_weighting(torch.tensor([0.3]), exploration=1.0).tolist() == [1.0]


def test_a_bandit_loop_finds_the_best_action_and_keeps_trying_the_others():
    generator = torch.Generator().manual_seed(0)
    chance = torch.tensor([0.7, 0.5, 0.2, 0.6])  # of a loss of 1
    guess, tried = torch.full((4,), 0.5), torch.zeros(4)
    for _ in range(1500):
        probability = inverse_gap_weighting(guess, exploration=100.0)
        action = torch.multinomial(probability, 1, generator=generator)
        loss = (torch.rand(1, generator=generator) < chance[action]).float()
        tried[action] += 1
        guess[action] += (loss - guess[action]) / (tried[action] + 1)
    assert tried.argmax() == 2
    assert tried[2] > 1000
    assert tried.min() >= 10


LOSSES = torch.tensor([0.5, 0.2])


@pytest.mark.parametrize(
    ("losses", "options", "error", "argument"),
    [
        (LOSSES[:0], {}, ShapeError, "predicted_loss"),
        (LOSSES[0], {}, ShapeError, "predicted_loss"),
        (LOSSES.long(), {}, DtypeError, "predicted_loss"),
        (LOSSES * math.nan, {}, InvalidInputError, "predicted_loss"),
        (LOSSES - 0.2, {"kind": "first_order"}, InvalidInputError, "predicted_loss"),
        (LOSSES, {"exploration": 0.0}, InvalidInputError, "exploration"),
        (LOSSES, {"kind": "cubic"}, InvalidInputError, "kind"),
    ],
)
def test_bad_input_is_named(losses, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        inverse_gap_weighting(losses, **({"exploration": 5.0} | options))
