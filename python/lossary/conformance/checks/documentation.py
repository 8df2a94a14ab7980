"""The docstring says everything that the house template asks for, and its examples run."""

import doctest
import inspect
import io
import re

from lossary.conformance.case import Case
from lossary.conformance.table import check, expect

SECTIONS = ("Args", "Returns", "Raises", "Source", "Example")


@check
def check_docstring(case: Case) -> None:
    """Summary, formula, every argument, result, errors, the paper and an example are there."""
    spec = case.spec
    text = inspect.getdoc(spec.function) or ""
    expect(bool(spec.summary), "docstring: is missing")
    expect(
        not re.match(r"computes?\b", spec.summary, re.IGNORECASE),
        f"docstring: the summary starts with {spec.summary.split()[0]!r}; say what the loss measures",
    )
    expect(bool(spec.formula), "docstring: has no formula under '.. math::'")
    for section in SECTIONS:
        expect(re.search(rf"^{section}:", text, re.MULTILINE) is not None, f"docstring: has no '{section}:'")
    described = _described(_section(text, "Args"))
    parameters = spec.signature.parameters.keys()
    missing, unknown = parameters - described, described - parameters
    expect(not missing, f"docstring: Args lacks {', '.join(sorted(missing))}")
    expect(not unknown, f"docstring: Args describes {', '.join(sorted(unknown))}, which is no argument")
    source = " ".join(_section(text, "Source").split())
    surname = re.split(r",| and | et al", spec.paper.authors)[0].strip()
    for part in (surname, str(spec.paper.year)):
        expect(part in source, f"docstring: Source lacks {part!r} of the declared paper; it says {source!r}")


def _section(text: str, name: str) -> str:
    """The body of a section: what follows its name, up to the next line that is not indented."""
    found = re.search(rf"^{name}:(.*\n?(?:[ \t]+.*\n?|\n)*)", text, re.MULTILINE)
    return found[1] if found else ""


def _described(section: str) -> set[str]:
    """Names of the arguments in a section Args; "alpha, beta: ..." describes two."""
    entries = re.findall(r"^    (\w+(?:, \w+)*):", section, re.MULTILINE)
    return {name for entry in entries for name in entry.split(", ")}


@check
def check_doctest(case: Case) -> None:
    """The examples in the docstring run and print what they promise."""
    function = case.spec.function
    examples = doctest.DocTestParser().get_doctest(
        inspect.getdoc(function) or "", dict(vars(case.file)), function.__name__, case.file.__file__, 0
    )
    expect(bool(examples.examples), "doctest: the docstring has no example")
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    output = io.StringIO()
    failed = runner.run(examples, out=output.write).failed
    expect(not failed, output.getvalue())
