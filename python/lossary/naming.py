"""How a loss is named: one file, one function of the file's name, one class in PascalCase."""

from collections.abc import Iterable
from pkgutil import iter_modules


def pascal_case(name: str) -> str:
    """``multi_similarity`` -> ``MultiSimilarity``: how a module is named after its function."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def loss_names(path: Iterable[str]) -> tuple[str, ...]:
    """Names of the losses in the folders of a package, sorted: its public modules. Imports none of them.

    Args:
        path: the package's ``__path__``.
    """
    modules = iter_modules(path)
    return tuple(sorted(info.name for info in modules if not info.ispkg and not info.name.startswith("_")))


def close_names(name: str, known: Iterable[str]) -> str:
    """Names that ``name`` might be a slip of, as "dice or Dice"; empty without any."""
    from difflib import get_close_matches  # slow to import, so not before it is needed

    known = list(known)
    close = get_close_matches(name.lower(), {candidate.lower() for candidate in known}, n=3)
    return " or ".join(candidate for match in close for candidate in known if candidate.lower() == match)
