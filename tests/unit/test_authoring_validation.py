"""Checks of arguments: each names the argument, what came and what is wanted."""

import math
from collections.abc import Callable

import pytest

pytest.importorskip("torch")

import lossary
import torch
from lossary.authoring import validation
from lossary.errors import DtypeError, InvalidInputError, ShapeError

FLOATS = torch.tensor([0.0, 0.5, 1.0])
INTEGERS = torch.tensor([0, 1, 2])

REFUSED = {
    "tensor_array": (validation.check_tensor, (FLOATS.numpy(),), DtypeError, "got ndarray; wanted a torch"),
    "floating_integer": (validation.check_floating, (INTEGERS,), DtypeError, "got dtype torch.int64"),
    "floating_list": (validation.check_floating, ([0.5],), DtypeError, "got list; wanted a torch.Tensor"),
    "integer_float": (validation.check_integer, (FLOATS,), DtypeError, "got dtype torch.float32"),
    "integer_bool": (validation.check_integer, (FLOATS > 0,), DtypeError, "got dtype torch.bool"),
    "integer_complex": (validation.check_integer, (FLOATS + 0j,), DtypeError, "got dtype torch.complex64"),
    "mask_integer": (validation.check_mask, (INTEGERS,), DtypeError, "got dtype torch.int64; wanted bool"),
    "mask_list": (validation.check_mask, ([True],), DtypeError, "got list; wanted a torch.Tensor"),
    "ndim": (
        validation.check_ndim,
        (FLOATS, "batch classes"),
        ShapeError,
        r"\(3,\); wanted \(batch, c",
    ),
    "ndim_list": (validation.check_ndim, ([0.5], "batch"), DtypeError, "got list"),
    "positive_zero": (
        validation.check_positive,
        (0.0,),
        InvalidInputError,
        "wanted a number above 0",
    ),
    "positive_infinite": (validation.check_positive, (math.inf,), InvalidInputError, "got inf"),
    "positive_nan": (validation.check_positive, (math.nan,), InvalidInputError, "got nan"),
    "positive_text": (validation.check_positive, ("1",), DtypeError, "got str; wanted a number"),
    "positive_bool": (validation.check_positive, (True,), DtypeError, "got bool; wanted a number"),
    "non_negative": (
        validation.check_non_negative,
        (-0.1,),
        InvalidInputError,
        "wanted a number of 0 or above",
    ),
    "positive_vanishing": (validation.check_positive, (1e-31,), InvalidInputError, "from 1e-30 to 1e"),
    "non_negative_huge": (validation.check_non_negative, (1e31,), InvalidInputError, "up to 1e"),
    "real_infinite": (
        validation.check_real,
        (-math.inf,),
        InvalidInputError,
        "got -inf; wanted a number from",
    ),
    "real_text": (validation.check_real, ("1",), DtypeError, "got str; wanted a number"),
    "int_none": (validation.check_int, (None,), DtypeError, "got NoneType; wanted an int"),
    "int_float": (validation.check_int, (1.0,), DtypeError, "got float; wanted an int"),
    "int_bool": (validation.check_int, (True,), DtypeError, "got bool; wanted an int"),
    "tensor_sparse": (
        validation.check_tensor,
        (FLOATS.to_sparse(),),
        DtypeError,
        "got layout torch.sparse_coo",
    ),
    "binary_complex": (validation.check_binary, (FLOATS + 0j,), DtypeError, "got dtype torch.complex64"),
    "non_negative_nan": (validation.check_non_negative, (math.nan,), InvalidInputError, "got nan"),
    "non_negative_infinite": (validation.check_non_negative, (math.inf,), InvalidInputError, "got inf"),
    "between_low": (validation.check_between, (0.0, 0.0, 1.0), InvalidInputError, "above 0 and below 1"),
    "between_high": (validation.check_between, (1.0, 0.0, 1.0), InvalidInputError, "above 0 and below 1"),
    "choice": (
        validation.check_choice,
        ("c", ("a", "b")),
        InvalidInputError,
        "wanted one of 'a', 'b'",
    ),
    "finite_infinities": (
        validation.check_finite,
        (torch.tensor([math.inf, 1.0, -math.inf]),),
        InvalidInputError,
        "got 2 values that are NaN",
    ),
    "finite_nan": (validation.check_finite, (FLOATS / 0,), InvalidInputError, "got 3 values that are NaN"),
    "binary": (validation.check_binary, (INTEGERS,), InvalidInputError, "got 2; wanted only 0 and 1"),
    "binary_nan": (validation.check_binary, (FLOATS * math.nan,), InvalidInputError, "got nan"),
    "binary_tiny": (validation.check_binary, (torch.tensor([2.0**-100]),), InvalidInputError, "got 7.88"),
    "binary_nearly": (
        validation.check_binary,
        (torch.nextafter(torch.ones(2), torch.tensor([0.0, 2.0])),),
        InvalidInputError,
        "got 0.9",
    ),
    "binary_infinite": (validation.check_binary, (-FLOATS / 0,), InvalidInputError, "got "),
    "no_negative_beside_nan": (
        validation.check_no_negative,
        (torch.tensor([math.nan, -2.0, -1.0]),),
        InvalidInputError,
        "got -2; wanted values of 0 or above",
    ),
    "no_negative": (
        validation.check_no_negative,
        (-FLOATS,),
        InvalidInputError,
        "wanted values of 0 or above",
    ),
    "no_negative_named": (
        validation.check_no_negative,
        (-FLOATS, "weights"),
        InvalidInputError,
        "got -1; wanted weights of 0 or above",
    ),
    "unit_interval": (validation.check_unit_interval, (FLOATS * 2,), InvalidInputError, "from 0 to 2"),
    "unit_interval_nan": (
        validation.check_unit_interval,
        (FLOATS * math.nan,),
        InvalidInputError,
        "from nan",
    ),
    "class_high": (
        validation.check_class_index,
        (INTEGERS, 2),
        InvalidInputError,
        "got class 2; wanted classes",
    ),
    "class_negative": (validation.check_class_index, (-INTEGERS, 3), InvalidInputError, "got class -1"),
    "class_float": (validation.check_class_index, (FLOATS, 3), DtypeError, "wanted an integer dtype"),
}

