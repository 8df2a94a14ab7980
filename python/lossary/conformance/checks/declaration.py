"""What the loss file declares: names, inputs, annotations and exact metrics."""

import math
from typing import Any

import torch

from lossary import metrics
from lossary.conformance.case import Case, Inputs, golden_arguments, tensors
from lossary.conformance.table import CHECKS, CheckError, Skipped, check, expect
from lossary.naming import pascal_case


@check
def check_declaration(case: Case) -> None:
    """Names agree, example inputs are reproducible, and every exception names a check and a reason."""
    spec = case.spec
    stem = case.file.__name__.rpartition(".")[2]
    expect(spec.name == stem, f"function: got {spec.name}; wanted {stem}, as the file")
    expect(getattr(case.file, "LOSS", None) is spec, f"LOSS: {case.file.__name__} holds another spec")
    wanted = pascal_case(spec.name)
    expect(spec.module.__name__ == wanted, f"module: got {spec.module.__name__}; wanted {wanted}")
    expect(
        getattr(case.file, wanted, None) is spec.module,
        f"module: {case.file.__name__} does not define it as {wanted}",
    )
    for name, parameter in spec.signature.parameters.items():
        expect(
            parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY),
            f"signature: got {parameter}; wanted {name} spelt out, so that misspelt options are refused",
        )
    _expect_reproducible_inputs(case)
    _expect_complete_words(case)


def _expect_reproducible_inputs(case: Case) -> None:
    spec = case.spec
    state = torch.get_rng_state()
    first, again, other = case.inputs(), case.inputs(), case.inputs(seed=1)
    expect(torch.equal(state, torch.get_rng_state()), "example_inputs: draws from the global generator")
    unknown = first.keys() - spec.signature.parameters.keys()
    expect(not unknown, f"example_inputs: got {sorted(unknown)}; wanted names of inputs of {spec.name}")
    expect(_same(first, again), "example_inputs: one seed gives different inputs")
    expect(not _same(first, other), "example_inputs: two seeds give the same inputs")
    for name in spec.differentiable:
        value = first.get(name)
        expect(
            isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel() > 0,
            f"example_inputs: got {type(value).__name__} for {name}; wanted a floating tensor with elements",
        )


def _same(left: Inputs, right: Inputs) -> bool:
    return all(torch.equal(value, right[name]) for name, value in tensors(left))


def _expect_complete_words(case: Case) -> None:
    spec = case.spec
    for field in ("title", "authors", "venue", "url"):
        expect(bool(getattr(spec.paper, field).strip()), f"paper: {field} is empty")
    expect(
        bool(spec.pairs_with) != bool(spec.unpaired_reason.strip()),
        "pairs_with: wanted either an exact metric or an unpaired_reason, not both",
    )
    expect(spec.name not in spec.aliases, f"aliases: got {spec.name}, which is the name itself")
    for name, reason in spec.exceptions.items():
        expect(name in CHECKS, f"exceptions: got {name!r}; wanted one of {', '.join(CHECKS)}")
        expect(name != "declaration", "exceptions: got 'declaration', the check that checks the exceptions")
        expect(bool(reason.strip()), f"exceptions: {name} has no reason")


@check
def check_annotations(case: Case) -> None:
    """The annotated shapes and dtypes are true of the example inputs and of every golden case."""
    try:
        import beartype
        import jaxtyping
    except ModuleNotFoundError as error:
        raise Skipped(f"{error.name} is not installed") from None
    for name, parameter in case.spec.signature.parameters.items():
        expect(parameter.annotation is not parameter.empty, f"{name}: has no annotation")
    typed = jaxtyping.jaxtyped(case.spec.function, typechecker=beartype.beartype)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("float32 example", case.inputs(dtype=torch.float32)),
        ("bfloat16 example", case.inputs(dtype=torch.bfloat16)),
        ("float64 example", case.inputs(dtype=torch.float64)),
        *((f"golden {golden.id}", golden_arguments(golden)) for golden in case.golden_cases()),
    ]
    for what, arguments in calls:
        try:
            typed(**arguments)
        except jaxtyping.TypeCheckError as error:
            lines = [line.strip() for line in str(error).splitlines()[:4]]
            raise CheckError(f"{what}: {' '.join(lines)}") from None


@check
def check_pairs_with(case: Case) -> None:
    """Each exact metric exists and is a finite number on the example inputs."""
    if not case.spec.pairs_with:
        raise Skipped(case.spec.unpaired_reason)
    for metric in case.spec.pairs_with:
        expect(
            callable(getattr(metrics, metric.name, None)),
            f"pairs_with: got {metric.name!r}; wanted a function of lossary.metrics",
        )
        inputs = {name: value for name, value in case.inputs().items() if name not in case.spec.options}
        value = metric(**inputs)
        expect(math.isfinite(value), f"{metric.name}: got {value} on the example inputs")
