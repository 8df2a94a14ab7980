"""Plackett-Luce distillation beyond conformance: its identities, the order of ties, weightings and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distillation.plackett_luce_distillation import (
    LOSS,
    PlackettLuceDistillation,
    plackett_luce_distillation,
)
from torch.nn import functional


def sample(rows: int = 6, classes: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    student = torch.randn(rows, classes, generator=generator, dtype=torch.float64)
    teacher = 3 * torch.randn(rows, classes, generator=generator, dtype=torch.float64)
    return student, teacher, torch.randint(classes, (rows,), generator=generator)


def by_definition(student, teacher, target, weights) -> float:
    """One row, step by step; ``weights`` is a function of (place from 1, class at that place)."""
    others = [label for label in range(len(student)) if label != target]
    order = [target, *sorted(others, key=lambda label: (-teacher[label], label))]
    total = 0.0
    for place, label in enumerate(order, start=1):
        pool = [student[rest] for rest in order[place - 1 :]]
        total += weights(place, label) * (math.log(sum(map(math.exp, pool))) - student[label])
    return total


@pytest.mark.parametrize("weighting", ["teacher", "top1", "uniform", "position"])
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_definition_step_by_step(weighting, seed):
    student, teacher, target = sample(seed=seed)
    loss = plackett_luce_distillation(
        student, teacher, target, temperature=2.0, weighting=weighting, reduction="none"
    )
    for row in range(6):
        trust = (teacher[row] / 2.0).softmax(0).tolist()
        weights = {
            "teacher": lambda place, label, trust=trust: trust[label],
            "top1": lambda place, label: float(place == 1),
            "uniform": lambda place, label: 0.2,
            "position": lambda place, label: 2.0 ** (5 - place) - 1,
        }[weighting]
        expected = by_definition(student[row].tolist(), teacher[row].tolist(), int(target[row]), weights)
        assert loss[row].item() == pytest.approx(expected, rel=1e-12)


def test_top1_is_cross_entropy():
    student, teacher, target = sample()
    torch.testing.assert_close(
        plackett_luce_distillation(student, teacher, target, weighting="top1"),
        functional.cross_entropy(student, target),
    )


@pytest.mark.parametrize("change", ["student", "teacher"])
def test_adding_a_constant_to_the_logits_of_a_row_changes_nothing(change):
    student, teacher, target = sample()
    shift = torch.arange(6.0, dtype=torch.float64).unsqueeze(1) - 2
    shifted = (student + shift, teacher) if change == "student" else (student, teacher + shift)
    torch.testing.assert_close(
        plackett_luce_distillation(*shifted, target), plackett_luce_distillation(student, teacher, target)
    )


def test_two_classes_give_the_weighted_logistic_loss():
    student, teacher, target = sample(classes=2)
    rows = torch.arange(6)
    trust = teacher.softmax(1)[rows, target]
    expected = trust * torch.log1p(torch.exp(student[rows, 1 - target] - student[rows, target]))
    torch.testing.assert_close(
        plackett_luce_distillation(student, teacher, target, reduction="none"), expected
    )


def test_gradient_of_each_row_sums_to_zero():
    student, teacher, target = sample()
    student.requires_grad_()
    plackett_luce_distillation(student, teacher, target).backward()
    torch.testing.assert_close(student.grad.sum(1), torch.zeros(6, dtype=torch.float64))


def test_equal_teacher_logits_rank_the_lower_class_first():
    student = torch.tensor([[0.1, 0.7, -0.3, 0.4]], dtype=torch.float64)
    flat, slight = (
        torch.zeros(1, 4, dtype=torch.float64),
        torch.tensor([[3.0, 2.0, 9.0, 1.0]]).double() * 1e-13,
    )
    target = torch.tensor([2])
    torch.testing.assert_close(
        plackett_luce_distillation(student, flat, target), plackett_luce_distillation(student, slight, target)
    )
    reversed_order = plackett_luce_distillation(student, -slight, target)
    assert abs(reversed_order - plackett_luce_distillation(student, flat, target)) > 1e-3


def test_ties_stay_stable_among_many_classes():
    student = torch.linspace(-1, 1, 300, dtype=torch.float64).unsqueeze(0)
    teacher = (torch.arange(300) % 3).double().unsqueeze(0)
    loss = plackett_luce_distillation(student, teacher, torch.tensor([7]), weighting="uniform")
    expected = by_definition(student[0].tolist(), teacher[0].tolist(), 7, lambda place, label: 1 / 300)
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_temperature_touches_only_the_weights():
    student, teacher, target = sample()
    hot = plackett_luce_distillation(student, teacher, target, temperature=1e9)
    torch.testing.assert_close(hot, plackett_luce_distillation(student, teacher, target, weighting="uniform"))
    for weighting in ("top1", "uniform", "position"):
        one = plackett_luce_distillation(student, teacher, target, weighting=weighting)
        other = plackett_luce_distillation(student, teacher, target, weighting=weighting, temperature=4.0)
        assert torch.equal(one, other)


@pytest.mark.parametrize("shape", [(5,), (6, 5)])
def test_weights_may_be_given_by_place(shape):
    student, teacher, target = sample()
    weights = torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    loss = plackett_luce_distillation(student, teacher, target, weighting=weights, reduction="none")
    for row in range(6):
        of_row = weights.expand(6, 5)[row].tolist()
        expected = by_definition(
            student[row].tolist(),
            teacher[row].tolist(),
            int(target[row]),
            lambda place, label, of_row=of_row: of_row[place - 1],
        )
        assert loss[row].item() == pytest.approx(expected, rel=1e-12)


def test_weights_by_place_keep_the_dtype_of_the_student():
    student, teacher, target = sample()
    weights = torch.ones(5, dtype=torch.float64)
    assert (
        plackett_luce_distillation(student.float(), teacher, target, weighting=weights).dtype == torch.float32
    )


def test_module_moves_its_weights():
    module = PlackettLuceDistillation(weighting=torch.ones(5)).double()
    assert module.weighting.dtype == torch.float64


def test_steps_of_sequences_are_rows():
    student, teacher, target = sample(rows=12)
    values = plackett_luce_distillation(student, teacher, target, reduction="none")
    shaped = plackett_luce_distillation(
        student.reshape(3, 4, 5), teacher.reshape(3, 4, 5), target.reshape(3, 4), reduction="none"
    )
    torch.testing.assert_close(shaped, values.reshape(3, 4))


def test_ignored_rows_are_zero_and_leave_the_mean():
    student, teacher, target = sample()
    student.requires_grad_()
    target[1] = target[4] = -100
    kept = target != -100
    values = plackett_luce_distillation(student, teacher, target, reduction="none")
    loss = plackett_luce_distillation(student, teacher, target)
    loss.backward()
    assert values[~kept].tolist() == [0, 0]
    torch.testing.assert_close(loss, values[kept].mean())
    torch.testing.assert_close(
        loss, plackett_luce_distillation(student.detach()[kept], teacher[kept], target[kept])
    )
    assert torch.equal(student.grad[~kept], torch.zeros(2, 5, dtype=torch.float64))


def test_any_label_can_be_the_ignored_one():
    student, teacher, target = sample()
    values = plackett_luce_distillation(
        student, teacher, target, ignore_index=int(target[0]), reduction="none"
    )
    assert values[0].item() == 0


def test_target_of_a_narrow_dtype_keeps_its_classes():
    student, teacher, _ = sample(rows=2, classes=300)
    target = torch.tensor([156, 3], dtype=torch.uint8)
    torch.testing.assert_close(
        plackett_luce_distillation(student, teacher, target),
        plackett_luce_distillation(student, teacher, target.long()),
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("rows", "classes", "ignored"),
    [(0, 5, False), (3, 5, True), (3, 1, False)],
    ids=["empty", "ignored", "C=1"],
)
def test_nothing_to_rank_gives_zero_with_a_graph(rows, classes, ignored, reduction):
    student = torch.randn(rows, classes, requires_grad=True)
    target = torch.full((rows,), -100 if ignored else 0)
    loss = plackett_luce_distillation(student, torch.randn(rows, classes), target, reduction=reduction)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(student.grad, torch.zeros(rows, classes))


def test_teacher_receives_no_gradient():
    student, teacher, target = sample()
    teacher.requires_grad_()
    plackett_luce_distillation(student.requires_grad_(), teacher, target).backward()
    assert teacher.grad is None


def test_confident_student_keeps_the_digits_of_a_small_loss():
    student = torch.tensor([[60.0, 30.0, 0.0]])
    teacher = torch.zeros(1, 3)
    loss = plackett_luce_distillation(student, teacher, torch.tensor([0]), weighting="top1")
    assert loss.item() == pytest.approx(math.exp(-30), rel=1e-5)


@pytest.mark.parametrize("weighting", ["teacher", "uniform"])
def test_many_classes_in_float32_agree_with_float64(weighting):
    student, teacher, target = sample(rows=8, classes=1000)
    wide = plackett_luce_distillation(10 * student, teacher, target, weighting=weighting)
    narrow = plackett_luce_distillation(10 * student.float(), teacher.float(), target, weighting=weighting)
    assert narrow.item() == pytest.approx(wide.item(), rel=1e-5)


def test_position_weights_are_finite_up_to_their_limit():
    student, teacher, target = sample(rows=2, classes=100)
    assert plackett_luce_distillation(
        student.float(), teacher.float(), target, weighting="position"
    ).isfinite()


STUDENT, TEACHER, TARGET = sample(rows=3)


@pytest.mark.parametrize(
    ("student", "teacher", "target", "options", "error", "argument"),
    [
        (STUDENT[0], TEACHER, TARGET, {}, ShapeError, "student_logits"),
        (STUDENT[:, :0], TEACHER[:, :0], TARGET, {}, ShapeError, "student_logits"),
        (STUDENT, TEACHER[:, :4], TARGET, {}, ShapeError, "teacher_logits"),
        (STUDENT, TEACHER, TARGET[:2], {}, ShapeError, "target"),
        (STUDENT.long(), TEACHER, TARGET, {}, DtypeError, "student_logits"),
        (STUDENT, TEACHER.long(), TARGET, {}, DtypeError, "teacher_logits"),
        (STUDENT, TEACHER, TARGET.float(), {}, DtypeError, "target"),
        (STUDENT, TEACHER, TARGET + 5, {}, InvalidInputError, "target"),
        (STUDENT, TEACHER, TARGET - 9, {}, InvalidInputError, "target"),
        (STUDENT * math.nan, TEACHER, TARGET, {}, InvalidInputError, "student_logits"),
        (STUDENT, TEACHER * math.inf, TARGET, {}, InvalidInputError, "teacher_logits"),
        (STUDENT, TEACHER, TARGET, {"temperature": 0.0}, InvalidInputError, "temperature"),
        (STUDENT, TEACHER, TARGET, {"weighting": "student"}, InvalidInputError, "weighting"),
        (STUDENT, TEACHER, TARGET, {"weighting": torch.ones(4)}, ShapeError, "weighting"),
        (STUDENT, TEACHER, TARGET, {"weighting": torch.ones(2, 5)}, ShapeError, "weighting"),
        (STUDENT, TEACHER, TARGET, {"weighting": torch.ones(5).long()}, DtypeError, "weighting"),
        (STUDENT, TEACHER, TARGET, {"weighting": -torch.ones(5)}, InvalidInputError, "weighting"),
        (STUDENT, TEACHER, TARGET, {"weighting": torch.ones(5) * math.nan}, InvalidInputError, "weighting"),
        (*sample(2, 101), {"weighting": "position"}, InvalidInputError, "weighting"),
        (STUDENT, TEACHER, TARGET, {"reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(student, teacher, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        plackett_luce_distillation(student, teacher, target, **options)


def test_small_temperature_leaves_the_weight_of_the_best_class():
    student, teacher = torch.tensor([[0.0, 0.0, 0.0]]), torch.tensor([[-1e9, 1e9, 2e9]])

    loss = plackett_luce_distillation(student, teacher, torch.tensor([0]), temperature=1e-30)

    torch.testing.assert_close(loss, torch.tensor(2.0).log())  # class 2 stands second, before class 1


def test_ignored_label_must_be_an_int():
    logits = torch.zeros(1, 2)

    with pytest.raises(DtypeError, match=r"^ignore_index: got NoneType"):
        plackett_luce_distillation(logits, logits, torch.tensor([0]), ignore_index=None)


def test_exact_metrics_look_at_the_rows_that_count():
    student = torch.tensor([[[3.0, 2.0, 1.0], [1.0, 3.0, 2.0]], [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]])
    target = torch.tensor([[0, 2], [0, -100]])  # places 1, 2 and 3; the last row is ignored

    accuracy, top_two = LOSS.pairs_with

    inputs = {"student_logits": student, "teacher_logits": student, "target": target}
    assert accuracy(**inputs) == pytest.approx(1 / 3)
    assert top_two(**inputs) == pytest.approx(2 / 3)