ACCEPTED = {
    "tensor": (validation.check_tensor, (FLOATS,)),
    "floating": (validation.check_floating, (FLOATS,)),
    "half": (validation.check_floating, (FLOATS.half(),)),
    "integer": (validation.check_integer, (INTEGERS,)),
    "mask": (validation.check_mask, (FLOATS > 0,)),
    "small_integer": (validation.check_integer, (INTEGERS.to(torch.uint8),)),
    "ndim": (validation.check_ndim, (FLOATS, "batch")),
    "positive": (validation.check_positive, (1e-30,)),
    "real": (validation.check_real, (-1e30,)),
    "int": (validation.check_int, (-100,)),
    "positive_integer": (validation.check_positive, (2,)),
    "non_negative_zero": (validation.check_non_negative, (0,)),
    "between": (validation.check_between, (0.5, 0.0, 1.0)),
    "choice": (validation.check_choice, ("a", ("a", "b"))),
    "finite": (validation.check_finite, (FLOATS,)),
    "finite_large": (validation.check_finite, (torch.full((9,), 3e38),)),
    "finite_half": (validation.check_finite, (torch.full((99,), 6e4, dtype=torch.float16),)),
    "no_negative_nan": (validation.check_no_negative, (torch.tensor([math.nan, 1.0]),)),
    "finite_empty": (validation.check_finite, (FLOATS[:0],)),
    "binary_bool": (validation.check_binary, (FLOATS > 0,)),
    "binary_float": (validation.check_binary, (FLOATS.round(),)),
    "no_negative_zero": (validation.check_no_negative, (FLOATS * 0,)),
    "no_negative_empty": (validation.check_no_negative, (FLOATS[:0],)),
    "unit_interval_ends": (validation.check_unit_interval, (FLOATS,)),
    "unit_interval_empty": (validation.check_unit_interval, (FLOATS[:0],)),
    "class": (validation.check_class_index, (INTEGERS, 3)),
    "class_empty": (validation.check_class_index, (INTEGERS[:0], 3)),
}


