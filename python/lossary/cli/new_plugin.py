"""``lossary new-plugin``: write a plugin that works, from the template that lossary tests itself."""

import keyword
import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from lossary.catalog import Catalog
from lossary.errors import InvalidInputError, LossaryError
from lossary.naming import pascal_case

TEMPLATE = Path(__file__).with_name("template")


def new_plugin(
    name: Annotated[str, typer.Argument(help="Name of the family, such as astronomy.")],
    *,
    directory: Annotated[Path, typer.Option(help="Where to write the folder lossary-NAME.")] = Path(),
    loss: Annotated[str | None, typer.Option(help="Name of the first loss; NAME_example without it.")] = None,
) -> None:
    """Write a new plugin: a package of losses with its tests, ready to install.

    The folder lossary-NAME holds one working loss, which passes every check of lossary.conformance.
    Put your own formula in its place.
    """
    family = _identifier("NAME", re.sub(r"^lossary[-_]", "", name))
    loss_name = _identifier("--loss", f"{family}_example" if loss is None else loss)
    distribution = f"lossary-{family.replace('_', '-')}"
    target = directory / distribution
    files = _filled(
        {
            'example = "lossary_example"': f'{family} = "lossary_{family}"',
            "lossary-example": distribution,
            "lossary_example": f"lossary_{family}",
            "modified_huber": loss_name,
            "ModifiedHuber": pascal_case(loss_name),
        }
    )
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InvalidInputError(
            f"--directory: got {directory}, where {distribution} exists already; "
            "wanted a new or an empty folder"
        )
    _warn_of_clashes(family, loss_name)
    for path, text in files.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
    typer.echo(f"Wrote {target} with the loss {loss_name}. Next:\n")
    typer.echo(f"  cd {shlex.quote(str(target))}\n  pip install -e . pytest\n  pytest")


def _identifier(argument: str, text: str) -> str:
    wanted = "lower-case letters, digits and - or _ between them, starting with a letter"
    name = text.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise InvalidInputError(f"{argument}: got {text!r}; wanted {wanted}")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise InvalidInputError(f"{argument}: got {text!r}, a keyword of Python; wanted another name")
    return name


def _filled(names: dict[str, str]) -> dict[Path, str]:
    """The template's files by relative path, with its names replaced in both."""
    pattern = re.compile("|".join(map(re.escape, names)))

    def fill(text: str) -> str:
        return pattern.sub(lambda found: names[found[0]], text)

    sources = {path.relative_to(TEMPLATE): path for path in sorted(TEMPLATE.rglob("*")) if path.is_file()}
    texts = {
        relative: path.read_text(encoding="utf-8")
        for relative, path in sources.items()
        if not any(part.startswith((".", "__pycache__")) for part in relative.parts)
    }
    if not texts:
        raise LossaryError(f"template: nothing at {TEMPLATE}; wanted its files: install lossary again")
    for taken in (names["modified_huber"], names["ModifiedHuber"]):
        if any(path.suffix == ".py" and re.search(rf"\b{taken}\b", text) for path, text in texts.items()):
            raise InvalidInputError(
                f"--loss: got {names['modified_huber']!r}, but {taken} means something else in the file of "
                "a loss; wanted another name"
            )
    return {Path(fill(relative.as_posix())): fill(text) for relative, text in texts.items()}


def _warn_of_clashes(family: str, loss: str) -> None:
    catalog = Catalog.installed()
    losses = {entry.name for entry in catalog.entries()}
    for kind, name, taken in (("family", family, catalog.tasks()), ("loss", loss, losses)):
        if name in taken:
            typer.echo(
                f"lossary: warning: an installed plugin has a {kind} {name!r} already; consider another name",
                err=True,
            )
