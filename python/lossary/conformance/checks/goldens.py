"""Golden values: outputs and gradients of every case."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.conformance.case import Case, expect_close, expect_same_gradients, golden_arguments
from lossary.conformance.goldens import GoldenCase
from lossary.conformance.table import CheckError, Skipped, check, expect


@check
def check_goldens(case: Case) -> None:
    """Outputs and gradients equal the golden file's, within each case's own tolerance."""
    if case.goldens is None:
        raise Skipped("no golden files given")
    count = 0
    for count, golden in enumerate(case.golden_cases(), start=1):  # noqa: B007 - counts the cases
        try:
            _expect_golden(case, golden)
        except CheckError as error:
            raise CheckError(f"case {golden.id}: {error}") from None
        except Exception as error:
            raise CheckError(f"case {golden.id}: {type(error).__name__}: {error}") from error
    expect(count > 0, f"no golden file of {case.spec.name} in {case.goldens}")


def _expect_golden(case: Case, golden: GoldenCase) -> None:
    arguments = golden_arguments(golden)
    tolerance = {"rtol": golden.rtol, "atol": golden.atol}
    outputs = dict(golden.expected)
    main = "loss" if "loss" in outputs or len(outputs) > 1 else next(iter(outputs))
    some = {name: gradient for name, gradient in golden.grad.items() if gradient.any()}
    unknown = some.keys() - set(case.spec.differentiable)
    expect(not unknown, f"differentiable: lacks {sorted(unknown)}, for which the golden has a gradient")
    if main in outputs:
        _expect_value(case.spec.function(**arguments), outputs.pop(main), main, tolerance)
    if golden.grad:
        _, gradients = case.gradients(arguments)
        wanted = {name: torch.from_numpy(golden.grad[name]) for name in golden.grad.keys() & gradients.keys()}
        expect_same_gradients(
            {name: gradients[name].double() for name in wanted}, wanted, "golden", **tolerance
        )
    if outputs:
        sibling = f"{case.spec.name}_terms"
        expect(hasattr(case.file, sibling), f"{sibling} is missing; the golden has {', '.join(outputs)}")
        terms = getattr(case.file, sibling)(**arguments)
        for name, wanted_term in outputs.items():
            expect(hasattr(terms, name), f"{sibling}: lacks the field {name}")
            _expect_value(getattr(terms, name), wanted_term, name, tolerance)


def _expect_value(got: Any, wanted: Any, name: str, tolerance: dict[str, float]) -> None:
    got = got.detach().cpu().double() if isinstance(got, Tensor) else torch.tensor(got).double()
    wanted = torch.from_numpy(np.asarray(wanted, dtype=np.float64))
    expect_close(
        got, wanted.reshape(got.shape) if wanted.numel() == got.numel() == 0 else wanted, name, **tolerance
    )
