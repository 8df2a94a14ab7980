"""Soft target distribution: its target, its least value, boundaries, masks, its exact metric, and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.soft_target_distribution import LOSS, soft_target_distribution
from torch.nn.functional import cross_entropy


def logits_of(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def share(target: int, classes: int, tolerance: int, alpha: float, boundary: str = "drop") -> torch.Tensor:
    weights = torch.zeros(classes, dtype=torch.float64)
    for shift in range(-tolerance, tolerance + 1):
        place = target + shift
        if boundary == "overwrite":
            weights[min(max(place, 0), classes - 1)] = math.exp(-alpha * abs(shift))
        elif 0 <= place < classes:
            weights[place] = math.exp(-alpha * abs(shift))
    return weights / weights.sum()


@pytest.mark.parametrize("target", range(6))
@pytest.mark.parametrize("tolerance", [0, 1, 3, 8])
@pytest.mark.parametrize("alpha", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("boundary", ["drop", "overwrite"])
def test_equals_the_formula_read_literally(target, tolerance, alpha, boundary):
    logits = logits_of(1, 6)
    wanted = -(share(target, 6, tolerance, alpha, boundary) * logits[0].log_softmax(0)).sum()
    found = soft_target_distribution(
        logits, torch.tensor([target]), tolerance=tolerance, alpha=alpha, boundary=boundary
    )
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("options", [{"tolerance": 0}, {"alpha": 1e4}])
def test_a_sharp_target_is_cross_entropy(options):
    logits, target = logits_of(5, 7), torch.tensor([0, 6, 3, 2, 6])
    torch.testing.assert_close(
        soft_target_distribution(logits, target, **options), cross_entropy(logits, target)
    )


def test_the_least_value_is_the_entropy_of_the_target():
    wanted = share(2, 5, 1, 2.0)
    logits = wanted.log().clamp(min=-60)[None].requires_grad_()
    loss = soft_target_distribution(logits, torch.tensor([2]), tolerance=1)
    loss.backward()
    torch.testing.assert_close(loss, torch.distributions.Categorical(wanted).entropy())
    torch.testing.assert_close(logits.grad, torch.zeros_like(logits))


def test_a_near_miss_costs_less_than_a_far_one():
    near, far = torch.zeros(1, 9), torch.zeros(1, 9)
    near[0, 5], far[0, 8] = 5.0, 5.0
    target = torch.tensor([4])
    assert soft_target_distribution(near, target) < soft_target_distribution(far, target)


def test_overwriting_wrongs_the_last_class_alone():
    logits, last = torch.zeros(1, 5), torch.tensor([4])
    logits[0, 4] = 8.0
    dropped, overwritten = (
        soft_target_distribution(logits, last, boundary=boundary) for boundary in ("drop", "overwrite")
    )
    assert overwritten > 4 * dropped
    for target in (0, 1):
        torch.testing.assert_close(
            soft_target_distribution(logits, torch.tensor([target]), tolerance=2, boundary="overwrite"),
            soft_target_distribution(logits, torch.tensor([target]), tolerance=2),
        )


def test_the_mask_leaves_out_entries_whatever_their_target():
    logits, target = logits_of(2, 3, 7), torch.tensor([[0, -1, 3], [400, 6, 2]])
    mask = torch.tensor([[True, False, True], [False, True, False]])
    kept = soft_target_distribution(logits[mask], target[mask])
    torch.testing.assert_close(soft_target_distribution(logits, target, mask), kept)
    torch.testing.assert_close(soft_target_distribution(logits, target, 3.0 * mask), kept)


def test_weights_weigh_the_mean():
    logits, target = logits_of(2, 7), torch.tensor([1, 5])
    first, second = (soft_target_distribution(logits[i : i + 1], target[i : i + 1]) for i in range(2))
    weighted = soft_target_distribution(logits, target, torch.tensor([3.0, 1.0]))
    torch.testing.assert_close(weighted, (3 * first + second) / 4)


@pytest.mark.parametrize("shape", [(0, 5), (2, 0, 5), (3, 5)])
def test_where_nothing_counts_it_is_zero_with_a_graph(shape):
    logits = torch.ones(shape, requires_grad=True)
    target = torch.full(shape[:-1], -1)
    loss = soft_target_distribution(logits, target, torch.zeros(shape[:-1], dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_targets_stay_as_they_are_and_may_be_narrow():
    logits, target = logits_of(2, 200), torch.tensor([3, 199], dtype=torch.uint8)
    loss = soft_target_distribution(logits, target)
    assert target.tolist() == [3, 199]
    torch.testing.assert_close(loss, soft_target_distribution(logits, target.long()))


def test_the_exact_metric_counts_what_the_mask_leaves():
    (accuracy,) = LOSS.pairs_with
    logits, target = torch.eye(3), torch.tensor([0, 1, -1])
    assert accuracy(logits=logits, target=target, mask=torch.tensor([True, True, False])) == 1
    assert accuracy(logits=logits, target=torch.tensor([0, 2, 2])) == pytest.approx(2 / 3)


LOGITS, TARGET = logits_of(2, 5), torch.tensor([0, 4])


@pytest.mark.parametrize(
    ("logits", "target", "mask", "options", "error", "message"),
    [
        (LOGITS, torch.tensor([0, 5]), None, {}, InvalidInputError, "target: got class 5"),
        (LOGITS, torch.tensor([0, -1]), None, {}, InvalidInputError, "target: got class -1"),
        (LOGITS, TARGET[:1], None, {}, ShapeError, "target: got shape"),
        (LOGITS[:, :0], TARGET, None, {}, ShapeError, "logits: got shape"),
        (LOGITS, TARGET.double(), None, {}, DtypeError, "target: got dtype"),
        (LOGITS, TARGET, torch.ones(2, dtype=torch.int64), {}, DtypeError, "mask: got dtype"),
        (LOGITS, TARGET, torch.ones(3), {}, ShapeError, "mask: got shape"),
        (LOGITS, TARGET, -torch.ones(2), {}, InvalidInputError, "mask: got -1"),
        (LOGITS * math.inf, TARGET, None, {}, InvalidInputError, "logits: got 10 values"),
        (LOGITS, TARGET, None, {"tolerance": -1}, InvalidInputError, "tolerance: got -1"),
        (LOGITS, TARGET, None, {"tolerance": 1.5}, DtypeError, "tolerance: got float"),
        (LOGITS, TARGET, None, {"alpha": -1.0}, InvalidInputError, "alpha: got -1"),
        (LOGITS, TARGET, None, {"boundary": "clip"}, InvalidInputError, "boundary: got 'clip'"),
    ],
)
def test_bad_input_is_named(logits, target, mask, options, error, message):
    with pytest.raises(error, match=message):
        soft_target_distribution(logits, target, mask, **options)
