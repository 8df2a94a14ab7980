"""Write the files that are derived from the code: ``python docs/generate.py``; ``--check`` only compares.

They list the losses of the wheel and of the packs under ``plugins/``, whatever else is installed.
"""

import argparse
import inspect
import sys
import tomllib
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from gallery_pages import (
    GALLERY,
    Specs,
    displayed,
    draw,
    exceptions,
    family_table,
    gallery,
    metric_names,
    papers_page,
    reference,
    signature,
)
from lossary import losses, metrics, numerics, training
from lossary.authoring import LossSpec, Property
from lossary.catalog import Catalog, CatalogEntry, load
from lossary.naming import pascal_case
from speed_page import speed_page

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- losses:begin -->\n", "<!-- losses:end -->\n"
NOTE = "written by docs/generate.py: run `make docs` instead of editing"
LINE_LENGTH = 110


def generated_files(root: Path = ROOT) -> dict[Path, str]:
    """Path -> text of every generated file.

    Raises:
        ValueError: the README has no place for the table of losses.
    """
    specs = all_losses(root)
    return {
        root / "python/lossary/losses/__init__.pyi": stub(Catalog.from_packages(wheel_packages())),
        root / "README.md": with_table(
            (root / "README.md").read_text(encoding="utf-8"), family_table(specs, f"{GALLERY}/")
        ),
        root / "docs/losses.md": losses_page(specs),
        root / "docs/metrics.md": metrics_page(),
        root / "docs/numerics.md": numerics_page(),
        root / "docs/training.md": training_page(),
        root / "docs/papers.md": papers_page(specs, root, NOTE),
        root / "docs/speed.md": speed_page(root, NOTE),
        **gallery(specs, root, NOTE),
    }


def all_losses(root: Path) -> Specs:
    """Every loss of the wheel and of the packs."""
    catalog = Catalog.from_packages([*wheel_packages(), *pack_packages(root)])
    return {entry: load(entry) for entry in catalog.entries()}


def wheel_packages() -> list[str]:
    """The families of the wheel."""
    return [f"{losses.__name__}.{family.name}" for family in iter_modules(losses.__path__) if family.ispkg]


def pack_packages(root: Path) -> list[str]:
    """The families of the packs, from their entry points; their sources become importable."""
    packages = []
    for project in sorted(root.glob("plugins/lossary-*/pyproject.toml")):
        sys.path.insert(0, str(project.parent / "src"))
        entry_points = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"]
        packages += sorted(entry_points["lossary"].values())
    return packages


def stub(catalog: Catalog) -> str:
    """``losses/__init__.pyi``: what the lazy namespace offers, for editors and type checkers."""
    lines = [f"# {NOTE}", ""]
    for entry in sorted(catalog.entries(), key=lambda entry: entry.module):
        for name in (pascal_case(entry.name), entry.name):
            line = f"from {entry.module} import {name} as {name}"
            if len(line) > LINE_LENGTH:
                line = f"from {entry.module} import (\n    {name} as {name},\n)"
            lines.append(line)
    return "\n".join(lines) + "\n"


def with_table(readme: str, rows: str) -> str:
    """The README with the table of losses between its markers."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(
            f"README.md: got no {BEGIN.strip()} ... {END.strip()}; wanted both, each on its own line"
        )
    return f"{before}{begin}\n{rows}\n{end}{after}"


def losses_page(specs: Specs) -> str:
    """One section for each loss."""
    sections = [section(entry, spec) for entry, spec in specs.items()]
    intro = f"<!-- {NOTE} -->\n\n# Losses\n\n`lossary show NAME` prints the same, with every argument.\n"
    return "\n".join([intro, *sections])


def section(entry: CatalogEntry, spec: LossSpec) -> str:
    """What is known about one loss."""
    lines = [f"## {entry.name}", "", spec.summary, ""]
    if spec.formula:
        lines += ["```math", displayed(spec.formula), "```", ""]
    lines += ["```python", signature(spec), "```", ""]
    facts = {
        "Import": f"`from {entry.module} import {spec.module.__name__}, {spec.name}`",
        "Family": entry.family,
        "Paper": reference(spec.paper),
        "Exact metric": metric_names(spec) if spec.pairs_with else f"none: {spec.unpaired_reason}",
        "Gradient": "for " + ", ".join(f"`{name}`" for name in spec.differentiable),
        "Properties": "; ".join(member.value for member in Property if member in spec.properties),
        "Aliases": ", ".join(f"`{alias}`" for alias in spec.aliases),
        "Checks that do not apply": exceptions(spec),
    }
    lines += [f"- **{fact}:** {text}" for fact, text in facts.items() if text]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """One row for each public name of `lossary.metrics`."""
    guides = "[ranking.md](ranking.md), [decisions.md](decisions.md), [topology.md](topology.md)"
    intro = f"`from lossary.metrics import ...`; which to take, and how: {guides}."
    return names_page("Metrics", intro, ((name, getattr(metrics, name)) for name in metrics.__all__))


def numerics_page() -> str:
    """One row for each public name of `lossary.numerics`."""
    guide = "worths of ranked items: [leaderboards.md](leaderboards.md)"
    intro = f"`from lossary.numerics import ...`: NumPy in, NumPy out; {guide}."
    return names_page("Numerics", intro, ((name, getattr(numerics, name)) for name in numerics.__all__))


def training_page() -> str:
    """One row for each public function and class of the modules of `lossary.training`."""
    members = []
    for found in iter_modules(training.__path__):
        if found.name.startswith("_"):
            continue
        module = import_module(f"{training.__name__}.{found.name}")
        own = vars(module).items()
        members += [
            (f"{found.name}.{name}", value)
            for name, value in own
            if not name.startswith(("_", "check_")) and getattr(value, "__module__", "") == module.__name__
        ]
    loops = "a loop with each: [examples/training](../examples/training/README.md)"
    intro = (
        f"What a training loop uses beside a loss: `from lossary.training.<module> import <name>`; {loops}."
    )
    return names_page("Training tools", intro, members)


def names_page(title: str, intro: str, members: Iterable[tuple[str, object]]) -> str:
    """A page with the first line of what each name says of itself."""
    rows = ["| name | what it is |", "|---|---|"]
    for name, value in sorted(members, key=lambda member: member[0]):
        summary = (inspect.getdoc(value) or "").partition("\n")[0]
        rows.append(f"| `{name}` | {summary.replace('|', '&#124;')} |")
    return f"<!-- {NOTE} -->\n\n# {title}\n\n{intro}\n\n" + "\n".join(rows) + "\n"


def main() -> int:
    """Write every generated file that differs, or list those files under ``--check``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write and draw nothing; exit with 1 if a file is stale"
    )
    parser.add_argument(
        "--missing-pictures", action="store_true", help="draw only the pictures that are not there"
    )
    options = parser.parse_args()
    stale = {
        path: text
        for path, text in generated_files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        print(f"{'stale' if options.check else 'written'}: {path.relative_to(ROOT)}")
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if not options.check:
        for path in draw(all_losses(ROOT), ROOT, missing_only=options.missing_pictures):
            print(f"picture: {path.relative_to(ROOT)}")
    return int(options.check and bool(stale))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ValueError as error:
        sys.exit(f"docs/generate.py: {error}")
