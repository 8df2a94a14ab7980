"""The pages of the gallery, their pictures, and the papers: what docs/generate.py writes of all losses."""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory
from types import ModuleType

from lossary import metrics, numerics, training
from lossary.authoring import ExactMetric, LossSpec, Paper
from lossary.authoring.profile_plot import save_plot
from lossary.catalog import CatalogEntry
from lossary.conformance import Goldens, find_goldens, load_goldens, table

GALLERY = "docs/gallery"
FEW = 4
LEGEND = """\
A picture shows the value and its derivative along one line through the example inputs of the loss, which are
the dot. What the axis names moves against its gradient, from where the loss is worse to beyond where it is
best; the axis says how far the element has moved that moves most. Probabilities move by their log-odds or
logits, positive numbers by their logarithm. `lossary show NAME --plot FILE` draws the same.

`make test` holds each loss to the golden cases and the checks that are counted under "verified"."""

Specs = dict[CatalogEntry, LossSpec]


def gallery(specs: Specs, root: Path, note: str) -> dict[Path, str]:
    """Path -> text of every page: the index, and one page for each family."""
    pages = {root / GALLERY / "README.md": index_page(specs, note)}
    for family, members in families(specs).items():
        pages[root / GALLERY / f"{family}.md"] = family_page(family, members, root, note)
    return pages


def families(specs: Specs) -> dict[str, Specs]:
    """The losses by family."""
    names = sorted({entry.family for entry in specs})
    return {name: {each: spec for each, spec in specs.items() if each.family == name} for name in names}


def index_page(specs: Specs, note: str) -> str:
    """Families, and one row for each loss."""
    rows = ["| loss | family | paper | exact metric |", "|---|---|---|---|"]
    for entry, spec in specs.items():
        link = f"[{entry.name}]({entry.family}.md#{entry.name})"
        rows.append(
            f"| {link} | {entry.family} | [{spec.paper.short}]({spec.paper.url}) | {metric_names(spec)} |"
        )
    number = counted(len(families(specs)), "family", "families")
    intro = (
        f"{counted(len(specs), 'loss', 'losses')} in {number}, each with its formula, a picture, its paper, "
        "the exact metrics it stands for, and what it was verified against."
    )
    head = [f"<!-- {note} -->", "", "# Gallery of losses", "", intro, "", LEGEND, "", family_table(specs, "")]
    return "\n".join([*head, "## All losses", "", *rows, ""])


def family_table(specs: Specs, folder: str) -> str:
    """One row for each family: how many losses it has, and those with the shortest names."""
    rows = ["| family | losses | among them |", "|---|---|---|"]
    for family, members in families(specs).items():
        page = f"{folder}{family}.md"
        few = sorted((entry.name for entry in members), key=lambda name: (len(name), name))[:FEW]
        among = ", ".join(f"[{name}]({page}#{name})" for name in few)
        rows.append(f"| [{family}]({page}) | {len(members)} | {among} |")
    return "\n".join(rows) + "\n"


def family_page(family: str, members: Specs, root: Path, note: str) -> str:
    """One section for each loss of a family."""
    lines = [f"<!-- {note} -->", "", f"# {family}", ""]
    lines += [" · ".join(f"[{entry.name}](#{entry.name})" for entry in members), ""]
    for entry, spec in members.items():
        lines += [f"## {entry.name}", "", spec.summary, ""]
        if spec.formula:
            lines += ["```math", displayed(spec.formula), "```", ""]
        lines += [f"![{entry.name}: value and derivative]({entry.family}/{entry.name}.svg)", ""]
        facts = {
            "Paper": reference(spec.paper),
            "Exact metric": "; ".join(f"`{call(metric)}`" for metric in spec.pairs_with)
            or f"none: {spec.unpaired_reason}",
            "Verified": verification(entry, spec, root),
            "Checks that do not apply": exceptions(spec),
            "Call": f"`{signature(spec)}`; [arguments and properties](../losses.md#{entry.name})",
        }
        lines += [f"- **{fact}:** {text}" for fact, text in facts.items() if text]
        lines.append("")
    return "\n".join(lines)


def displayed(formula: str) -> str:
    """A formula as GitHub renders it: marks of alignment stand inside an environment."""
    aligned = "&" in formula and r"\begin{" not in formula
    return f"\\begin{{aligned}}\n{formula}\n\\end{{aligned}}" if aligned else formula


def reference(paper: Paper) -> str:
    """A paper with its link, and the place of the formula in it."""
    place = f", {paper.equation}" if paper.equation else ""
    return f"{paper.authors}, [{paper.title}]({paper.url}), {paper.venue} {paper.year}{place}"


def call(metric: ExactMetric) -> str:
    """A metric with its options, and the output that is meant."""
    options = ", ".join(f"{name}={value!r}" for name, value in metric.options.items())
    return (
        metric.name
        + (f"({options})" if options else "")
        + (f", output {metric.output}" if metric.output else "")
    )


def metric_names(spec: LossSpec) -> str:
    """The exact metrics of a loss, in a cell."""
    names = dict.fromkeys(metric.name for metric in spec.pairs_with)
    return ", ".join(f"`{name}`" for name in names)


