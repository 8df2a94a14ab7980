"""torch's transforms: compile, functorch's grad and vmap give what plain autograd gives."""

import warnings

import torch
from torch import Tensor

from lossary.conformance.case import Case, expect_close, expect_same_gradients, tensors
from lossary.conformance.table import CheckError, check

RTOL, ATOL = 1e-9, 1e-12


@check
def check_compile(case: Case) -> None:
    """``torch.compile(fullgraph=True)`` traces the loss in one graph, with the same value and gradient."""
    inputs = case.inputs(dtype=torch.float64)
    wanted, wanted_gradients = case.gradients(inputs)
    torch.compiler.reset()
    try:
        compiled = torch.compile(case.spec.function, fullgraph=True, backend="aot_eager")
        value, gradients = case.gradients(inputs, compiled)
    except torch._dynamo.exc.TorchDynamoException as error:
        raise CheckError(f"{type(error).__name__}: {str(error).strip()[:600]}") from error
    finally:
        torch.compiler.reset()
    expect_close(value, wanted, "compiled", rtol=RTOL, atol=ATOL)
    expect_same_gradients(gradients, wanted_gradients, "compiled", rtol=RTOL, atol=ATOL)


@check
def check_functorch_grad(case: Case) -> None:
    """``torch.func.grad`` gives autograd's gradient."""
    inputs = case.inputs(dtype=torch.float64)
    _, wanted = case.gradients(inputs)
    function, given = case.of_differentiable(inputs)

    def total(*leaves: Tensor) -> Tensor:
        return function(*leaves).sum()

    try:
        found = torch.func.grad(total, argnums=tuple(range(len(given))))(*given)
    except RuntimeError as error:
        raise CheckError(f"torch.func.grad: {error}") from error
    gradients = dict(zip(case.differentiable(inputs), found, strict=True))
    expect_same_gradients(gradients, wanted, "torch.func.grad", rtol=RTOL, atol=ATOL)


@check
def check_vmap(case: Case) -> None:
    """``torch.func.vmap`` over stacked batches gives the values and gradients of the batches, one by one."""
    draws = [case.inputs(seed=seed, dtype=torch.float64) for seed in range(3)]
    names = [name for name, _ in tensors(draws[0])]
    others = {name: value for name, value in draws[0].items() if name not in names}
    each = [case.gradients(draw | others) for draw in draws]
    first = case.spec.differentiable[0]

    def function(leaf: Tensor, rest: dict[str, Tensor]) -> Tensor:
        return case.spec.function(**{**others, **rest, first: leaf})

    def total(leaf: Tensor, rest: dict[str, Tensor]) -> Tensor:
        return function(leaf, rest).sum()

    stacked = {name: torch.stack([draw[name] for draw in draws]) for name in names}
    leaf = stacked.pop(first)
    try:
        with warnings.catch_warnings():  # an operator without a batching rule is slow, not wrong
            warnings.filterwarnings("ignore", "There is a performance drop")
            values = torch.func.vmap(function)(leaf, stacked)
            gradients = torch.func.vmap(torch.func.grad(total))(leaf, stacked)
    except RuntimeError as error:
        raise CheckError(f"torch.func.vmap: {error}") from error
    wanted = torch.stack([value for value, _ in each])
    expect_close(values, wanted, "torch.func.vmap", rtol=RTOL, atol=ATOL)
    wanted = torch.stack([found[first] for _, found in each])
    expect_close(gradients, wanted, f"vmap of grad, gradient of {first}", rtol=RTOL, atol=ATOL)
