"""The module does what the function does, and behaves as a module should."""

import inspect
import pickle
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import torch
from torch import Tensor, nn

from lossary.conformance.case import Case, Inputs, expect_close
from lossary.conformance.table import CheckError, Skipped, check, expect
from lossary.errors import InvalidInputError, LossaryError


@check
def check_module_equals_function(case: Case) -> None:
    """The module's value is the function's on the same inputs and options, also with an option changed."""
    inputs = case.inputs()
    _expect_same_value(case, inputs)
    for name, value in _changes(case, inputs):
        _expect_same_value(case, inputs, **{name: value})


def _expect_same_value(case: Case, inputs: Inputs, **changed: Any) -> None:
    module = _build(case, inputs, **changed)
    held = {
        name: getattr(module, name)
        for name in case.spec.signature.parameters
        if (name not in inputs or name in _owned(module)) and hasattr(module, name)
    }
    try:
        wanted = case.spec.function(**{**inputs, **held, **changed})
    except LossaryError:
        if changed:
            return  # the value does not suit the example inputs
        raise
    what = "".join(f" with {name}={value!r}" for name, value in changed.items())
    expect_close(_forward(case, module, inputs), wanted, f"module and function{what}", rtol=0.0, atol=0.0)


def _changes(case: Case, inputs: Inputs) -> Iterator[tuple[str, Any]]:
    """Options of the constructor with values besides their defaults, as far as these can be derived."""
    constructor = inspect.signature(case.spec.module).parameters
    for name, default in case.spec.options.items():
        if name not in constructor or name in inputs:
            continue
        annotation = case.spec.signature.parameters[name].annotation
        members = get_args(annotation) if get_origin(annotation) is not Literal else (annotation,)
        choices = [
            choice for member in members if get_origin(member) is Literal for choice in get_args(member)
        ]
        if isinstance(default, bool):
            choices = [True, False]
        elif isinstance(default, float):
            choices = [default / 2 or 0.5]
        yield from ((name, choice) for choice in choices if choice != default)


@check
def check_module_options(case: Case) -> None:
    """Defaults are the function's, unknown options are refused, and it prints, pickles and reloads."""
    spec, inputs = case.spec, case.inputs()
    constructor = inspect.signature(spec.module).parameters
    forward = inspect.signature(spec.module.forward).parameters
    for name, default in spec.options.items():
        if name not in constructor:
            expect(name in forward, f"{name}: neither the constructor nor forward takes this option")
            continue
        ours = constructor[name].default
        expect(
            ours is default or ours == default, f"{name}: default is {ours!r}; the function's is {default!r}"
        )
    module = _build(case, inputs)
    try:
        spec.module(**_given(case, inputs), no_such_option=1)
    except TypeError:
        pass
    else:
        raise CheckError("no_such_option: got no error; wanted TypeError for an unknown option")
    for name in constructor:
        expect(f"{name}=" in repr(module), f"{name}: is not shown by repr, which is {module!r}")
    wanted = _forward(case, module, inputs)
    try:
        copy = pickle.loads(pickle.dumps(module))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise CheckError(f"pickle: {error}") from error
    expect_close(_forward(case, copy, inputs), wanted, "unpickled module", rtol=0.0, atol=0.0)
    fresh = _build(case, inputs)
    fresh.load_state_dict(module.state_dict())
    expect_close(_forward(case, fresh, inputs), wanted, "module with loaded state", rtol=0.0, atol=0.0)


@check
def check_reductions_agree(case: Case) -> None:
    """The sum and the mean are those of the values under "none", over the elements that count."""
    if not case.reduces:
        raise Skipped("has no values per element")
    inputs, function = case.inputs(dtype=torch.float64), case.spec.function
    values = function(**inputs, reduction="none")
    total = function(**inputs, reduction="sum")
    mean = function(**inputs, reduction="mean")
    expect(values.ndim > 0, 'reduction="none": got a scalar; wanted one value per element')
    expect_close(total, values.sum(), 'reduction="sum"', rtol=1e-9, atol=1e-12)
    least, most = int(values.count_nonzero()), values.numel()
    counts = range(max(least, 1), most + 1)
    expect(
        any(torch.isclose(mean * count, total, rtol=1e-9, atol=1e-12) for count in counts),
        f'reduction="mean": got {mean.item():g}; '
        f"wanted the sum {total.item():g} over {least} to {most} elements",
    )
    try:
        function(**inputs, reduction="median")
    except InvalidInputError as error:
        expect(str(error).startswith("reduction:"), f"reduction: the error does not name it: {error}")
    else:
        raise CheckError('reduction="median": got no error; wanted InvalidInputError')


def _given(case: Case, inputs: Inputs) -> dict[str, Any]:
    constructor = inspect.signature(case.spec.module).parameters
    return {**case.spec.module_sizes} | {name: value for name, value in inputs.items() if name in constructor}


def _owned(module: nn.Module) -> set[str]:
    """Names of the parameters of the module, which it uses in place of inputs of these names."""
    return {name for name, _ in module.named_parameters()}


def _build(case: Case, inputs: Inputs, **options: Any) -> nn.Module:
    given = _given(case, inputs) | options
    constructor = inspect.signature(case.spec.module).parameters.values()
    missing = [
        parameter.name
        for parameter in constructor
        if parameter.default is parameter.empty and parameter.name not in given
    ]
    expect(
        not missing,
        f"the module needs {', '.join(missing)}, which module_sizes and the example inputs lack: add "
        "them, or test the module beside the loss and declare an exception",
    )
    return case.spec.module(**given)


def _forward(case: Case, module: nn.Module, inputs: Inputs) -> Tensor:
    """Call the module as people do: inputs by position, as far as the example has them without a gap."""
    held = _given(case, inputs).keys() | _owned(module)
    named = {name: value for name, value in inputs.items() if name not in held}
    positional: list[Any] = []
    for name, parameter in case.spec.signature.parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY or name not in named:
            break
        positional.append(named.pop(name))
    result: Tensor = module(*positional, **named)
    return result
