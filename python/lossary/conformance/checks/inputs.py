"""What may come in: the caller's data stay as they are, empty batches and bad input have an answer."""

import math
from typing import Any, get_args

import torch
from torch import Tensor

from lossary.authoring.spec import Property
from lossary.conformance.case import Case, Inputs, expect_close, expect_same_gradients, floating, tensors
from lossary.conformance.table import CheckError, Skipped, check, expect
from lossary.errors import InvalidInputError, LossaryError
from lossary.settings import checks


@check
def check_inputs_untouched(case: Case) -> None:
    """Neither the call nor the backward pass writes into an input."""
    inputs = case.inputs()
    before = {name: (value.clone(), value._version) for name, value in tensors(inputs)}
    case.spec.function(**inputs)
    case.gradients(inputs)
    for name, (value, version) in before.items():
        expect(
            torch.equal(inputs[name], value) and inputs[name]._version == version, f"{name}: was written into"
        )


@check
def check_memory_layout(case: Case) -> None:
    """Inputs may be views with any strides, such as slices and transposes."""

    def of_views(**arguments: Any) -> Tensor:
        views = {name: _view(value) for name, value in tensors(arguments)}
        value: Tensor = case.spec.function(**arguments | views)
        return value

    inputs = case.inputs(dtype=torch.float64)  # products of transposes may round otherwise
    wanted, wanted_gradients = case.gradients(inputs)
    try:
        value, gradients = case.gradients(inputs, of_views)
    except RuntimeError as error:
        raise CheckError(f"inputs that are views: {error}") from error
    expect_close(value, wanted, "inputs that are views", rtol=1e-5, atol=1e-7)
    expect_same_gradients(gradients, wanted_gradients, "inputs that are views", rtol=1e-5, atol=1e-7)


def _view(value: Tensor) -> Tensor:
    """The values as a transposed slice of a larger tensor."""
    columns = value.transpose(0, -1)
    return torch.stack([columns, columns], -1)[..., 0].transpose(0, -1)


@check
def check_single_row(case: Case) -> None:
    """A batch of one row, often the last of an epoch, has a finite value and gradient, or is refused."""
    inputs = case.inputs()
    names = case.batched(inputs)
    if not names:
        raise Skipped(f"{case.spec.differentiable[0]} has no axis")
    single = inputs | {name: inputs[name][:1] for name in names}
    try:
        value, gradients = case.gradients(single)
    except InvalidInputError:
        return
    expect(bool(value.isfinite().all()), f"one row: got {value}")
    for name, gradient in gradients.items():
        expect(bool(gradient.isfinite().all()), f"one row: the gradient of {name} is not finite")
    axes, wanted = case.values(single).ndim, case.values(inputs).ndim
    expect(axes == wanted, f"one row: got values with {axes} axes; wanted {wanted}, as for more rows")


@check
def check_empty_batch(case: Case) -> None:
    """Without a row the loss is zero with a graph, or an error where REJECTS_EMPTY_BATCH is declared."""
    inputs = case.inputs()
    names = case.batched(inputs)
    if not names:
        raise Skipped(f"{case.spec.differentiable[0]} has no axis")
    empty = inputs | {name: inputs[name][:0] for name in names}
    if Property.REJECTS_EMPTY_BATCH in case.spec.properties:
        try:
            value = case.spec.function(**empty)
        except InvalidInputError:
            return
        raise CheckError(f"REJECTS_EMPTY_BATCH is declared: got {value}; wanted InvalidInputError")
    value, gradients = case.gradients(empty)
    expect(not bool(value.any()) and value.numel() <= 1, f"empty batch: got {value}; wanted 0")
    for name, gradient in gradients.items():
        expect(bool(gradient.isfinite().all()), f"empty batch: the gradient of {name} is not finite")


