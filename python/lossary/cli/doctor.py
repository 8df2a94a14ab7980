"""``lossary doctor``: what is installed, and what does not load."""

import platform
import re
import traceback
import warnings
from collections.abc import Iterator
from importlib import metadata
from typing import Annotated

import typer

import lossary
from lossary.catalog import Catalog
from lossary.errors import PluginWarning


def doctor(
    *, verbose: Annotated[bool, typer.Option("--verbose", help="Show tracebacks of problems.")] = False
) -> None:
    """Report what is installed, and what does not load.

    The exit status is 1 when there are problems.
    """
    typer.echo(f"lossary {lossary.__version__}, {lossary.get_num_threads()} threads in the kernels")
    typer.echo(f"Python {platform.python_version()}, {platform.platform()}")
    typer.echo(f"numpy {_version('numpy')}")
    typer.echo("\nextras")
    for extra, distributions in _extras():
        found = ", ".join(f"{name} {_version(name)}" for name in distributions)
        typer.echo(f"  {extra}: {found}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)  # the problems are listed below
        catalog = Catalog.installed()
    typer.echo("\nplugins")
    for package in catalog.packages:
        origin = f"{package.distribution} {package.version}".strip()
        typer.echo(
            f"  {package.family}: {origin}, losses: {len(package.losses)}, loaded in {package.seconds:.3f} s"
        )
    if not catalog.packages:
        typer.echo("  none")
    if not catalog.problems:
        typer.echo("\nno problems")
        return
    typer.echo("\nproblems" if verbose else "\nproblems (--verbose shows their tracebacks)")
    for problem in catalog.problems:
        typer.echo(f"  {problem}")
        if verbose:
            typer.echo("".join(traceback.format_exception(problem.error)))
    raise typer.Exit(code=1)


def _extras() -> Iterator[tuple[str, list[str]]]:
    """The extras in lossary's own metadata, and the distributions that each brings."""
    requirements = metadata.requires("lossary") or []
    for extra in metadata.metadata("lossary").get_all("Provides-Extra") or []:
        wanted = re.compile(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]")
        names = [re.split(r"[^\w.-]", text)[0] for text in requirements if wanted.search(text)]
        if names != ["lossary"]:  # an extra that only sums up others
            yield extra, names


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