def test_class_bounds_do_not_wrap_in_narrow_dtypes() -> None:
    validation.check_class_index("target", torch.tensor([0, 127], dtype=torch.int8), 200)
    validation.check_class_index("target", torch.tensor([0, 1], dtype=torch.uint8), 2, ignore_index=-100)


OF_VALUES = [
    "finite_infinities",
    "finite_nan",
    "binary_tiny",
    "binary_nearly",
    "binary_infinite",
    "no_negative_beside_nan",
    "binary",
    "binary_nan",
    "no_negative",
    "no_negative_named",
    "unit_interval",
    "unit_interval_nan",
    "class_high",
]


@pytest.mark.parametrize("story", REFUSED)
def test_a_bad_argument_is_named_with_what_came_and_what_is_wanted(story: str) -> None:
    check, (value, *rest), error, message = REFUSED[story]

    with pytest.raises(error, match=f"^argument: .*{message}"):
        check("argument", value, *rest)


@pytest.mark.parametrize("story", ACCEPTED)
def test_a_good_argument_passes(story: str) -> None:
    check, (value, *rest) = ACCEPTED[story]

    check("argument", value, *rest)


def test_every_check_is_tested_both_ways() -> None:
    checks = {value for name, value in vars(validation).items() if name.startswith("check_")}

    assert checks == {row[0] for row in REFUSED.values()} | {validation.check_shape}
    assert checks == {row[0] for row in ACCEPTED.values()} | {validation.check_shape}


def test_a_shape_is_compared_with_that_of_the_other_argument() -> None:
    validation.check_shape("target", FLOATS, (3,), like="score")

    with pytest.raises(ShapeError, match=r"^target: got shape \(3,\); wanted \(4,\), as score$"):
        validation.check_shape("target", FLOATS, (4,), like="score")
    with pytest.raises(DtypeError, match=r"^target: got list; wanted a torch\.Tensor$"):
        validation.check_shape("target", [1.0], (1,), like="score")


def test_the_ignored_class_is_no_error() -> None:
    validation.check_class_index("target", torch.tensor([0, -100]), 1, ignore_index=-100)


@pytest.mark.parametrize("story", OF_VALUES)
def test_checks_of_values_can_be_switched_off(story: str) -> None:
    check, (value, *rest), _, _ = REFUSED[story]

    with lossary.checks(False):
        check("argument", value, *rest)


@pytest.mark.parametrize("story", sorted(REFUSED.keys() - set(OF_VALUES) - {"class_negative"}))
def test_checks_of_type_dtype_and_shape_cannot(story: str) -> None:
    check, (value, *rest), error, _ = REFUSED[story]

    with lossary.checks(False), pytest.raises(error):
        check("argument", value, *rest)


def test_checks_of_values_are_off_on_other_devices_unless_asked_for() -> None:
    elsewhere = torch.empty(3, device="meta")

    assert not validation.checks_values(elsewhere)
    with lossary.checks(True):
        assert validation.checks_values(elsewhere)


TRANSFORMS: dict[str, Callable] = {
    "vmap": lambda f: torch.func.vmap(f),
    "vmap of grad": lambda f: torch.func.vmap(torch.func.grad(f)),
    "grad of vmap": lambda f: torch.func.grad(lambda x: torch.func.vmap(f)(x).sum()),
    "compile": lambda f: torch.compile(f, fullgraph=True, backend="eager"),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_checks_of_values_never_run_inside(transform: str) -> None:
    def loss(values: torch.Tensor) -> torch.Tensor:
        validation.check_finite("values", values)
        return values.sum()

    torch.compiler.reset()

    assert TRANSFORMS[transform](loss)(torch.full((2, 3), math.nan)).isnan().any() or "grad" in transform


def test_checks_of_values_run_inside_grad() -> None:
    def loss(values: torch.Tensor) -> torch.Tensor:
        validation.check_finite("values", values)
        return values.sum()

    with pytest.raises(InvalidInputError, match="values: got 3"):
        torch.func.grad(loss)(torch.full((3,), math.nan))
