"""Entry points -> loss packages, with one report for each plugin that did not load.

Every plugin is imported, registered and asked with a pluggy manager of its own, so that one that fails harms
nobody and nothing stays half registered. No loss file is imported here: names come from file names.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from keyword import iskeyword
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lossary._kernels import __version__
from lossary.errors import BrokenPluginError, InvalidInputError
from lossary.naming import loss_names

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "lossary"

Stage = Literal["entry point", "import", "register", "hook", "package", "name", "load"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a plugin comes from.

    Attributes:
        plugin: name of the entry point, which is the family of its losses.
        distribution: what ``pip`` calls it; empty for a package that was named directly.
        version: version of the distribution.
        requires: the requirement on lossary in the distribution's metadata; empty when it has none.
    """

    plugin: str
    distribution: str = ""
    version: str = ""
    requires: str = ""

    def __str__(self) -> str:
        if not self.distribution:
            return self.plugin
        wants = f", made for {self.requires}; this lossary is {_age(self.requires)}" if self.requires else ""
        return f"{self.plugin} ({self.distribution} {self.version}{wants})"


@dataclass(frozen=True, kw_only=True)
class PluginProblem(Origin):
    """One thing that is wrong with one plugin; ``str`` tells it in one line.

    Attributes:
        stage: how far the plugin came.
        error: what it raised, with its traceback.
    """

    stage: Stage
    error: BaseException

    def __str__(self) -> str:
        from traceback import format_exception_only  # it survives an error whose own text raises

        reason = " ".join("".join(format_exception_only(self.error)).split())
        return f"{super().__str__()}: {self.stage}: {reason}"

    def broken(self, argument: str) -> BrokenPluginError:
        """The error to raise for this problem, with the plugin's own exception as its cause.

        Args:
            argument: what asked for the plugin.
        """
        error = BrokenPluginError(f"{argument}: got plugin {self}; wanted one that loads")
        error.__cause__ = self.error
        return error


@dataclass(frozen=True, kw_only=True)
class LossPackage(Origin):
    """A package in which every public module defines one loss.

    Attributes:
        import_name: what to import.
        losses: names of its losses, sorted.
        seconds: time that it took to load; a plugin's own time counts with its first package.
    """

    import_name: str
    losses: tuple[str, ...]
    seconds: float = 0.0

    @property
    def family(self) -> str:
        """The family of the losses: the name of the entry point."""
        return self.plugin

    def problem(self, stage: Stage, error: BaseException) -> PluginProblem:
        """A problem with this package."""
        return _problem(self, stage, error)


class Discovery(NamedTuple):
    """What `discover` found."""

    packages: tuple[LossPackage, ...]
    problems: tuple[PluginProblem, ...]


@dataclass(frozen=True, kw_only=True)
class _Plugin(Origin):
    entry: "EntryPoint"

    @property
    def answers_to(self) -> set[str]:
        """What LOSSARY_PLUGINS may call it."""
        return {self.plugin, _normalised(self.distribution)}


def discover(select: Collection[str] | None = None, *, strict: bool = False) -> Discovery:
    """Load the plugins that are installed.

    Args:
        select: names of entry points or distributions to load; None loads all.
        strict: raise the first problem instead of reporting it.

    Returns:
        The loss packages, sorted by family, and the problems.

    Raises:
        BrokenPluginError: ``strict``, and a plugin has a problem, which is the cause.
    """
    problems: list[PluginProblem] = []
    packages: list[LossPackage] = []
    for plugin in _selected(_installed(problems), select, problems):
        packages += _load(plugin, problems)
    if strict and problems:
        raise problems[0].broken("LOSSARY_STRICT")
    return Discovery(tuple(packages), tuple(problems))


def loss_package(import_name: str, origin: Origin, problems: list[PluginProblem]) -> LossPackage:
    """Import a package and list its losses.

    Args:
        import_name: what to import.
        origin: the plugin that named it.
        problems: receives the files that cannot be a loss; the package is without them.

    Raises:
        InvalidInputError: ``import_name`` is a module, not a package.
    """
    path = getattr(import_module(import_name), "__path__", None)
    if path is None:
        raise InvalidInputError(f"{import_name}: got a module; wanted a package, whose modules are losses")
    names = []
    for name in loss_names(path):
        if name.isidentifier() and not iskeyword(name):
            names.append(name)
        else:
            error = InvalidInputError(f"{import_name}: got the file {name}.py; wanted a Python identifier")
            problems.append(_problem(origin, "name", error))
    return LossPackage(import_name=import_name, losses=tuple(names), **_fields(origin))


