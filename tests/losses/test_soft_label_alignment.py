"""Soft-label alignment beyond conformance: its divergences, masks, the official eps and its exact metrics."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.retrieval.soft_label_alignment import LOSS, soft_label_alignment
from lossary.metrics import spearman_rho
from torch.nn.functional import kl_div

DIVERGENCES = ["jeffreys", "kl", "reverse_kl", "jensen_shannon"]


def lists(queries: int = 3, items: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores, judge = torch.randn(2, queries, items, generator=generator, dtype=torch.float64)
    return scores, judge


def by_formula(scores, judge, divergence, temperature, target_temperature):
    q, p = (scores / temperature).softmax(0), (judge / target_temperature).softmax(0)
    m = (p + q) / 2

    def kl(a, b):
        return (a * (a / b).log()).sum()

    return {
        "jeffreys": (kl(p, q) + kl(q, p)) / 2,
        "kl": kl(p, q),
        "reverse_kl": kl(q, p),
        "jensen_shannon": (kl(p, m) + kl(q, m)) / 2,
    }[divergence]


@pytest.mark.parametrize("divergence", DIVERGENCES)
@given(seed=st.integers(0, 2**16), temperature=st.floats(0.2, 5), target_temperature=st.floats(0.2, 5))
@settings(max_examples=15)
def test_equals_the_formula_read_literally(divergence, seed, temperature, target_temperature):
    scores, judge = lists(seed=seed)
    rows = zip(scores, judge, strict=True)
    expected = [by_formula(*row, divergence, temperature, target_temperature) for row in rows]
    found = soft_label_alignment(
        scores,
        judge,
        temperature=temperature,
        target_temperature=target_temperature,
        divergence=divergence,
        reduction="none",
    )
    torch.testing.assert_close(found, torch.stack(expected))


def test_both_sides_share_the_temperature_unless_told_otherwise():
    torch.testing.assert_close(
        soft_label_alignment(*lists(), temperature=0.5),
        soft_label_alignment(*lists(), temperature=0.5, target_temperature=0.5),
    )


def test_eps_is_where_the_official_code_has_it():
    scores, judge = lists()
    q, p = (scores / 0.05).softmax(1), (judge / 0.05).softmax(1)
    forward = kl_div((q + 1e-8).log(), p, reduction="batchmean")
    expected = (forward + kl_div((p + 1e-8).log(), q, reduction="batchmean")) / 2
    found = soft_label_alignment(scores, judge, temperature=0.05, eps=1e-8)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    assert abs(found - soft_label_alignment(scores, judge, temperature=0.05)) > 0.1


@pytest.mark.parametrize("eps", [0.0, 1e-8])
@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_masked_candidates_are_as_good_as_absent(divergence, eps):
    scores, judge = lists(items=6)
    scores.requires_grad_()
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[:, [1, 4]] = False
    kept = [0, 2, 3, 5]
    options = {"temperature": 0.3, "divergence": divergence, "eps": eps}
    found = soft_label_alignment(scores, judge, mask, **options)
    torch.testing.assert_close(found, soft_label_alignment(scores[:, kept], judge[:, kept], **options))
    found.backward()
    assert scores.grad.isfinite().all()
    assert not scores.grad[~mask].any()


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_a_query_without_candidates_has_zero_and_is_left_out_of_the_mean(divergence):
    scores, judge = lists()
    scores.requires_grad_()
    mask = torch.ones(3, 5, dtype=torch.bool)
    mask[1] = False
    values = soft_label_alignment(scores, judge, mask, divergence=divergence, reduction="none")
    loss = soft_label_alignment(scores, judge, mask, divergence=divergence)
    loss.backward()
    assert values[1] == 0
    torch.testing.assert_close(loss, values.sum() / 2)
    assert scores.grad.isfinite().all()
    assert not scores.grad[1].any()


def test_gradient_of_jeffreys_is_that_of_the_closed_form():
    scores, judge = lists(queries=1)
    scores.requires_grad_()
    soft_label_alignment(scores, judge, temperature=0.7).backward()
    q, p = (scores / 0.7).softmax(1), (judge / 0.7).softmax(1)
    reverse = (q * (q / p).log()).sum()
    expected = (q - p + q * ((q / p).log() - reverse)) / (2 * 0.7)
    torch.testing.assert_close(scores.grad, expected.detach())


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_opposite_cosines_at_the_default_temperature_are_finite(divergence):
    scores = torch.tensor([[1.0, -1.0, -1.0]], requires_grad=True)
    judge = torch.tensor([[0.0, 1.0, 0.0]])
    loss = soft_label_alignment(scores, judge, divergence=divergence)
    loss.backward()
    assert loss.isfinite()
    assert scores.grad.isfinite().all()
    assert scores.grad.any()


def test_one_candidate_gives_zero_with_a_graph():
    scores, judge = lists(items=1)
    scores.requires_grad_()
    loss = soft_label_alignment(scores, judge)
    loss.backward()
    assert loss.item() == 0
    assert not scores.grad.any()


def test_masks_compile_and_map():
    scores, judge = lists()
    mask = torch.rand(3, 5, generator=torch.Generator().manual_seed(1)) < 0.6
    wanted = soft_label_alignment(scores, judge, mask)
    compiled = torch.compile(soft_label_alignment, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(scores, judge, mask), wanted)
    stacked = (value.unsqueeze(0) for value in (scores, judge, mask))
    torch.testing.assert_close(torch.func.vmap(soft_label_alignment)(*stacked)[0], wanted)


def test_the_rank_correlation_is_the_mean_of_the_lists():
    scores, judge = lists(4, 6)
    correlation, _ = LOSS.pairs_with
    expected = [spearman_rho(t.numpy(), s.numpy()) for t, s in zip(judge, scores, strict=True)]
    found = correlation(scores=scores, target_scores=judge)
    assert found == pytest.approx(sum(expected) / 4)


def test_the_exact_metrics_leave_out_masked_candidates():
    scores, judge = torch.tensor([[3.0, 9.0, 1.0]]), torch.tensor([[0.9, 0.0, 0.5]])
    mask = torch.tensor([[True, False, True]])
    for metric in LOSS.pairs_with:
        assert metric(scores=scores, target_scores=judge) < 1
        assert metric(scores=scores, target_scores=judge, mask=mask) == pytest.approx(1.0)


SCORES, JUDGE = lists()
MASK = torch.ones(3, 5, dtype=torch.bool)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((SCORES, JUDGE[:, :4]), {}, ShapeError, "target_scores"),
        ((SCORES, JUDGE, MASK[:2]), {}, ShapeError, "mask"),
        ((SCORES, JUDGE, MASK.long()), {}, DtypeError, "mask: got dtype torch.int64; wanted bool"),
        ((SCORES, JUDGE), {"temperature": 0.0}, InvalidInputError, "temperature"),
        ((SCORES, JUDGE), {"target_temperature": -1.0}, InvalidInputError, "target_temperature"),
        ((SCORES, JUDGE), {"eps": -1e-8}, InvalidInputError, "eps"),
        ((SCORES, JUDGE), {"divergence": "js"}, InvalidInputError, "divergence: got 'js'"),
        ((SCORES, JUDGE * math.nan), {}, InvalidInputError, "target_scores"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        soft_label_alignment(*arguments, **options)
