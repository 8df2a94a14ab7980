"""What the sub-commands share about printing."""

from enum import StrEnum


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
