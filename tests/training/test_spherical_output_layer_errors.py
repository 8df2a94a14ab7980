"""What the output layer refuses: inputs, options, steps and class vectors, each by name."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.settings import checks
from lossary.training.spherical_output_layer import SphericalOutputLayer

DIM, CLASSES = 6, 40


def layer() -> SphericalOutputLayer:
    return SphericalOutputLayer(DIM, CLASSES)


HIDDEN, TARGET = torch.ones(2, DIM), torch.tensor([0, CLASSES - 1])


@pytest.mark.parametrize(
    ("hidden", "target", "error", "argument"),
    [
        (HIDDEN[0], TARGET, ShapeError, "hidden"),
        (HIDDEN[:, :2], TARGET, ShapeError, "hidden"),
        (HIDDEN.long(), TARGET, DtypeError, "hidden"),
        (HIDDEN * math.inf, TARGET, InvalidInputError, "hidden"),
        (HIDDEN, TARGET[:1], ShapeError, "target"),
        (HIDDEN, TARGET.double(), DtypeError, "target"),
        (HIDDEN, TARGET + 1, InvalidInputError, "target"),
    ],
)
def test_bad_input_is_named(hidden, target, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        layer()(hidden, target)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((0, 5), {}, InvalidInputError, "embedding_dim"),
        ((2.0, 5), {}, DtypeError, "embedding_dim"),
        ((2, 1), {}, InvalidInputError, "num_classes"),
        ((2, 5), {"fold_every": 0}, InvalidInputError, "fold_every"),
        ((2, 5), {"reduction": "median"}, InvalidInputError, "reduction"),
        ((2, 5), {"dtype": torch.int64}, DtypeError, "dtype"),
    ],
)
def test_bad_options_are_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        SphericalOutputLayer(*arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "options", "argument"),
    [
        ((-1.0,), {}, "lr"),
        ((0.5,), {"weight_decay": -1.0}, "weight_decay"),
        ((2.0,), {"weight_decay": 0.5}, "weight_decay"),
    ],
)
def test_bad_steps_are_named(arguments, options, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}: "):
        layer().step(*arguments, **options)


def test_bad_class_vectors_are_named():
    with pytest.raises(ShapeError, match=r"^weight: "):
        layer().load_dense_weight(torch.ones(CLASSES, DIM + 1))


def test_without_checks_of_values_the_rest_still_works():
    with checks(enabled=False):
        assert layer()(HIDDEN, TARGET).isfinite()
