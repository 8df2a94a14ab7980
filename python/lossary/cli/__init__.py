"""The ``lossary`` command: `main` is its entry point; a sub-command is a module, imported when asked for."""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, TextIO

from lossary import __version__
from lossary.errors import LossaryError
from lossary.extras import require


@dataclass(frozen=True)
class Command:
    """A sub-command: its function, in a module of the same name, and its line in the list of commands."""

    function: str
    summary: str

    def load(self) -> Callable[..., None]:
        """Import the function; its parameters are the command's options."""
        module = import_module(f"lossary.cli.{self.function}")
        function: Callable[..., None] = getattr(module, self.function)
        return function


COMMANDS = {
    "eval": Command("eval_file", "Score the predictions in a file, with intervals."),
    "rank": Command("rank", "Rank items by the matches or rankings in a file, with intervals."),
    "list": Command("list_losses", "List the installed losses."),
    "show": Command("show", "Show what is known about one loss."),
    "verify": Command("verify", "Run the conformance checks of one loss, or of every installed one."),
    "new-plugin": Command(
        "new_plugin", "Write a new plugin: a package of losses with its tests, ready to install."
    ),
    "doctor": Command("doctor", "Report what is installed, and what does not load."),
}
"""The sub-commands. A summary is the first line of the function's docstring, copied so that the list of
commands needs no import; a test compares them."""

FAILURE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: words after ``lossary``; None takes those of the process.

    Returns:
        The exit status: 0, what the sub-command asked for, 2 after an error (told in one line), or 130
        after an interrupt.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            _print_what_the_encoding_lacks()
            status = _run(words)
        if sys.stdout is not None:  # None: the process was started without one
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("LOSSARY_DEBUG", "") not in ("", "0"):
            raise
        return _failure(error)
    return status


def _run(words: list[str]) -> int:
    typer: Any = require("typer", extra="eval", purpose="the command line")
    application = typer.Typer(add_completion=False, rich_markup_mode=None)

    def lossary(
        *,
        version: Annotated[
            bool,
            typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
        ] = False,
    ) -> None:
        """Exact metrics, the losses that train for them, and plugins for both."""

    application.callback()(lossary)
    wanted = next((word for word in words if not word.startswith("-")), None)
    for name, command in COMMANDS.items():
        # only the command that runs is imported; the others lend their names and summaries to the list
        function = command.load() if name == wanted else _listed
        application.command(name, short_help=command.summary)(function)
    try:
        status = typer.main.get_command(application).main(
            words or ["--help"], prog_name="lossary", standalone_mode=False
        )
    except typer.Abort:
        return INTERRUPTED
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    return status if isinstance(status, int) else 0


def _listed() -> None:
    raise AssertionError("a command that is only listed does not run")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    if wanted:
        print(f"lossary {__version__}")
        raise SystemExit(0)


def _failure(error: Exception) -> int:
    if isinstance(error, LossaryError):
        text = str(error)
    elif hasattr(error, "format_message"):  # how typer, old and new, words a mistake in the arguments
        text = error.format_message()
    elif isinstance(error, OSError):
        place = f": {error.filename}" if error.filename is not None else ""
        text = f"{error.strerror or error}{place}"
    else:
        text = f"{type(error).__name__}: {error} (unexpected; LOSSARY_DEBUG=1 shows the traceback)"
    _tell(text)
    return FAILURE


def _tell(text: str) -> None:
    """One line on stderr; without one, print would turn to stdout."""
    if sys.stderr is not None:
        print(f"lossary: {' '.join(text.split())}", file=sys.stderr)


def _print_what_the_encoding_lacks() -> None:
    """Escape what stdout cannot encode, as Python does on stderr, instead of stopping halfway."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001 - the signature of warnings.showwarning
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    _tell(f"warning: {message}")
