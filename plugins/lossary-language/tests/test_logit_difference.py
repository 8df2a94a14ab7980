"""Logit difference, and the uniform prediction that its assistant learns: values, filter, masks, errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.logit_difference import logit_difference
from lossary_language.uniform_prediction import uniform_prediction
from torch.nn import functional

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "122-logit_difference.json")


def logits(seed: int, *shape: int) -> torch.Tensor:
    return 3 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_logits(case):
    inputs = {name: torch.from_numpy(array) for name, array in case.inputs.items()}
    wanted = torch.tensor(case.expected["logits"], dtype=torch.float64)
    found = logit_difference(**inputs, **case.params)
    torch.testing.assert_close(found, wanted, rtol=case.rtol, atol=case.atol)


def test_an_assistant_without_opinion_changes_no_probability():
    base = logits(0, 2, 3, 7)
    changed = logit_difference(base, torch.full_like(base, 2.5))
    torch.testing.assert_close(changed.softmax(-1), base.softmax(-1))


@pytest.mark.parametrize("top_filter", [0.05, 0.3, 0.8])
def test_tokens_that_the_model_finds_unlikely_keep_their_logits(top_filter):
    base, assistant = logits(0, 20, 11), logits(1, 20, 11)
    changed = logit_difference(base, assistant, top_filter=top_filter) != base
    likely = base.softmax(-1) >= top_filter * base.softmax(-1).amax(-1, keepdim=True)
    ranks = base.argsort(-1, descending=True).argsort(-1)
    assert torch.equal(changed, likely | (ranks < max(1, int(top_filter * 11))))


def test_a_filter_of_one_and_of_zero_change_all():
    base, assistant = logits(0, 4, 5), logits(1, 4, 5)
    all_of_them = logit_difference(base, assistant)
    assert torch.equal(logit_difference(base, assistant, top_filter=1.0), all_of_them)


def test_the_dtype_is_that_of_the_model():
    assert logit_difference(torch.ones(3, dtype=torch.bfloat16), torch.ones(3)).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("base", "assistant", "options", "error", "argument"),
    [
        (torch.ones(2, 0), torch.ones(2, 0), {}, ShapeError, "base_logits"),
        (torch.ones(2, 3), torch.ones(2, 4), {}, ShapeError, "assistant_logits"),
        (torch.ones(3), torch.ones(3, dtype=torch.int64), {}, DtypeError, "assistant_logits"),
        (torch.tensor([math.nan]), torch.ones(1), {}, InvalidInputError, "base_logits"),
        (torch.ones(3), torch.ones(3), {"weight": math.inf}, InvalidInputError, "weight"),
        (torch.ones(3), torch.ones(3), {"top_filter": 1.5}, InvalidInputError, "top_filter"),
    ],
)
def test_bad_input_is_named(base, assistant, options, error, argument):
    with pytest.raises(error, match=f"{argument}: got"):
        logit_difference(base, assistant, **options)


def test_uniform_prediction_is_the_divergence_of_torch():
    scores = logits(0, 4, 6)
    uniform = torch.full_like(scores, 1 / 6)
    wanted = functional.kl_div(scores.log_softmax(-1), uniform, reduction="batchmean")
    torch.testing.assert_close(uniform_prediction(scores), wanted)


def test_uniform_prediction_pulls_each_probability_to_the_mean():
    scores = logits(0, 4, 6).requires_grad_()
    uniform_prediction(scores, reduction="sum").backward()
    torch.testing.assert_close(scores.grad, scores.detach().softmax(-1) - 1 / 6)


def test_equal_logits_cost_nothing():
    assert uniform_prediction(torch.full((2, 5), 7.0)).item() == pytest.approx(0, abs=1e-6)


def test_positions_that_do_not_count_are_left_out():
    scores, mask = logits(0, 2, 3, 6), torch.tensor([[True, False, True], [False, True, True]])
    torch.testing.assert_close(uniform_prediction(scores, mask), uniform_prediction(scores[mask]))
    assert not uniform_prediction(scores, mask, reduction="none")[~mask].any()


def test_no_position_that_counts_gives_zero_with_a_graph():
    scores = logits(0, 2, 6).requires_grad_()
    loss = uniform_prediction(scores, torch.zeros(2, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert not scores.grad.any()


def test_bad_logits_and_masks_are_named():
    with pytest.raises(ShapeError, match="logits: got shape"):
        uniform_prediction(torch.ones(2, 0))
    with pytest.raises(ShapeError, match="mask: got shape"):
        uniform_prediction(torch.ones(2, 3), torch.ones(3, dtype=torch.bool))
