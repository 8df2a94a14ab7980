"""Feature choice and mutual choice: recorded masks, against a stable sort, ties, gradients, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.feature_choice_mask import feature_choice_mask
from lossary_language.mutual_choice_mask import mutual_choice_mask

GOLDENS = Path(__file__).parent / "goldens"
CASES = [
    (function, case)
    for function in (feature_choice_mask, mutual_choice_mask)
    for case in load_goldens(GOLDENS / f"046-{function.__name__}.json").cases
]


@pytest.mark.parametrize(("function", "case"), CASES, ids=[f"{f.__name__}-{case}" for f, case in CASES])
def test_equals_the_recorded_mask(function, case):
    mask = function(torch.from_numpy(case.inputs["score"]), **case.params)
    assert mask.tolist() == case.expected["mask"]


SCORES = st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=1, max_size=6)


@given(rows=SCORES, matches=st.integers(0, 7))
@settings(max_examples=25)
def test_each_feature_keeps_the_head_of_a_stable_sort(rows, matches):
    score = torch.tensor(rows, dtype=torch.float32)
    order = score.argsort(dim=0, descending=True, stable=True)[:matches]
    wanted = torch.zeros_like(score, dtype=torch.bool).scatter(0, order, value=True)
    assert torch.equal(feature_choice_mask(score, matches=matches), wanted)


@given(rows=SCORES, share=st.floats(0, 1))
@settings(max_examples=25)
def test_the_batch_keeps_the_head_of_a_stable_sort(rows, share):
    score = torch.tensor(rows, dtype=torch.float32)
    budget = round(share * score.numel())
    order = score.flatten().argsort(descending=True, stable=True)[:budget]
    wanted = torch.zeros(score.numel(), dtype=torch.bool).index_fill(0, order, value=True)
    assert torch.equal(mutual_choice_mask(score, budget=budget), wanted.view_as(score))


def test_kept_activations_pass_the_gradient_and_others_none():
    score = torch.tensor([[1.0, 3.0], [2.0, 0.5]], requires_grad=True)
    mask = mutual_choice_mask(score, budget=2)
    torch.where(mask, score, 0.0).sum().backward()
    assert torch.equal(score.grad, mask.float())


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_nothing_to_choose_from_gives_an_empty_mask(shape):
    assert feature_choice_mask(torch.ones(shape), matches=2).shape == shape
    assert mutual_choice_mask(torch.ones(shape), budget=0).shape == shape


def test_infinite_scores_are_chosen_first_and_last():
    score = torch.tensor([[math.inf, 0.0], [-math.inf, 1.0]])
    assert mutual_choice_mask(score, budget=3).tolist() == [[True, True], [False, True]]


@pytest.mark.parametrize(
    ("function", "name"), [(feature_choice_mask, "matches"), (mutual_choice_mask, "budget")]
)
def test_bad_input_is_named(function, name):
    for score, count, error, argument in (
        (torch.ones(3), 1, ShapeError, "score"),
        (torch.ones(3, 2, dtype=torch.int64), 1, DtypeError, "score"),
        (torch.tensor([[1.0, math.nan]]), 1, InvalidInputError, "score"),
        (torch.ones(3, 2), -1, InvalidInputError, name),
        (torch.ones(3, 2), 1.0, DtypeError, name),
    ):
        with pytest.raises(error, match=f"^{argument}: got"):
            function(score, **{name: count})


def test_a_budget_beyond_the_batch_is_refused():
    with pytest.raises(InvalidInputError, match="budget: got 7; wanted at most 6"):
        mutual_choice_mask(torch.ones(3, 2), budget=7)
