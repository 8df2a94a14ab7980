"""The losses of the wheel, by family, and flat: ``from lossary.losses import dice, Dice``.

Nothing is imported before it is asked for. Losses of other plugins are not here; `lossary.get` finds them.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from lossary.extras import require
from lossary.naming import close_names, loss_names, pascal_case


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"{__name__} has no {name!r}")
    if name in _families():
        return import_module(f"{__name__}.{name}")
    if name not in _homes():
        close = close_names(name, [*_families(), *_homes()]) or "nothing like it"
        raise AttributeError(f"{__name__} has no {name!r}; it has {close}")
    require("torch", extra="torch", purpose=f"{__name__}.{name}")
    value = globals()[name] = getattr(import_module(_homes()[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_families(), *_homes()})


@cache
def _families() -> tuple[str, ...]:
    return tuple(info.name for info in iter_modules(__path__) if info.ispkg)


@cache
def _homes() -> dict[str, str]:
    """Function or class -> the loss file that defines it; from file names."""
    homes = {}
    for family in _families():
        for loss in loss_names(import_module(f"{__name__}.{family}").__path__):
            homes[loss] = homes[pascal_case(loss)] = f"{__name__}.{family}.{loss}"
    return homes
