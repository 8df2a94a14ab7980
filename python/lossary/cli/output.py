"""What the sub-commands share: formats, progress, and errors in the words of the command line."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from lossary.errors import LossaryError
from lossary.extras import require

# Columns of a file or pipe, which has no edge.
UNWRAPPED = 250


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


@contextmanager
def progress() -> Iterator[Callable[[str], Callable[[float], None]]]:
    """Bars on stderr, gone when done; nothing where it is no terminal."""
    library: Any = require("rich.progress", extra="eval", purpose="drawing progress")
    console = require("rich.console", extra="eval", purpose="drawing progress").Console(stderr=True)
    if not console.is_terminal:
        yield lambda _description: lambda _share: None
        return
    with library.Progress(console=console, transient=True) as bars:

        def task(description: str) -> Callable[[float], None]:
            bar = bars.add_task(description, total=1.0, start=False)

            def advance(share: float) -> None:
                bars.start_task(bar)
                bars.update(bar, completed=share)

            return advance

        yield task


def in_words_of_the_command_line(error: LossaryError, options: Mapping[str, str]) -> LossaryError:
    """The same error, where arguments of the library have the names of the command's options."""
    # the argument that a message starts with, and its advice; columns and labels may have the same names
    pattern = r"^\w+(?=:)|(?<=\()pos_label(?=\)$)"
    return type(error)(re.sub(pattern, lambda found: options.get(found[0], found[0]), str(error)))
