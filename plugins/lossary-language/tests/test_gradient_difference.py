"""Losses from cross-entropies to forget and to retain: what they are made of, the adaptive weight, errors."""

import inspect
import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.constrained_unlearning import LOSS as CONSTRAINED
from lossary_language.constrained_unlearning import (
    adaptive_retain_multiplier,
    constrained_unlearning,
    constrained_unlearning_terms,
)
from lossary_language.gradient_ascent import LOSS as ASCENT
from lossary_language.gradient_ascent import gradient_ascent
from lossary_language.gradient_difference import LOSS as DIFFERENCE
from lossary_language.gradient_difference import gradient_difference
from lossary_language.sequence_log_prob import sequence_log_prob
from torch.nn.functional import cross_entropy


def rows(batch: int, steps: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    target = torch.randint(5, (batch, steps), generator=generator)
    target[0, 0] = -100
    return torch.randn(batch, steps, 5, generator=generator, dtype=torch.float64), target


FORGET, RETAIN = rows(3, 4, 0), rows(2, 3, 1)
WEIGHT = {gradient_difference: 1.0, constrained_unlearning: 1.2}
IGNORED = (FORGET[0], torch.full_like(FORGET[1], -100))


def plain(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return cross_entropy(logits.flatten(0, 1), target.flatten())


def test_ascent_is_minus_the_token_mean_over_the_batch():
    torch.testing.assert_close(gradient_ascent(*FORGET), -plain(*FORGET))
    counts = (FORGET[1] != -100).sum()
    torch.testing.assert_close(gradient_ascent(*FORGET), sequence_log_prob(*FORGET).sum() / counts)


def test_ascent_is_minus_its_exact_metric():
    (metric,) = ASCENT.pairs_with
    found = metric(logits=FORGET[0], target=FORGET[1])
    assert gradient_ascent(*FORGET).item() == pytest.approx(-found)


@pytest.mark.parametrize(("forget_weight", "retain_weight"), [(1.0, 1.0), (0.0, 2.0), (0.3, 0.0)])
def test_difference_weighs_both_sides(forget_weight, retain_weight):
    found = gradient_difference(*FORGET, *RETAIN, forget_weight=forget_weight, retain_weight=retain_weight)
    torch.testing.assert_close(found, retain_weight * plain(*RETAIN) - forget_weight * plain(*FORGET))


@pytest.mark.parametrize("loss", [DIFFERENCE, CONSTRAINED], ids=lambda loss: loss.name)
def test_the_metric_is_the_log_loss_of_what_is_retained(loss):
    (metric,) = loss.pairs_with
    names = ("forget_logits", "forget_target", "retain_logits", "retain_target")
    found = metric(**dict(zip(names, (*FORGET, *RETAIN), strict=True)))
    assert found == pytest.approx(plain(*RETAIN).item())


@pytest.mark.parametrize("function", [gradient_difference, constrained_unlearning])
def test_a_side_without_tokens_adds_nothing(function):
    torch.testing.assert_close(function(*IGNORED, *RETAIN), WEIGHT[function] * plain(*RETAIN))
    torch.testing.assert_close(function(*FORGET, *IGNORED), -plain(*FORGET))
    leaf = FORGET[0].clone().requires_grad_()
    nothing = function(leaf, IGNORED[1], *IGNORED)
    nothing.backward()
    assert nothing.item() == 0
    assert not leaf.grad.any()


def test_without_a_baseline_it_is_the_difference_with_the_least_weight():
    found = constrained_unlearning(*FORGET, *RETAIN, base=1.7)
    torch.testing.assert_close(found, gradient_difference(*FORGET, *RETAIN, retain_weight=1.7))


@pytest.mark.parametrize("baseline", [0.0, 0.7, 3.0])
def test_the_weight_is_the_rounded_exponential_in_its_bounds(baseline):
    for loss in torch.linspace(0.003, 5.0, 100, dtype=torch.float64):
        exponential = 0.3 * 6 ** (loss.item() - baseline) + 0.8
        wanted = 1.2 if loss <= baseline else min(max(round(exponential, 1), 1.2), 2.3)
        assert adaptive_retain_multiplier(loss, baseline).item() == pytest.approx(wanted, rel=1e-12)


def test_the_weight_grows_to_its_maximum_and_has_no_graph():
    losses = [torch.tensor(value, requires_grad=True) for value in (1.0, 1.5, 2.0, 1e4)]
    found = [adaptive_retain_multiplier(loss, 1.0, maximum=2.8) for loss in losses]
    assert [round(value.item(), 6) for value in found] == [1.2, 1.5, 2.6, 2.8]
    assert not any(value.requires_grad for value in found)


def test_the_weight_is_a_constant_for_the_gradient():
    leaves = [FORGET[0].clone().requires_grad_(), RETAIN[0].clone().requires_grad_()]
    terms = constrained_unlearning_terms(leaves[0], FORGET[1], leaves[1], RETAIN[1], baseline=1.0)
    other = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    fixed = gradient_difference(
        other[0], FORGET[1], other[1], RETAIN[1], retain_weight=terms.multiplier.item()
    )
    terms.loss.backward()
    fixed.backward()
    for leaf, twin in zip(leaves, other, strict=True):
        torch.testing.assert_close(leaf.grad, twin.grad)


def test_loss_and_terms_take_the_same_arguments():
    loss, terms = (
        [str(parameter) for parameter in inspect.signature(function).parameters.values()]
        for function in (constrained_unlearning, constrained_unlearning_terms)
    )
    assert loss == terms


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((*FORGET, RETAIN[0][..., :4], RETAIN[1].clamp(max=3)), {}, ShapeError, "retain_logits"),
        ((*FORGET, RETAIN[0], RETAIN[1][:1]), {}, ShapeError, "retain_target"),
        ((*FORGET, RETAIN[0] * math.inf, RETAIN[1]), {}, InvalidInputError, "retain_logits"),
        ((FORGET[0], FORGET[1] + 5, *RETAIN), {}, InvalidInputError, "forget_target"),
        ((FORGET[0].long(), FORGET[1], *RETAIN), {}, DtypeError, "forget_logits"),
    ],
)
@pytest.mark.parametrize("function", [gradient_difference, constrained_unlearning])
def test_bad_input_is_named(function, inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        function(*inputs, **options)


@pytest.mark.parametrize("option", ["forget_weight", "retain_weight"])
def test_negative_weights_are_refused(option):
    with pytest.raises(InvalidInputError, match=f"^{option}: got -1"):
        gradient_difference(*FORGET, *RETAIN, **{option: -1.0})


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"base": -0.1}, "base"),
        ({"maximum": 1.0}, "maximum"),
        ({"baseline": math.nan}, "baseline"),
    ],
)
def test_bad_options_of_the_weight_are_named(options, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}: got"):
        constrained_unlearning(*FORGET, *RETAIN, **options)


def test_the_weight_wants_a_scalar():
    with pytest.raises(ShapeError, match=r"^retain_loss: got shape \(2,\)"):
        adaptive_retain_multiplier(torch.ones(2), 1.0)
