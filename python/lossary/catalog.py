"""`Catalog`: names -> losses. Listing reads file names; a loss file is imported when its loss is wanted."""

import os
from collections.abc import Collection, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any
from warnings import warn

from lossary.discovery import LossPackage, Origin, PluginProblem, discover, loss_package
from lossary.errors import (
    AmbiguousLossError,
    BrokenPluginError,
    DtypeError,
    InvalidInputError,
    PluginError,
    PluginWarning,
    UnknownLossError,
)
from lossary.extras import require
from lossary.naming import close_names, pascal_case

if TYPE_CHECKING:
    from torch import nn

    from lossary.authoring import LossSpec


@dataclass(frozen=True)
class CatalogEntry:
    """One loss as the listing knows it, without importing its file.

    Attributes:
        name: the registered name: stem of the file, name of the function.
        package: the package that holds the file.
    """

    name: str
    package: LossPackage

    @property
    def family(self) -> str:
        """The task that the loss is for: name of the plugin's entry point."""
        return self.package.family

    @property
    def qualified_name(self) -> str:
        """``family/name``, which works where the short name is ambiguous."""
        return f"{self.family}/{self.name}"

    @property
    def module(self) -> str:
        """Import path of the loss file."""
        return f"{self.package.import_name}.{self.name}"

    @property
    def distribution(self) -> str:
        """The distribution that brings the loss; empty for a package that was named directly."""
        return self.package.distribution

    @property
    def version(self) -> str:
        """Version of the distribution."""
        return self.package.version


