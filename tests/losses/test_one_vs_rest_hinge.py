"""One-vs-rest hinge beyond conformance: classes one by one, the two codes' forms, the objective, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.binary_hinge import binary_hinge
from lossary.losses.classification.one_vs_rest_hinge import l2_svm_objective, one_vs_rest_hinge


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    return logits, torch.randint(4, (7,), generator=generator)


@given(seed=st.integers(0, 2**16), margin=st.floats(0.1, 3), squared=st.booleans())
@settings(max_examples=25)
def test_is_the_sum_of_a_binary_hinge_per_class(seed, margin, squared):
    logits, target = rows(seed)
    options = {"margin": margin, "squared": squared, "reduction": "none"}
    columns = [binary_hinge(logits[:, k], target == k, **options) for k in range(4)]
    torch.testing.assert_close(one_vs_rest_hinge(logits, target, **options), torch.stack(columns).sum(0))


def test_the_codes_of_both_papers_differ_by_the_numbers_of_classes_and_rows():
    logits, target = rows()
    loss = one_vs_rest_hinge(logits, target)
    torch.testing.assert_close(one_vs_rest_hinge(logits, target, class_reduction="mean"), loss / 4)
    torch.testing.assert_close(one_vs_rest_hinge(logits, target, reduction="sum"), 7 * loss)


@pytest.mark.parametrize("squared", [False, True])
def test_scores_beyond_their_margins_cost_nothing_and_have_no_gradient(squared):
    logits = torch.tensor([[1.0, -1.0, -3.0], [-2.0, -1.0, 4.0]], requires_grad=True)
    loss = one_vs_rest_hinge(logits, torch.tensor([0, 2]), squared=squared)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_a_single_class_has_only_positives():
    values = one_vs_rest_hinge(torch.tensor([[0.5], [2.0]]), torch.tensor([0, 0]), reduction="none")
    assert values.tolist() == [0.25, 0.0]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_objective_is_the_penalty_of_the_weights_and_the_priced_hinge(reduction):
    logits, target = rows(1)
    weight = torch.tensor([[3.0], [4.0]], dtype=torch.float64, requires_grad=True)
    loss = l2_svm_objective(logits, target, weight, penalty=0.5, margin=2.0, reduction=reduction)
    hinge = one_vs_rest_hinge(logits, target, margin=2.0, reduction=reduction)
    torch.testing.assert_close(loss, 12.5 + 0.5 * hinge)
    loss.backward()
    torch.testing.assert_close(weight.grad, weight.detach())


LOGITS, TARGET = torch.tensor([[0.3, -2.0], [0.1, 0.2]]), torch.tensor([1, 0])


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET, {}, ShapeError, "logits"),
        (LOGITS[:, :0], TARGET, {}, ShapeError, "logits"),
        (LOGITS, TARGET[:1], {}, ShapeError, "target"),
        (LOGITS, TARGET.float(), {}, DtypeError, "target"),
        (LOGITS, TARGET + 1, {}, InvalidInputError, "target"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"margin": 0.0}, InvalidInputError, "margin"),
        (LOGITS, TARGET, {"class_reduction": "none"}, InvalidInputError, "class_reduction"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        one_vs_rest_hinge(logits, target, **options)


@pytest.mark.parametrize(
    ("weight", "options", "error", "argument"),
    [
        (torch.ones(2, dtype=torch.int64), {}, DtypeError, "weight"),
        (torch.full((2,), math.inf), {}, InvalidInputError, "weight"),
        (torch.ones(2), {"penalty": -1.0}, InvalidInputError, "penalty"),
        (torch.ones(2), {"reduction": "none"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_of_the_objective_is_named(weight, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        l2_svm_objective(LOGITS, TARGET, weight, **options)
