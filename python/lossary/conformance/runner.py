"""`run`: the checks of one loss, one outcome each."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lossary.conformance.goldens import check_directory
from lossary.conformance.table import CHECKS, Check, Skipped
from lossary.errors import InvalidInputError
from lossary.extras import require
from lossary.settings import checks as value_checks

if TYPE_CHECKING:
    from lossary.authoring.spec import LossSpec
    from lossary.conformance.case import Case

Status = Literal["passed", "skipped", "expected", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one check of one loss.

    Attributes:
        loss: name of the loss.
        check: name of the check.
        status: "expected" is a failure that was announced; "skipped" means that the check does not apply.
        detail: the reason of a skip or an announced failure, the message of a failure, else empty.
        seconds: how long it took.
    """

    loss: str
    check: str
    status: Status
    detail: str
    seconds: float


def table() -> dict[str, Check]:
    """Every check by name, in the order in which they run.

    Raises:
        MissingExtraError: torch is not installed.
    """
    require("torch", extra="torch", purpose="lossary.conformance")
    from lossary.conformance import checks  # noqa: F401 - fills the table

    return CHECKS


def run(
    spec: "LossSpec",
    *,
    goldens: str | Path | None = None,
    checks: Collection[str] | None = None,
    xfail: Mapping[str, str] | None = None,
) -> tuple[Outcome, ...]:
    """Run the checks of one loss.

    Args:
        spec: the loss, for example from ``lossary.get``.
        goldens: directory of golden files; None leaves that check out, and says so.
        checks: names of the checks to run; None for all.
        xfail: checks that are known to fail, each with the reason; one that passes is a failure.

    Returns:
        One outcome per check, in the table's order.

    Raises:
        InvalidInputError: ``checks`` or ``xfail`` names a check that does not exist, or ``goldens`` is no
            directory.
        MissingExtraError: torch is not installed.
    """
    known = table()
    check_directory(goldens)
    announced = xfail or {}
    for argument, names in (("checks", checks or ()), ("xfail", announced)):
        unknown = sorted(set(names) - known.keys())
        if unknown:
            raise InvalidInputError(
                f"{argument}: got {', '.join(unknown)}; wanted some of {', '.join(known)}"
            )
    from lossary.conformance.case import Case

    case = Case(spec, goldens)
    chosen = [row for name, row in known.items() if checks is None or name in checks]
    return tuple(_outcome(case, row, announced.get(row.name)) for row in chosen)


def _outcome(case: "Case", row: Check, announced: str | None) -> Outcome:
    start = time.perf_counter()
    status: Status = "passed"
    detail = ""
    try:
        run_check(case, row)
    except Skipped as reason:
        status, detail = "skipped", str(reason)
    except Exception as error:  # whatever a stranger's loss raises is the outcome of its check
        status, detail = "failed", _describe(error)
    if announced is not None and status == "failed":
        status, detail = "expected", announced
    elif announced is not None and status == "passed":
        status, detail = "failed", f"passed, but was announced to fail: {announced}"
    return Outcome(case.spec.name, row.name, status, detail, time.perf_counter() - start)


def run_check(case: "Case", row: Check) -> None:
    """Run one check under the default setting of value checks, whatever the process has chosen."""
    with value_checks(None):
        row(case)


def _describe(error: Exception) -> str:
    return str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