@dataclass(frozen=True)
class Catalog:
    """The losses of some packages, by name.

    Attributes:
        packages: the packages.
        problems: plugins that did not load, and why.

    Example:
        >>> catalog = Catalog.from_packages(["lossary.losses.segmentation"])
        >>> catalog.tasks()
        ('segmentation',)
        >>> catalog.entry("dice").qualified_name
        'segmentation/dice'
    """

    packages: tuple[LossPackage, ...]
    problems: tuple[PluginProblem, ...] = ()

    @classmethod
    def installed(cls) -> "Catalog":
        """The losses of all installed plugins; found on the first call, the same object afterwards.

        The environment variable ``LOSSARY_PLUGINS`` names the plugins to load, by entry point or
        distribution, separated by commas; empty loads none. With ``LOSSARY_STRICT=1`` the first problem
        raises; otherwise problems are one PluginWarning.

        Raises:
            BrokenPluginError: under ``LOSSARY_STRICT=1``, a plugin has a problem.
        """
        if _discovering.get():
            raise PluginError(
                "lossary: got a call from a plugin that is being loaded; wanted it after the import"
            )
        with _lock:
            found_before = _installed.cache_info().currsize > 0
            catalog = _installed()
        if catalog.problems and not found_before:  # outside the lock: a warning may run the caller's own code
            text = "\n".join(f"  {problem}" for problem in catalog.problems)
            warn(
                f"{len(catalog.problems)} problem(s) with plugins; all others work:\n{text}",
                PluginWarning,
                stacklevel=3,
            )
        return catalog

    @classmethod
    def from_packages(cls, import_names: Iterable[str]) -> "Catalog":
        """The losses of these packages and no others: for tests of plugins.

        Args:
            import_names: packages in which every public module defines one loss. The family is the last
                part of the name, without the prefix ``lossary_``.

        Raises:
            BrokenPluginError: a package does not import; its exception is the cause.
        """
        packages: list[LossPackage] = []
        problems: list[PluginProblem] = []
        for name in import_names:
            origin = Origin(plugin=name.rpartition(".")[2].removeprefix("lossary_"))
            try:
                packages.append(loss_package(name, origin, problems))
            except Exception as error:
                raise BrokenPluginError(
                    f"import_names: got {name!r}, which does not import ({error}); wanted installed packages"
                ) from error
        return cls(tuple(packages), tuple(problems))

    def tasks(self) -> tuple[str, ...]:
        """The families, sorted."""
        return tuple(sorted({package.family for package in self.packages}))

    def entries(self, task: str | None = None) -> tuple[CatalogEntry, ...]:
        """The losses of one family or of all, sorted by name; imports none of them.

        Raises:
            InvalidInputError: no plugin has this family.
            BrokenPluginError: the plugin of this family did not load.
        """
        if task is None:
            return self._entries
        if task not in self.tasks():
            self._raise_broken("task", task)
            raise InvalidInputError(f"task: got {task!r}; wanted one of {', '.join(self.tasks()) or 'none'}")
        return tuple(entry for entry in self._entries if entry.family == task)

    def names(self, task: str | None = None) -> tuple[str, ...]:
        """Names of the losses of one family or of all, sorted; an ambiguous name in its qualified forms.

        Raises:
            InvalidInputError: no plugin has this family.
            BrokenPluginError: the plugin of this family did not load.
        """
        return tuple(
            sorted(
                {
                    entry.name if _is_one(self._matching(entry.name)) else entry.qualified_name
                    for entry in self.entries(task)
                }
            )
        )

    def find(self, words: str, task: str | None = None) -> tuple[tuple[CatalogEntry, "LossSpec"], ...]:
        """The losses whose paper, name or aliases have all these words, as `LossSpec.is_found_by` says.

        Imports every loss of the family; what does not load is left out, with a PluginWarning.

        Raises:
            InvalidInputError: there is no word, or no plugin has this family.
            BrokenPluginError: the plugin of this family did not load.
            MissingExtraError: torch is not installed.
        """
        if not any(map(str.isalnum, words)):
            raise InvalidInputError(f"words: got {words!r}; wanted words of a paper")
        for module in ("torch", "jaxtyping"):
            require(module, extra="torch", purpose="a search of papers")
        found, broken = [], []
        for entry in self.entries(task):
            try:
                spec = load(entry)
            except BrokenPluginError as error:
                broken.append(str(error))
                continue
            if spec.is_found_by(words):
                found.append((entry, spec))
        if broken:
            warn(f"not searched: {'; '.join(broken)}", PluginWarning, stacklevel=2)
        return tuple(found)

    def entry(self, name: str) -> CatalogEntry:
        """The entry of a loss, by ``name`` or ``family/name``; imports no loss file and so knows no alias.

        Raises:
            UnknownLossError: no loss has this name.
            AmbiguousLossError: several have; the message lists the qualified names.
            BrokenPluginError: the plugin that the name asks for did not load.
        """
        return self._one(name, self._matching(name))

    def get(self, name: str) -> "LossSpec":
        """The loss of this name, ``family/name`` or alias; imports its file.

        Raises:
            UnknownLossError: no loss has this name.
            AmbiguousLossError: several have; the message lists the qualified names.
            BrokenPluginError: the plugin or the file does not load; its exception is the cause.
            MissingExtraError: torch is not installed.
        """
        return self._get(name, purpose="lossary.get")

    def create(self, name: str, /, **options: Any) -> "nn.Module":
        """The module of a loss, with these options.

        Raises:
            UnknownLossError: no loss has this name.
            AmbiguousLossError: several have; the message lists the qualified names.
            BrokenPluginError: the plugin or the file does not load; its exception is the cause.
            MissingExtraError: torch is not installed.
            TypeError: the loss has no such option.
        """
        return self._get(name, purpose="lossary.create").module(**options)

    def _get(self, name: str, *, purpose: str) -> "LossSpec":
        for module in ("torch", "jaxtyping"):
            require(module, extra="torch", purpose=purpose)
        if entries := self._matching(name):
            return load(self._one(name, entries))
        aliases, broken = self._aliases
        return load(self._one(name, aliases.get(name, []), aliases=aliases, broken=broken))

    @cached_property
    def _entries(self) -> tuple[CatalogEntry, ...]:
        entries = (CatalogEntry(name, package) for package in self.packages for name in package.losses)
        return tuple(sorted(entries, key=lambda entry: (entry.name, entry.family, entry.module)))

    @cached_property
    def _by_name(self) -> dict[str, list[CatalogEntry]]:
        found: dict[str, list[CatalogEntry]] = {}
        for entry in self._entries:
            for name in (entry.name, entry.qualified_name):
                found.setdefault(name, []).append(entry)
        return found

    @cached_property
    def _aliases(self) -> tuple[dict[str, list[CatalogEntry]], tuple[str, ...]]:
        """Aliases, and the losses that do not load; aliases live in the files, so this imports them all."""
        found: dict[str, list[CatalogEntry]] = {}
        broken = []
        for entry in self._entries:
            try:
                aliases = load(entry).aliases
            except BrokenPluginError:
                broken.append(entry.qualified_name)
                continue
            for alias in aliases:
                found.setdefault(alias, []).append(entry)
        return found, tuple(broken)

    def _matching(self, name: str) -> list[CatalogEntry]:
        if not isinstance(name, str):
            raise DtypeError(f"name: got {type(name).__name__}; wanted a str")
        return self._by_name.get(name, [])

    def _one(
        self,
        name: str,
        entries: list[CatalogEntry],
        *,
        aliases: Iterable[str] = (),
        broken: tuple[str, ...] = (),
    ) -> CatalogEntry:
        if _is_one(entries):
            return entries[0]
        if entries:
            owners = ", ".join(f"{entry.qualified_name} ({entry.module})" for entry in entries)
            raise AmbiguousLossError(
                f"name: got {name!r}; wanted one of {owners}, or an import of its module"
            )
        family, slash, _ = name.partition("/")
        if slash:
            self._raise_broken("name", family)
        close = close_names(name, [*self._by_name, *aliases])
        text = f"name: got {name!r}; wanted {close or 'one that `lossary list` shows'}"
        suspects = sorted({problem.plugin for problem in self.problems} | set(broken))
        if suspects:
            text += f". It might be in what does not load: {', '.join(suspects)}; see lossary.problems()"
        raise UnknownLossError(text)

    def _raise_broken(self, argument: str, family: str) -> None:
        for problem in self.problems:
            if problem.plugin == family and problem.stage in {"import", "register", "hook", "package"}:
                raise problem.broken(argument)


