"""Columns of files, read in batches: CSV, JSON lines, Parquet, Arrow and NumPy archives.

Only the named columns are read, and they keep their own dtype. Memory is those columns; JSON lines, which
name them in every row, are read whole. Rows are counted from 1 in messages, the header of a CSV file left
out.
"""

import difflib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.evaluation.labels import Categories
from lossary.extras import require

Advance = Callable[[float], Any]
BATCH_ROWS = 1 << 17


@dataclass(frozen=True)
class Columns:
    """Which columns to read.

    Attributes:
        numbers: columns that must hold finite numbers.
        labels: columns that may hold anything that names a class or a group.
    """

    numbers: tuple[str, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        repeated = [name for name in self.names if self.names.count(name) > 1]
        if repeated:
            raise InvalidInputError(f"column: got {repeated[0]!r} for two purposes; wanted one for each")

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return self.numbers + self.labels

    def check_present(self, path: Path, present: Sequence[str]) -> None:
        """Raise InvalidInputError unless each column is there exactly once."""
        for name in self.names:
            if present.count(name) > 1:
                raise InvalidInputError(
                    f"column: got {present.count(name)} columns {name!r} in {path}; wanted one"
                )
            if name not in present:
                close = difflib.get_close_matches(name, present, n=3, cutoff=0.5) or present[:10]
                shown = ", ".join(map(repr, close))  # quoted: spaces around a name are part of it
                raise InvalidInputError(
                    f"column: got {name!r}, which {path} does not have; wanted one such as {shown}"
                )


def read_columns(
    path: Path, columns: Columns, *, advance: Advance | None = None
) -> dict[str, NDArray[Any] | Categories]:
    """Read the named columns of a file.

    Args:
        path: a file; its ending says the format (see `FORMATS`).
        columns: what to read.
        advance: called with the share that is read.

    Returns:
        Each column by name: an array in the file's dtype, or categories where it holds text.

    Raises:
        InvalidInputError: no such file, a file of another format, a column that is not there, a value that
            is missing or not finite, or no rows.
        DtypeError: a column of a type that cannot be used.
        MissingExtraError: pyarrow is not installed.
    """
    if not path.exists():
        raise InvalidInputError(f"file: got {str(path)!r}, which does not exist; wanted a file")
    if not path.is_file():
        kind = "a directory" if path.is_dir() else "not a regular file"
        raise InvalidInputError(f"file: got {str(path)!r}, which is {kind}; wanted a file")
    endings = [ending for ending in FORMATS if path.name.lower().endswith(ending)]
    if not endings:
        raise InvalidInputError(f"file: got {path.name!r}; wanted a name that ends in {', '.join(FORMATS)}")
    format_name, read = FORMATS[endings[0]]
    with _errors_of(path, format_name):
        gathered = read(path, columns, advance or (lambda _share: None))
    if not len(next(iter(gathered.values()))):
        raise InvalidInputError(f"file: got no rows in {path}; wanted at least one")
    return gathered


def _read_csv(path: Path, columns: Columns, advance: Advance) -> dict[str, NDArray[Any] | Categories]:
    arrow, csv = _pyarrow("csv")
    parse = csv.ParseOptions(newlines_in_values=True)  # else a quoted one is an error where a block ends
    with _csv_stream(path) as (_, stream):
        columns.check_present(path, csv.open_csv(stream, parse_options=parse).schema.names)
    # text of labels stays text: "1" and "1.0" are told apart, or not, by what reads them; and the types
    # that a first block suggests (0 and 1) would refuse what comes later (0.5)
    types = {name: arrow.float64() for name in columns.numbers}
    types |= {name: arrow.dictionary(arrow.int32(), arrow.string()) for name in columns.labels}
    options = csv.ConvertOptions(include_columns=list(columns.names), column_types=types)
    with _csv_stream(path) as (raw, stream):
        batches = csv.open_csv(stream, parse_options=parse, convert_options=options)
        return _gather(columns, batches, lambda _batch: advance(raw.tell() / raw.size()))


@contextmanager
def _csv_stream(path: Path) -> Iterator[tuple[Any, Any]]:
    """The bytes on disk, and the text that they hold."""
    arrow, _ = _pyarrow("csv")
    with arrow.OSFile(str(path)) as raw:
        if path.name.lower().endswith(".gz"):
            with arrow.CompressedInputStream(raw, "gzip") as stream:
                yield raw, stream
        else:
            yield raw, raw


def _read_json(path: Path, columns: Columns, advance: Advance) -> dict[str, NDArray[Any] | Categories]:
    _, json = _pyarrow("json")
    table = json.read_json(str(path))
    columns.check_present(path, table.column_names)
    found = _gather(columns, table.select(list(columns.names)).to_batches(), lambda _batch: None)
    advance(1.0)
    return found


def _read_parquet(path: Path, columns: Columns, advance: Advance) -> dict[str, NDArray[Any] | Categories]:
    _, parquet = _pyarrow("parquet")
    with parquet.ParquetFile(str(path)) as file:
        columns.check_present(path, file.schema_arrow.names)
        total, seen = file.metadata.num_rows, 0

        def count(batch: Any) -> None:
            nonlocal seen
            seen += batch.num_rows
            advance(seen / total)

        return _gather(columns, file.iter_batches(BATCH_ROWS, columns=list(columns.names)), count)


def _read_ipc(path: Path, columns: Columns, advance: Advance) -> dict[str, NDArray[Any] | Categories]:
    arrow, ipc = _pyarrow("ipc")
    with arrow.OSFile(str(path)) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        open_reader = ipc.open_file if is_file else ipc.open_stream
        with open_reader(source) as reader:
            names = reader.schema.names
        columns.check_present(path, names)
        source.seek(0)
        options = ipc.IpcReadOptions(included_fields=[names.index(name) for name in columns.names])
        with open_reader(source, options=options) as reader:
            if not is_file:
                return _gather(columns, reader, lambda _batch: advance(source.tell() / source.size()))
            total, done = reader.num_record_batches, iter(range(1, reader.num_record_batches + 1))
            batches = map(reader.get_batch, range(total))
            return _gather(columns, batches, lambda _batch: advance(next(done) / total))


def _read_npz(path: Path, columns: Columns, advance: Advance) -> dict[str, NDArray[Any] | Categories]:
    gathered: dict[str, NDArray[Any] | Categories] = {}
    with path.open("rb") as file:  # NumPy leaves its own handle open when the archive is damaged
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise InvalidInputError(f"file: got a single array in {path}; wanted an archive of named arrays")
        columns.check_present(path, archive.files)
        for done, name in enumerate(columns.names, start=1):
            array = archive[name]
            if not isinstance(array, np.ndarray):
                raise InvalidInputError(f"column: got {name!r}, which is no array in {path}; wanted an array")
            if array.ndim != 1:
                raise ShapeError(f"column: got shape {array.shape} of {name!r}; wanted one axis")
            allowed = "fiub" if name in columns.numbers else "fiubU"
            if array.dtype.kind not in allowed:
                raise _wrong_type(name, array.dtype, columns)
            if array.dtype.kind == "U" and (empty := array == "").any():
                raise _missing(name, int(empty.argmax()))
            _check_finite(name, array, 0)
            gathered[name] = array
            advance(done / len(columns.names))
    lengths = {name: len(array) for name, array in gathered.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ShapeError(f"column: got the lengths {shown}; wanted one length")
    return gathered


FORMATS = {
    ".csv": ("CSV", _read_csv),
    ".csv.gz": ("compressed CSV", _read_csv),
    ".jsonl": ("JSON lines", _read_json),
    ".ndjson": ("JSON lines", _read_json),
    ".parquet": ("Parquet", _read_parquet),
    ".arrow": ("Arrow IPC", _read_ipc),
    ".arrows": ("Arrow IPC", _read_ipc),
    ".feather": ("Feather", _read_ipc),
    ".npz": ("NumPy archive", _read_npz),
}
"""Endings of file names, the format of each and its reader."""


def _gather(
    columns: Columns, batches: Iterable[Any], seen: Callable[[Any], None]
) -> dict[str, NDArray[Any] | Categories]:
    """Join the batches column by column, so that at most one column is held twice."""
    chunks: dict[str, list[NDArray[Any]]] = {name: [] for name in columns.names}
    texts: dict[str, dict[str, int]] = {}
    row = 0
    for batch in batches:
        for name in columns.names:
            values = batch.column(name)
            if hasattr(values, "dictionary") and values.dictionary.null_count:
                values = values.dictionary_decode()  # the null is a label that rows may have
            _check_present(name, values, row)
            if _is_text(values.type) and name in columns.labels:
                chunks[name].append(_encode(name, values, texts.setdefault(name, {}), row))
            else:
                chunks[name].append(_numeric(name, values, columns, row))
        row += batch.num_rows
        seen(batch)
    joined: dict[str, NDArray[Any] | Categories] = {}
    for name in columns.names:
        array = np.concatenate(chunks.pop(name) or [np.empty(0)])
        joined[name] = Categories(array, np.array(list(texts[name]))) if name in texts else array
    return joined


def _encode(name: str, values: Any, known: dict[str, int], row: int) -> NDArray[Any]:
    """Codes of text in the numbering that all batches share; new labels join it."""
    if not hasattr(values, "dictionary"):
        values = values.dictionary_encode()
    names = values.dictionary.to_pylist()
    codes = values.indices.to_numpy(zero_copy_only=False)
    if "" in names and (empty := codes == names.index("")).any():
        raise _missing(name, row + int(empty.argmax()))
    numbering = np.array([known.setdefault(text, len(known)) for text in names], dtype=np.int32)
    return numbering[codes] if len(codes) else np.empty(0, dtype=np.int32)


def _numeric(name: str, values: Any, columns: Columns, row: int) -> NDArray[Any]:
    if hasattr(values, "dictionary"):
        values = values.dictionary_decode()
    kind = str(values.type)
    if kind.startswith("decimal"):
        values = values.cast("float64")
    array: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    if array.dtype.kind not in "fiub":
        raise _wrong_type(name, kind, columns)
    _check_finite(name, array, row)
    return array


def _is_text(kind: Any) -> bool:
    text = kind.value_type if hasattr(kind, "index_type") else kind
    return str(text) in ("string", "large_string", "string_view")


def _check_present(name: str, values: Any, row: int) -> None:
    if values.null_count:
        raise _missing(name, row + int(values.is_null().to_numpy(zero_copy_only=False).argmax()))


def _check_finite(name: str, array: NDArray[Any], row: int) -> None:
    if array.dtype.kind == "f" and (wrong := ~np.isfinite(array)).any():
        index = int(wrong.argmax())
        raise InvalidInputError(
            f"column {name}: got {array[index]} in row {row + index + 1}; wanted finite numbers"
        )


def _missing(name: str, row: int) -> InvalidInputError:
    return InvalidInputError(f"column {name}: got no value in row {row + 1}; wanted one in every row")


def _wrong_type(name: str, kind: Any, columns: Columns) -> DtypeError:
    wanted = "numbers" if name in columns.numbers else "numbers, booleans or text"
    return DtypeError(f"column {name}: got type {kind}; wanted {wanted}")


def _pyarrow(part: str) -> tuple[Any, Any]:
    """Pyarrow and one of its parts."""
    purpose = "reading this file"
    return (
        require("pyarrow", extra="eval", purpose=purpose),
        require(f"pyarrow.{part}", extra="eval", purpose=purpose),
    )


@contextmanager
def _errors_of(path: Path, format_name: str) -> Iterator[None]:
    """Say what is wrong with a file in our words; other errors pass."""
    try:
        yield
    except (InvalidInputError, DtypeError):
        raise
    except (ValueError, KeyError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        if getattr(error, "errno", None) is not None:  # the system's word, not that of a format's reader
            raise
        detail = " ".join(str(error).split())
        raise InvalidInputError(
            f"file: got {path}, which does not read as {format_name} ({detail}); wanted a sound file"
        ) from error
