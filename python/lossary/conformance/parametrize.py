"""`conformance_tests`: a plugin's test, one parametrised case per (loss, check)."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossary.catalog import Catalog
from lossary.conformance.goldens import check_directory
from lossary.conformance.runner import run_check, table
from lossary.conformance.table import Skipped
from lossary.errors import InvalidInputError

if TYPE_CHECKING:
    from lossary.conformance.case import Case

Reasons = Mapping[tuple[str, str], str]


def conformance_tests(
    *packages: str,
    goldens: str | Path | None = None,
    skip: Reasons | None = None,
    xfail: Reasons | None = None,
) -> Callable[..., None]:
    """Make the conformance test of a plugin.

    Args:
        packages: import names of the packages that hold the losses.
        goldens: directory of golden files, ``<loss>.json`` or ``<digits>-<loss>.json``, one for each loss;
            None leaves the check ``goldens`` out.
        skip: ``{(loss, check): reason}`` for checks that are not to run. What never applies to a loss
            belongs into its `LossSpec.exceptions`, where users see it.
        xfail: ``{(loss, check): reason}`` for checks that are known to fail; one that passes is a failure.

    Returns:
        A pytest test, parametrised over losses and checks with ids such as ``dice-goldens``. Assign it to a
        name that starts with ``test_``.

    Raises:
        InvalidInputError: a package has no losses or a faulty one, ``goldens`` is no directory, or ``skip``
            or ``xfail`` has an unknown loss or check or no reason.
        BrokenPluginError: a package does not import.
        MissingExtraError: torch is not installed.
    """
    import pytest

    check_directory(goldens)
    catalog = Catalog.from_packages(packages)
    if catalog.problems:
        problems = "; ".join(str(problem) for problem in catalog.problems)
        raise InvalidInputError(
            f"packages: got {', '.join(packages)} ({problems}); wanted packages of losses"
        )
    checks, losses = table(), catalog.names()
    if not losses:
        raise InvalidInputError(f"packages: got {', '.join(packages) or 'none'}; wanted packages of losses")
    pairs = [(loss, check) for loss in losses for check in checks]
    skipped = _reasons("skip", skip, pairs)
    expected = _reasons("xfail", xfail, pairs)

    def marks(pair: tuple[str, str]) -> list[Any]:
        if pair in skipped:
            return [pytest.mark.skip(reason=skipped[pair])]
        return [pytest.mark.xfail(reason=expected[pair], strict=True)] if pair in expected else []

    @cache
    def case_of(loss: str) -> "Case":
        from lossary.conformance.case import Case

        return Case(catalog.get(loss), goldens)

    @pytest.mark.parametrize(
        ("loss", "check"), [pytest.param(*pair, id="-".join(pair), marks=marks(pair)) for pair in pairs]
    )
    def test_conformance(loss: str, check: str) -> None:
        try:
            run_check(case_of(loss), checks[check])
        except Skipped as reason:
            pytest.skip(str(reason))

    return test_conformance


def _reasons(argument: str, given: Reasons | None, pairs: list[tuple[str, str]]) -> Reasons:
    for pair, reason in (given or {}).items():
        if pair not in pairs:
            raise InvalidInputError(
                f"{argument}: got {pair!r}; wanted (loss, check) pairs such as {pairs[0]!r}"
            )
        if not reason.strip():
            raise InvalidInputError(f"{argument}: got no reason for {pair!r}; wanted one")
    return given or {}
