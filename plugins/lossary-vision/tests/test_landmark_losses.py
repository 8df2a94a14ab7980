"""Losses of landmarks beyond conformance: the zones around a teacher, the switch, and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.assistive_landmark import assistive_landmark
from lossary_vision.landmark_distillation import landmark_distillation


def row(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("teacher", [0.2, -0.2])
@pytest.mark.parametrize(
    ("place", "wanted"),
    [(0.5, 1.9 * 0.3), (0.2, 0.0), (0.1, -0.45 * 0.1), (0.03, -0.45 * 0.17), (0.02, 0.0), (0.0, 0.0)],
)
def test_each_zone_has_its_weight_on_either_side(side, teacher, place, wanted):
    found = assistive_landmark(row(side * place), row(0.0), row(teacher))
    assert found.item() == pytest.approx(wanted, abs=1e-12)


def test_between_teacher_and_truth_descent_leads_to_the_truth():
    prediction = row(0.1).requires_grad_()
    (gradient,) = torch.autograd.grad(assistive_landmark(prediction, row(0.0), row(0.2)), prediction)
    assert gradient.item() == pytest.approx(0.45)


def test_an_exact_teacher_adds_nothing():
    prediction = torch.rand(3, 4, generator=torch.Generator().manual_seed(0))
    target = torch.rand(3, 4, generator=torch.Generator().manual_seed(1))
    assert assistive_landmark(prediction, target, target) == 0


@pytest.mark.parametrize(("error", "wanted"), [(0.1, 0.3), (0.2, 0.6), (0.5, 0.25 + 0.6 - 0.04)])
def test_the_main_part_is_squared_beyond_the_tolerant_teacher(error, wanted):
    options = {"main_weight": 1.0, "tough_weight": 0.0, "tolerant_weight": 0.0}
    found = landmark_distillation(row(error), row(0.0), row(0.05), row(-0.2), **options)
    assert found.item() == pytest.approx(wanted)


def test_the_whole_is_the_sum_of_its_parts():
    generator = torch.Generator().manual_seed(0)
    prediction, target, tough, tolerant = torch.rand(4, 3, 6, generator=generator, dtype=torch.float64)
    main = landmark_distillation(
        prediction, target, tough, tolerant, main_weight=1.0, tough_weight=0.0, tolerant_weight=0.0
    )
    by_tough = assistive_landmark(prediction, target, tough)
    by_tolerant = assistive_landmark(prediction, target, tolerant, positive_weight=1.8, negative_weight=-0.4)
    torch.testing.assert_close(
        landmark_distillation(prediction, target, tough, tolerant), 2 * main + by_tough + by_tolerant
    )


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((row(0.1), row(0.1, 0.2), row(0.1)), {}, ShapeError, "target"),
        ((row(0.1), row(0.1), row(0.1, 0.2)), {}, ShapeError, "teacher_prediction"),
        ((row(0.1), row(0.1), row(math.nan)), {}, InvalidInputError, "teacher_prediction"),
        ((row(0.1), row(0.1), row(0.1)), {"inner": 1.5}, InvalidInputError, "inner"),
        ((row(0.1), row(0.1), row(0.1)), {"positive_weight": math.inf}, InvalidInputError, "positive_weight"),
        ((row(0.1), row(0.1), row(0.1)), {"negative_weight": "1"}, DtypeError, "negative_weight"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        assistive_landmark(*arguments, **options)


def test_weights_of_the_distillation_are_named():
    with pytest.raises(InvalidInputError, match=r"^tolerant_negative"):
        landmark_distillation(row(0.1), row(0.1), row(0.1), row(0.1), tolerant_negative=math.nan)
