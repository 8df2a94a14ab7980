"""The table of conformance checks: each check stands in it once, in the order in which they run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lossary.authoring.spec import Property
    from lossary.conformance.case import Case


class Skipped(Exception):  # noqa: N818 - not an error: the check does not apply
    """Raised by a check that does not apply to a loss; the message is the reason."""


class CheckError(AssertionError):
    """Raised by a check that does not hold; the message says what came and what is wanted."""


@dataclass(frozen=True)
class Check:
    """One row of the table.

    Attributes:
        name: the check's name in ids, reports and `LossSpec.exceptions`.
        function: ``check_<name>(case)``; returns, or raises Skipped or CheckError.
        tests: the declared property that the check tests; it is skipped for losses without it.
    """

    name: str
    function: Callable[["Case"], None]
    tests: "Property | None" = None

    def __call__(self, case: "Case") -> None:
        """Run the check, unless the loss declares that it does not apply."""
        if self.name in case.spec.exceptions and self.name != "declaration":
            raise Skipped(case.spec.exceptions[self.name])
        if self.tests is not None and self.tests not in case.spec.properties:
            raise Skipped(f"{self.tests.name} is not declared")
        self.function(case)


CHECKS: dict[str, Check] = {}


def check(function: Callable[["Case"], None]) -> Callable[["Case"], None]:
    """Enter ``check_<name>`` into the table."""
    return check_of(None)(function)


def check_of(tested: "Property | None") -> Callable[[Callable[["Case"], None]], Callable[["Case"], None]]:
    """Enter ``check_<name>`` into the table as the check of a declared property, if of any."""

    def enter(function: Callable[["Case"], None]) -> Callable[["Case"], None]:
        name = function.__name__.removeprefix("check_")
        CHECKS[name] = Check(name, function, tested)
        return function

    return enter


def expect(condition: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Raise CheckError with the message unless the condition holds.

    An ``assert`` would vanish under ``python -O``, and every loss would pass.
    """
    if not condition:
        raise CheckError(message)