@check
def check_bad_input(case: Case) -> None:
    """Wrong types, dtypes, shapes and NaN raise an error of lossary that names the argument."""
    inputs = case.inputs()
    for name, value in tensors(inputs):
        _expect_refusal(case, inputs | {name: value.tolist()}, f"{name} as a list", {name})
        wrong = _wrong_dtype(case, name)
        if wrong is not None:
            _expect_refusal(case, inputs | {name: value.to(wrong)}, f"{name} as {wrong}", {name})
        if _fixed_axes(case, name):
            _expect_refusal(case, inputs | {name: value.sum()}, f"{name} without axes", set(inputs))
    for name in _tied(case, inputs):
        shorter = inputs | {name: inputs[name][:-1]}
        _expect_refusal(case, shorter, f"{name} with a row less than the rest", set(inputs))
    for name in floating(inputs):
        spoilt = inputs | {name: _with_first(inputs[name], math.nan)}
        with checks(enabled=True):
            _expect_refusal(case, spoilt, f"NaN in {name}", {name}, InvalidInputError)
            for infinite in (math.inf, -math.inf):
                _expect_no_nan(case, inputs | {name: _with_first(inputs[name], infinite)}, infinite, name)
        with checks(enabled=False):
            _expect_nan(case, inputs, name)


def _expect_refusal(
    case: Case, inputs: Inputs, what: str, names: set[str], error_type: type[Exception] = LossaryError
) -> None:
    try:
        value = case.spec.function(**inputs)
    except error_type as error:
        named = str(error).partition(":")[0]
        expect(named in names, f"{what}: the error does not name the argument first: {error}")
    except Exception as error:
        raise CheckError(
            f"{what}: got {type(error).__name__}: {error}; wanted {error_type.__name__}"
        ) from error
    else:
        raise CheckError(f"{what}: got {value}; wanted {error_type.__name__}")


def _expect_nan(case: Case, inputs: Inputs, name: str) -> None:
    """Without checks of values a NaN passes through: it neither raises nor turns into a number."""
    spoilt = inputs | {name: torch.full_like(inputs[name], math.nan)}
    try:
        value = case.spec.function(**spoilt)
    except LossaryError as error:
        raise CheckError(
            f"NaN in {name} while lossary.checks(False): got {error}; wanted no check"
        ) from error
    if name in case.spec.differentiable:
        expect(bool(value.isnan().any()), f"only NaN in {name} while lossary.checks(False): got {value}")


def _expect_no_nan(case: Case, inputs: Inputs, infinite: float, name: str) -> None:
    """What an infinite value means is the loss's to say, but it may not turn into NaN in silence."""
    try:
        value = case.spec.function(**inputs)
    except InvalidInputError as error:
        named = str(error).partition(":")[0]
        expect(named == name, f"{infinite} in {name}: the error does not name the argument first: {error}")
        return
    expect(not bool(value.isnan().any()), f"{infinite} in {name}: got {value}; wanted InvalidInputError")


def _with_first(value: Tensor, first: float) -> Tensor:
    """A copy with another first element."""
    spoilt = value.clone(memory_format=torch.contiguous_format)
    spoilt.view(-1)[:1] = first
    return spoilt


def _annotations(case: Case, name: str) -> list[Any]:
    """The members of an input's annotation that are jaxtyping's."""
    annotation = case.spec.signature.parameters[name].annotation
    members = get_args(annotation) or (annotation,)
    return [member for member in members if hasattr(member, "dim_str")]


def _wrong_dtype(case: Case, name: str) -> torch.dtype | None:
    """A dtype that the annotation excludes; None when it admits both floating and integer ones."""
    members = _annotations(case, name)
    if not members:
        return torch.int64 if name in case.spec.differentiable else None
    admitted = {dtype for member in members for dtype in _dtype_names(member)}
    if not any("int" in dtype for dtype in admitted):
        return torch.int64
    return None if any("float" in dtype for dtype in admitted) else torch.float32


def _dtype_names(annotation: Any) -> tuple[str, ...]:
    """Names of the dtypes of a jaxtyping annotation; its "any dtype" admits integers and floats."""
    return tuple(annotation.dtypes) if isinstance(annotation.dtypes, tuple) else ("int64", "float32")


def _fixed_axes(case: Case, name: str) -> bool:
    """Whether every annotated shape has at least one axis."""
    members = _annotations(case, name)
    return bool(members) and all(
        any(not axis.startswith(("*", "...")) for axis in member.dim_str.split()) for member in members
    )


def _tied(case: Case, inputs: Inputs) -> list[str]:
    """Batched inputs whose leading axis is, by its annotated name, that of another input too."""
    leading: dict[str, set[str]] = {}
    for name in case.batched(inputs):
        for member in _annotations(case, name):
            axis = member.dim_str.partition(" ")[0].lstrip("*")
            leading.setdefault(axis, set()).add(name)
    shared = [names for axis, names in leading.items() if axis not in ("", "...", "_") and len(names) > 1]
    return sorted(set().union(*shared))