def _installed(problems: list[PluginProblem]) -> list[_Plugin]:
    """The plugins by name, from the metadata alone; entries that say the same are one plugin."""
    from importlib import metadata  # slow to import, so not before it is needed

    plugins: dict[tuple[str, str], _Plugin] = {}
    seen: set[str] = set()
    for distribution in metadata.distributions():
        location = Origin(plugin=str(getattr(distribution, "_path", "unreadable metadata")))
        with _reporting(location, "entry point", problems):
            if f"[{GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
                continue
            name = _normalised(distribution.name)
            if name in seen:  # shadowed by a distribution earlier on the path, as for an import
                continue
            seen.add(name)
            requires = _requirement(distribution.requires or [])
            for entry in distribution.entry_points.select(group=GROUP):
                plugin = _Plugin(
                    plugin=entry.name,
                    distribution=distribution.name,
                    version=distribution.version,
                    requires=requires,
                    entry=entry,
                )
                plugins.setdefault((entry.name, entry.value), plugin)
    return [plugins[key] for key in sorted(plugins)]


def _selected(
    plugins: list[_Plugin], select: Collection[str] | None, problems: list[PluginProblem]
) -> list[_Plugin]:
    if select is not None:
        known = {name for plugin in plugins for name in plugin.answers_to}
        for item in select:
            if known.isdisjoint({item, _normalised(item)}):
                listed = ", ".join(sorted(known)) or "nothing: no plugin is installed"
                error = InvalidInputError(f"LOSSARY_PLUGINS: got {item!r}; wanted one of {listed}")
                problems.append(PluginProblem(plugin=item, stage="entry point", error=error))
        wanted = {*select, *map(_normalised, select)}
        plugins = [plugin for plugin in plugins if not wanted.isdisjoint(plugin.answers_to)]
    for first, second in pairwise(plugins):
        if first.plugin == second.plugin:
            error = InvalidInputError(
                f"entry point: got {first.plugin!r} from {first.distribution} ({first.entry.value}) and from "
                f"{second.distribution} ({second.entry.value}); wanted one family of that name"
            )
            problems.append(_problem(second, "entry point", error))
    return plugins


def _load(plugin: _Plugin, problems: list[PluginProblem]) -> list[LossPackage]:
    packages: list[LossPackage] = []
    with _reporting(plugin, "name", problems):
        if not re.fullmatch(r"[\w.-]+", plugin.plugin):
            raise InvalidInputError(
                f"entry point: got {plugin.plugin!r}; wanted letters, digits, '_', '-' or '.'"
            )
        start = perf_counter()
        with _reporting(plugin, "import", problems):
            target = plugin.entry.load()
            with _reporting(plugin, "register", problems):
                for answer in _ask(plugin, target, problems):
                    with _reporting(plugin, "package", problems):
                        package = loss_package(answer, plugin, problems)
                        packages.append(replace(package, seconds=perf_counter() - start))
                        start = perf_counter()
    return packages


def _ask(plugin: _Plugin, target: Any, problems: list[PluginProblem]) -> list[str]:
    """Call each hook of a plugin on its own."""
    import pluggy

    from lossary import plugin as hooks

    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    manager.register(target, name=plugin.plugin)
    manager.check_pending()  # finds misspelt hooks, which pluggy would never call
    answers: list[str] = []
    implementations = manager.hook.lossary_loss_packages.get_hookimpls()
    with _reporting(plugin, "hook", problems):
        if not implementations:
            raise InvalidInputError(
                f"{plugin.entry.value}: got no hook; wanted lossary_loss_packages with @hookimpl"
            )
    for implementation in implementations:
        with _reporting(plugin, "hook", problems):
            answer: Any = implementation.function()
            if not isinstance(answer, list | tuple) or not all(isinstance(name, str) for name in answer):
                raise InvalidInputError(
                    f"lossary_loss_packages: got {answer!r:.80}; wanted a list of import names"
                )
            answers += answer
    return answers


@contextmanager
def _reporting(origin: Origin, stage: Stage, problems: list[PluginProblem]) -> Iterator[None]:
    """Turn what a plugin raises, SystemExit included, into a problem."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        problems.append(_problem(origin, stage, error))


def _problem(origin: Origin, stage: Stage, error: BaseException) -> PluginProblem:
    return PluginProblem(stage=stage, error=error, **_fields(origin))


def _fields(origin: Origin) -> dict[str, Any]:
    return {name: getattr(origin, name) for name in ("plugin", "distribution", "version", "requires")}


def _normalised(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _requirement(requirements: list[str]) -> str:
    """The requirement on lossary, without extras and markers."""
    for requirement in requirements:
        found = re.match(r"lossary(?![\w.-])\s*(?:\[[^]]*\])?\s*\(?([^;)]*)", requirement, re.IGNORECASE)
        if found and not re.search(r"\bextra\s*==", requirement):
            return f"lossary{found[1].strip()}"
    return ""


def _age(requires: str) -> str:
    """This lossary's version, and on which side of a requirement it is when it does not meet it."""
    here = _release(__version__)
    for operator, version in re.findall(r"(>=|<=|==|~=|>|<)\s*(\d[\w.]*)", requires):
        wanted = _release(version)
        if (operator in {">=", "==", "~="} and here < wanted) or (operator == ">" and here <= wanted):
            return f"{__version__}, which is older"
        if (operator in {"<=", "=="} and here[: len(wanted)] > wanted) or (
            operator == "<" and here >= wanted
        ):
            return f"{__version__}, which is newer"
    return __version__


def _release(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d+", re.split(r"[^\d.]", version)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
