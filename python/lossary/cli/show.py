"""``lossary show``: one loss, from its own declaration and docstring."""

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Annotated

import typer

from lossary.catalog import Catalog

if TYPE_CHECKING:
    from lossary.authoring import LossSpec


def show(
    name: Annotated[str, typer.Argument(help="A loss: name, family/name or alias.")],
    *,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw value and derivative into this file (.png, .svg, .pdf) instead.", dir_okay=False
        ),
    ] = None,
) -> None:
    """Show what is known about one loss."""
    spec = Catalog.installed().get(name)
    if plot is not None:
        from lossary.authoring.profile_plot import save_plot

        save_plot(spec, plot)
        typer.echo(plot)
        return
    typer.echo(f"{spec.name}: {spec.summary}")
    for title, text in _sections(spec):
        typer.echo(f"\n{title}\n{indent(text, '  ')}")


def _sections(spec: "LossSpec") -> Iterator[tuple[str, str]]:
    if spec.formula:
        yield "formula", spec.formula
    docs = argument_docs(inspect.getdoc(spec.function) or "")
    inputs = [name for name in spec.signature.parameters if name not in spec.options]
    yield "inputs", _lines({name: docs.get(name, "") for name in inputs})
    if spec.options:
        yield (
            "options",
            _lines({f"{name}={value!r}": docs.get(name, "") for name, value in spec.options.items()}),
        )
    yield "paper", f"{spec.paper}\n{spec.paper.url}"
    metrics = [
        f"lossary.metrics.{metric.name}"
        + "".join(f", {option}={value!r}" for option, value in metric.options.items())
        + (f", output {metric.output}" if metric.output else "")
        for metric in spec.pairs_with
    ]
    yield "exact metric", "\n".join(metrics) or f"none: {spec.unpaired_reason}"
    if spec.properties:
        yield "properties", "\n".join(sorted(each.value for each in spec.properties))
    if spec.aliases:
        yield "aliases", ", ".join(spec.aliases)
    if spec.exceptions:
        yield "checks that do not apply", _lines(spec.exceptions)
    yield "import", f"from {spec.function.__module__} import {spec.name}, {spec.module.__name__}"


def argument_docs(docstring: str) -> dict[str, str]:
    r"""What a Google-style docstring says about each argument, on one line each.

    Example:
        >>> argument_docs("One line.\n\nArgs:\n    smooth: above\n        and below.\n    margin: m.\n")
        {'smooth': 'above and below.', 'margin': 'm.'}
    """
    section = re.search(r"^Args:\n((?:[ ]+.*\n|\n)*)", docstring + "\n", re.MULTILINE)
    entries = re.split(r"^(\w+):", dedent(section[1]), flags=re.MULTILINE)[1:] if section else []
    return {name: " ".join(text.split()) for name, text in zip(entries[::2], entries[1::2], strict=True)}


def _lines(entries: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {text}" if text else name for name, text in entries.items())