def signature(spec: LossSpec) -> str:
    """The call, without annotations."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in spec.signature.parameters.values()
    ]
    return f"{spec.name}{inspect.Signature(parameters)}"


def exceptions(spec: LossSpec) -> str:
    """The checks that a loss declares not to apply, with the reasons."""
    return "; ".join(f"{check} ({reason})" for check, reason in sorted(spec.exceptions.items()))


def verification(entry: CatalogEntry, spec: LossSpec, root: Path) -> str:
    """Golden values and checks in numbers, and where the golden values come from."""
    files = golden_files(entry, root)
    sources = "; ".join(dict.fromkeys(each.provenance.strip().rstrip(".") for each in files))
    return counts(entry, spec, root) + (f" (golden values: {sources})" if sources else "")


def counts(entry: CatalogEntry, spec: LossSpec, root: Path) -> str:
    """How many golden cases there are, and how many checks apply."""
    cases = sum(len(each.cases) for each in golden_files(entry, root))
    return f"{counted(cases, 'golden case')}, {counted(len(applicable(spec)), 'check')}"


@cache
def golden_files(entry: CatalogEntry, root: Path) -> tuple[Goldens, ...]:
    """The golden values of a loss."""
    folders = golden_folders(entry, root)
    return tuple(load_goldens(path) for folder in folders for path in find_goldens(folder, entry.name))


def golden_folders(entry: CatalogEntry, root: Path) -> Iterator[Path]:
    """Where the golden values of a loss of the wheel or of a pack are."""
    package = entry.package.import_name
    if package.startswith("lossary."):
        yield root / "tests/goldens"
    else:
        yield from root.glob(f"plugins/{package.replace('_', '-')}/tests/goldens")


def applicable(spec: LossSpec) -> list[str]:
    """The checks that test something of a loss, golden values among them."""
    return [
        name
        for name, check in table().items()
        if name not in spec.exceptions and (check.tests is None or check.tests in spec.properties)
    ]


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def papers_page(specs: Specs, root: Path, note: str) -> str:
    """One row for each paper of a loss, and one for each name that has its source in its docstring."""
    by_paper: dict[tuple[str, str], list[tuple[CatalogEntry, LossSpec]]] = {}
    for entry, spec in specs.items():
        by_paper.setdefault((spec.paper.url, spec.paper.title), []).append((entry, spec))
    rows = ["| paper | losses, and what they were verified against |", "|---|---|"]
    for group in sorted(by_paper.values(), key=lambda group: group[0][1].paper.title.casefold()):
        paper = group[0][1].paper
        found = [
            f"[{entry.name}](gallery/{entry.family}.md#{entry.name}): {counts(entry, spec, root)}"
            for entry, spec in group
        ]
        rows.append(f"| [{cell(paper.title)}]({paper.url}), {paper.short} | {'<br>'.join(found)} |")
    sources = ["| name | source |", "|---|---|"]
    for module in (metrics, numerics, training):
        sources += [f"| `{name}` | {cell(text)} |" for name, text in sourced(module)]
    intro = (
        f"The {counted(len(by_paper), 'paper')} of {counted(len(specs), 'loss', 'losses')}; "
        "`lossary list --paper WORDS` finds losses by words of a title, an author or an acronym. Where "
        "golden values come from, and which checks do not apply, the [gallery](gallery/README.md) says."
    )
    head = [f"<!-- {note} -->", "", "# Papers", "", intro, "", *rows, ""]
    rest = ["## Beside the losses", "", "What metrics, numerics and tools for training cite.", "", *sources]
    return "\n".join([*head, *rest, ""])


def sourced(module: ModuleType) -> Iterator[tuple[str, str]]:
    """The public names of a module that say where they come from, and what they say."""
    for name, value in sorted(public(module).items()):
        found = re.search(r"^Source:(.*(?:\n[ \t]+.*)*)", inspect.getdoc(value) or "", re.MULTILINE)
        if found:
            yield f"{module.__name__}.{name}", " ".join(found[1].split())


def public(module: ModuleType) -> dict[str, object]:
    """What a module offers; a package that offers nothing itself, what its modules define."""
    if hasattr(module, "__all__"):
        return {name: getattr(module, name) for name in module.__all__}
    found = {}
    for each in iter_modules(module.__path__, f"{module.__name__}."):
        for name, value in vars(import_module(each.name)).items():
            if not name.startswith("_") and getattr(value, "__module__", None) == each.name:
                found[f"{each.name.rpartition('.')[2]}.{name}"] = value
    return found


def cell(text: str) -> str:
    """Text that stays in its cell."""
    return text.replace("|", "&#124;")


def draw(specs: Specs, root: Path, *, missing_only: bool = False) -> Iterator[Path]:
    """Draw the picture of every loss, and remove those of no loss; yields the files that changed."""
    from matplotlib import rc_context  # the text pages are checked without it

    wanted = {root / GALLERY / entry.family / f"{entry.name}.svg": spec for entry, spec in specs.items()}
    fonts = {"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Verdana"]}
    with TemporaryDirectory() as folder, rc_context(fonts):
        drawn = Path(folder) / "drawn.svg"
        for path, spec in wanted.items():
            if missing_only and path.exists():
                continue
            save_plot(spec, drawn)
            picture = light(drawn.read_text(encoding="utf-8"))
            if not path.exists() or path.read_text(encoding="utf-8") != picture:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(picture, encoding="utf-8")
                yield path
    for path in sorted(set((root / GALLERY).glob("*/*.svg")) - set(wanted)):
        path.unlink()
        yield path


def light(svg: str) -> str:
    """An SVG without what nobody sees: who wrote it, names of groups, and less than a hundredth of a point.

    The last digits of a curve differ between processors; so the file stays when the picture does.
    """
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"-?\d+\.\d{2,}", _hundredths, tag[0]), svg)
    svg = re.sub(r'<g id="\w+(\.\w+)?">', "<g>", svg)
    svg = re.sub(r"<g>\s*(<use [^>]*/>)\s*</g>", r"\1", svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    return re.sub(r'style="[^"]*"', lambda style: style[0].replace("; ", ";").replace(": ", ":"), svg)


def _hundredths(number: re.Match[str]) -> str:
    return f"{round(float(number[0]), 2) + 0.0:.10g}"
