"""AUC margin beyond conformance: its forms, its saddle, its module and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.auc_margin import LOSS, AucMargin, auc_margin
from lossary.metrics import roc_auc_score

scores = st.integers(-6, 6).map(lambda step: step / 4) | st.floats(-30, 30, width=32)
batches = st.lists(st.tuples(scores, st.booleans()), min_size=2, max_size=20).filter(
    lambda rows: len({label for _, label in rows}) == 2
)


def tensors(rows: list[tuple[float, bool]]) -> tuple[torch.Tensor, torch.Tensor]:
    return (
        torch.tensor([row[0] for row in rows], dtype=torch.float64),
        torch.tensor([int(row[1]) for row in rows]),
    )


POINT = {"a": 0.4, "b": -0.2, "alpha": 0.6}


def best_saddle(score: torch.Tensor, target: torch.Tensor, margin: float) -> dict[str, torch.Tensor]:
    a, b = score[target == 1].mean(), score[target == 0].mean()
    return {"a": a, "b": b, "alpha": (margin + b - a).clamp(min=0)}


@settings(max_examples=60)
@given(rows=batches, margin=st.sampled_from([0.3, 1.0, 4.0]))
def test_min_max_form_at_its_saddle_is_the_closed_form(rows, margin):
    score, target = tensors(rows)
    score.requires_grad_()
    saddle = {name: value.detach() for name, value in best_saddle(score, target, margin).items()}
    closed = auc_margin(score, target, margin=margin)
    minmax = auc_margin(score, target, margin=margin, form="minmax", **saddle)
    torch.testing.assert_close(minmax, closed, rtol=1e-10, atol=1e-11)
    # by the envelope theorem the gradients agree as well
    torch.testing.assert_close(
        torch.autograd.grad(minmax, score)[0], torch.autograd.grad(closed, score)[0], rtol=1e-10, atol=1e-11
    )


@settings(max_examples=40)
@given(rows=batches, step=st.sampled_from([-0.7, 0.2, 1.5]))
def test_the_saddle_is_least_in_a_and_b_and_greatest_in_alpha(rows, step):
    score, target = tensors(rows)
    saddle = best_saddle(score, target, 1.0)
    value = auc_margin(score, target, form="minmax", **saddle)
    for name in ("a", "b"):
        moved = saddle | {name: saddle[name] + step}
        assert auc_margin(score, target, form="minmax", **moved) >= value - 1e-9
    moved = saddle | {"alpha": (saddle["alpha"] + step).clamp(min=0)}
    assert auc_margin(score, target, form="minmax", **moved) <= value + 1e-9


@settings(max_examples=40)
@given(rows=batches)
def test_prior_form_is_the_min_max_form_times_the_prior_variance(rows):
    score, target = tensors(rows)
    saddle = {name: torch.tensor(value, dtype=torch.float64) for name, value in POINT.items()}
    prior = target.double().mean()
    torch.testing.assert_close(
        auc_margin(score, target, form="minmax_prior", **saddle),
        prior * (1 - prior) * auc_margin(score, target, form="minmax", **saddle),
    )


@settings(max_examples=40)
@given(rows=batches)
def test_without_separation_it_is_the_mean_square_over_all_pairs(rows):
    score, target = tensors(rows)
    pairs = score[target == 1].unsqueeze(1) - score[target == 0]
    margin = 1.0 + pairs.mean().clamp(min=0).item()  # as large as the distance of the means, or larger
    torch.testing.assert_close(
        auc_margin(score, target, margin=margin), (margin - pairs).square().mean(), rtol=1e-9, atol=1e-10
    )


def test_a_margin_that_is_kept_leaves_the_spread_alone():
    score, target = torch.tensor([5.0, 3.0, 0.0]), torch.tensor([1, 1, 0])
    assert auc_margin(score, target).item() == pytest.approx(1.0)


@pytest.mark.parametrize("form", ["closed", "minmax"])
def test_an_offset_of_all_scores_costs_no_digits(form):
    score, target = torch.tensor([0.5, -0.25, 0.125, 1.0]), torch.tensor([1, 0, 0, 1])
    saddle = {} if form == "closed" else {name: torch.tensor(0.5) for name in POINT}
    moved = {name: value + 1e4 if name != "alpha" else value for name, value in saddle.items()}
    torch.testing.assert_close(
        auc_margin(score + 1e4, target, form=form, **moved), auc_margin(score, target, form=form, **saddle)
    )


@pytest.mark.parametrize("target", [[1, 1], [0, 0], [1], []])
@pytest.mark.parametrize("form", ["closed", "minmax", "minmax_prior"])
def test_a_batch_of_one_class_gives_zero_with_a_graph(target, form):
    score = torch.ones(len(target), requires_grad=True)
    criterion = AucMargin(form=form)
    loss = criterion(score, torch.tensor(target, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert not score.grad.any()
    assert not any(parameter.grad.any() for parameter in criterion.parameters())


def test_paired_metric_is_the_roc_auc():
    score, target = torch.tensor([2.0, 0.0, 1.0, -1.0]), torch.tensor([1, 1, 0, 0])
    (metric,) = LOSS.pairs_with
    assert metric(score=score, target=target) == roc_auc_score(target.numpy(), score.numpy()) == 0.75


def test_closed_module_has_no_parameters():
    criterion = AucMargin()
    assert list(criterion.parameters()) == []
    assert criterion.ascend_parameters() == []


@pytest.mark.parametrize("form", ["minmax", "minmax_prior"])
def test_min_max_module_starts_at_zero_and_offers_alpha(form):
    criterion = AucMargin(form=form)
    assert {name: value.item() for name, value in criterion.named_parameters()} == {
        "a": 0.0,
        "b": 0.0,
        "alpha": 0.0,
    }
    assert criterion.ascend_parameters() == [criterion.alpha]


def test_module_takes_the_saddle_of_a_call_instead_of_its_own():
    score, target = torch.tensor([2.0, 0.5, 1.0]), torch.tensor([1, 0, 0])
    saddle = {"a": torch.tensor(0.3), "b": torch.tensor(-0.2), "alpha": torch.tensor(0.7)}
    expected = auc_margin(score, target, form="minmax", **saddle)
    assert torch.equal(AucMargin(form="minmax")(score, target, **saddle), expected)


def test_descent_and_ascent_find_the_saddle_and_order_the_scores():
    score = torch.randn(40, generator=torch.Generator().manual_seed(0), requires_grad=True)
    target = (torch.arange(40) % 4 == 0).long()
    before = roc_auc_score(target.numpy(), score.detach().numpy())
    criterion = AucMargin(form="minmax")
    ascended = criterion.ascend_parameters()
    down = torch.optim.SGD([{"params": [score], "lr": 1.0}, {"params": [criterion.a, criterion.b]}], lr=0.1)
    up = torch.optim.SGD(ascended, lr=0.1, maximize=True)
    for _ in range(400):
        down.zero_grad()
        up.zero_grad()
        criterion(score, target).backward()
        down.step()
        up.step()
        for parameter in ascended:
            parameter.data.clamp_(min=0)
    saddle = best_saddle(score.detach(), target, 1.0)
    assert before < 0.9
    assert roc_auc_score(target.numpy(), score.detach().numpy()) == 1.0
    for name, value in saddle.items():
        assert getattr(criterion, name).item() == pytest.approx(value.item(), abs=0.05)


SCORE, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])
SADDLE = {"a": torch.tensor(0.0), "b": torch.tensor(0.0), "alpha": torch.tensor(0.0)}


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"margin": 0.0}, InvalidInputError, "margin"),
        ({"form": "open"}, InvalidInputError, "form"),
        ({"a": SADDLE["a"]}, InvalidInputError, "a"),
        ({"alpha": 0.5}, InvalidInputError, "alpha"),
        ({"form": "minmax"}, InvalidInputError, "a"),
        ({"form": "minmax", **SADDLE, "b": None}, InvalidInputError, "b"),
        ({"form": "minmax", **SADDLE, "alpha": 0.5}, DtypeError, "alpha"),
        ({"form": "minmax", **SADDLE, "alpha": torch.tensor(1)}, DtypeError, "alpha"),
        ({"form": "minmax_prior", **SADDLE, "b": torch.zeros(1)}, ShapeError, "b"),
        ({"form": "minmax", **SADDLE, "a": torch.tensor(math.nan)}, InvalidInputError, "a"),
    ],
)
def test_bad_options_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        auc_margin(SCORE, TARGET, **options)


@pytest.mark.parametrize(
    ("score", "target", "error", "argument"),
    [
        (torch.zeros(3, 2), TARGET, ShapeError, "score"),
        (SCORE, TARGET[:2], ShapeError, "target"),
        (SCORE.long(), TARGET, DtypeError, "score"),
        (SCORE, torch.tensor([1, 0, 2]), InvalidInputError, "target"),
    ],
)
def test_bad_input_is_named(score, target, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        auc_margin(score, target)