def load(entry: CatalogEntry) -> "LossSpec":
    """Import a loss file and check that it keeps the naming rule.

    Raises:
        BrokenPluginError: it does not import, or it breaks the rule; the exception is the cause.
    """
    from lossary.authoring import LossSpec

    try:
        file = import_module(entry.module)
        spec = getattr(file, "LOSS", None)
        if not isinstance(spec, LossSpec):
            raise InvalidInputError(f"LOSS: got {type(spec).__name__}; wanted a LossSpec")
        for kind, value, name in (
            ("function", spec.function, entry.name),
            ("module", spec.module, pascal_case(entry.name)),
        ):
            if value.__name__ != name or getattr(file, name, None) is not value:
                raise InvalidInputError(f"LOSS.{kind}: got {value.__name__}; wanted the file's own {name}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise entry.package.problem("load", error).broken(entry.qualified_name) from error
    return spec


def names(*, task: str | None = None) -> tuple[str, ...]:
    """Names of the installed losses; see `Catalog.names`."""
    return Catalog.installed().names(task)


def get(name: str) -> "LossSpec":
    """An installed loss by name, ``family/name`` or alias; see `Catalog.get`."""
    return Catalog.installed().get(name)


def create(name: str, /, **options: Any) -> "nn.Module":
    """The module of an installed loss, with these options; see `Catalog.create`."""
    return Catalog.installed().create(name, **options)


def problems() -> tuple[PluginProblem, ...]:
    """Installed plugins that did not load, and why."""
    return Catalog.installed().problems


_lock = Lock()
_discovering = ContextVar("_discovering", default=False)


@cache
def _installed() -> Catalog:
    token = _discovering.set(True)
    try:
        packages, problems = discover(_selection(), strict=_is_strict())
    finally:
        _discovering.reset(token)
    return Catalog(packages, problems)


def _is_one(entries: list[CatalogEntry]) -> bool:
    """Whether entries mean one loss: a package listed by two plugins is one."""
    return len({entry.module for entry in entries}) == 1


def _selection() -> Collection[str] | None:
    text = os.environ.get("LOSSARY_PLUGINS")
    return None if text is None else [item.strip() for item in text.split(",") if item.strip()]


def _is_strict() -> bool:
    return os.environ.get("LOSSARY_STRICT", "") not in {"", "0"}
