import gzip
import json
import os
import zipfile

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow", reason="reading files needs lossary[eval]")

from lossary.errors import DtypeError, InvalidInputError, ShapeError  # noqa: E402
from lossary.evaluation import Categories  # noqa: E402
from lossary.evaluation.readers import FORMATS, Columns, read_columns  # noqa: E402
from pyarrow import csv, feather, ipc, parquet  # noqa: E402

ARROW = [".parquet", ".arrow", ".arrows", ".feather"]


def write(path, table):
    """Write a table in the format that the name's ending says."""
    name = path.name
    if name.endswith(".csv"):
        csv.write_csv(table, path)
    elif name.endswith(".csv.gz"):
        with pa.CompressedOutputStream(str(path), "gzip") as stream:
            csv.write_csv(table, stream)
    elif name.endswith((".jsonl", ".ndjson")):
        rows = table.to_pylist()
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    elif name.endswith(".parquet"):
        parquet.write_table(table, path, row_group_size=300)
    elif name.endswith(".feather"):
        feather.write_feather(table, path, chunksize=300)
    elif name.endswith((".arrow", ".arrows")):
        new = ipc.new_file if name.endswith(".arrow") else ipc.new_stream
        with new(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=300)
    else:
        np.savez(path, **{name: np.array(table[name].to_pylist()) for name in table.column_names})
    return path


def text(column):
    """The labels of a column, however they are stored, as text."""
    if isinstance(column, Categories):
        column = column.names[column.codes]
    return [str(label).lower() for label in column.tolist()]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "unused": [None] * 1000,
            "died": rng.integers(0, 2, 1000).astype(np.int8),
            "risk": rng.random(1000, dtype=np.float32),
            "weight": rng.random(1000),
            "region": pa.array(np.array(["north", "süd", "a,b"])[rng.integers(0, 3, 1000)]),
            "coded": pa.array(np.array(["x", "y"])[rng.integers(0, 2, 1000)]).dictionary_encode(),
            "flag": rng.random(1000) < 0.5,
        }
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_columns_survive_the_round_trip_through_each_format(tmp_path, table, ending):
    path = write(tmp_path / f"scores{ending}", table.drop(["unused"]) if ending == ".npz" else table)
    columns = Columns(numbers=("risk", "weight"), labels=("died", "region", "coded", "flag"))
    found = read_columns(path, columns)
    assert set(found) == set(columns.names)
    for name in columns.numbers:
        np.testing.assert_array_equal(
            found[name].astype(table[name].to_numpy().dtype), table[name].to_numpy()
        )
    for name in columns.labels:
        assert text(found[name]) == [str(label).lower() for label in table[name].to_pylist()]


@pytest.mark.parametrize("ending", ARROW)
def test_columns_keep_their_dtype(tmp_path, ending):
    scores = {
        dtype: pa.array(np.array([0, 1, 1], dtype=dtype))
        for dtype in ("float32", "float64", "int16", "uint8")
    }
    path = write(tmp_path / f"scores{ending}", pa.table(scores))
    found = read_columns(path, Columns(numbers=tuple(scores), labels=()))
    assert {name: str(column.dtype) for name, column in found.items()} == {name: name for name in scores}


def test_float16_and_float32_of_an_archive_keep_their_dtype(tmp_path):
    np.savez(tmp_path / "a.npz", half=np.ones(3, "f2"), single=np.ones(3, "f4"), big=np.ones(3, ">f8"))
    found = read_columns(tmp_path / "a.npz", Columns(numbers=("half", "single", "big"), labels=()))
    assert [column.dtype.str[1:] for column in found.values()] == ["f2", "f4", "f8"]


def test_a_csv_column_may_become_fractional_after_many_whole_numbers(tmp_path):
    lines = ["0,1\n"] * 400_000 + ["0.5,yes\n"]
    (tmp_path / "a.csv").write_text("score,label\n" + "".join(lines))
    found = read_columns(tmp_path / "a.csv", Columns(numbers=("score",), labels=("label",)))
    assert found["score"][-1] == 0.5
    assert text(found["label"])[-1] == "yes"


def test_a_group_named_na_is_a_group(tmp_path):
    (tmp_path / "a.csv").write_text("score,continent\n0.1,NA\n0.2,EU\n")
    found = read_columns(tmp_path / "a.csv", Columns(numbers=("score",), labels=("continent",)))
    assert text(found["continent"]) == ["na", "eu"]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_missing_column_is_named_with_close_matches(tmp_path, table, ending):
    path = write(tmp_path / f"scores{ending}", table.select(["died", "risk"]))
    with pytest.raises(InvalidInputError, match=r"column: got 'rsik', which .* wanted one such as 'risk'"):
        read_columns(path, Columns(numbers=("rsik",), labels=("died",)))


@pytest.mark.parametrize("ending", [".csv", *ARROW])
@pytest.mark.parametrize("column", ["risk", "died", "region"])
def test_a_null_is_refused_naming_column_and_row(tmp_path, ending, column):
    values = {"risk": [0.5] * 400, "died": [1] * 400, "region": ["a"] * 400}
    values[column][350] = None
    path = write(tmp_path / f"scores{ending}", pa.table(values))
    with pytest.raises(InvalidInputError, match=f"column {column}: got no value in row 351"):
        read_columns(path, Columns(numbers=("risk",), labels=("died", "region")))


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(("wrong", "shown"), [(np.nan, "(nan|no value)"), (-np.inf, "-inf")])
def test_nan_and_infinity_are_refused_naming_column_and_row(tmp_path, ending, wrong, shown):
    risk = np.full(400, 0.5)
    risk[350] = wrong
    path = write(tmp_path / f"scores{ending}", pa.table({"risk": risk}))
    with pytest.raises(InvalidInputError, match=f"column risk: got {shown} in row 351"):
        read_columns(path, Columns(numbers=("risk",), labels=()))


@pytest.mark.parametrize("ending", [".npz", *ARROW])
def test_text_is_no_score(tmp_path, ending):
    path = write(tmp_path / f"scores{ending}", pa.table({"risk": ["0.1", "0.2"]}))
    with pytest.raises(DtypeError, match=r"column risk: got type .*; wanted numbers"):
        read_columns(path, Columns(numbers=("risk",), labels=()))


def test_text_in_a_csv_score_is_shown(tmp_path):
    (tmp_path / "a.csv").write_text("risk\n0.1\nhigh\n")
    with pytest.raises(InvalidInputError, match=r"does not read as CSV .*'high'"):
        read_columns(tmp_path / "a.csv", Columns(numbers=("risk",), labels=()))


def test_dates_are_no_labels(tmp_path):
    path = write(tmp_path / "a.parquet", pa.table({"day": pa.array([1, 2], pa.date32())}))
    with pytest.raises(DtypeError, match="column day: got type date32"):
        read_columns(path, Columns(numbers=(), labels=("day",)))


def test_decimals_are_numbers(tmp_path):
    path = write(tmp_path / "a.parquet", pa.table({"risk": pa.array([1, 2], pa.decimal128(5, 2))}))
    assert read_columns(path, Columns(numbers=("risk",), labels=()))["risk"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_without_rows_is_refused(tmp_path, ending):
    path = write(tmp_path / f"scores{ending}", pa.table({"risk": pa.array([], pa.float64())}))
    with pytest.raises(InvalidInputError, match=r"file: got no rows|Empty JSON file"):
        read_columns(path, Columns(numbers=("risk",), labels=()))


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01 neither \xff\xfe\n\x80", b"PAR1", b"ARROW1\x00\x00", b"PK\x03\x04"]
)
@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_of_another_format_is_refused(tmp_path, ending, content):
    path = tmp_path / f"scores{ending}"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"(does not read as|column: got 'risk', which)"):
        read_columns(path, Columns(numbers=("risk",), labels=()))


def test_a_truncated_file_is_refused(tmp_path, table):
    for ending in (".parquet", ".feather", ".csv.gz", ".npz"):
        source = table.drop(["unused"]) if ending == ".npz" else table
        path = write(tmp_path / f"scores{ending}", source)
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(InvalidInputError, match="does not read as"):
            read_columns(path, Columns(numbers=("risk",), labels=()))


def test_an_archive_is_never_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", risk=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InvalidInputError, match="does not read as NumPy archive"):
        read_columns(tmp_path / "a.npz", Columns(numbers=("risk",), labels=()))


def test_arrays_of_an_archive_must_have_one_axis_and_one_length(tmp_path):
    np.savez(tmp_path / "a.npz", risk=np.ones(3), flat=np.ones(2), square=np.ones((3, 3)))
    with pytest.raises(ShapeError, match=r"got shape \(3, 3\) of 'square'"):
        read_columns(tmp_path / "a.npz", Columns(numbers=("square",), labels=()))
    with pytest.raises(ShapeError, match="got the lengths risk 3, flat 2"):
        read_columns(tmp_path / "a.npz", Columns(numbers=("risk", "flat"), labels=()))


def test_a_single_array_is_not_an_archive(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(InvalidInputError, match="got a single array"):
        read_columns(tmp_path / "a.npz", Columns(numbers=("risk",), labels=()))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("nothing.csv", "does not exist"),
        ("folder.csv", "is a directory"),
        ("pipe.csv", "is not a regular file"),
        ("a.xlsx", "ends in"),
    ],
)
def test_a_path_that_is_no_readable_file_is_refused(tmp_path, name, what):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")  # a second look at its header would wait for ever
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(InvalidInputError, match=f"file: got .*{what}"):
        read_columns(tmp_path / name, Columns(numbers=("risk",), labels=()))


def test_a_column_that_occurs_twice_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("risk,risk\n0.1,0.2\n")
    with pytest.raises(InvalidInputError, match="column: got 2 columns 'risk'"):
        read_columns(tmp_path / "a.csv", Columns(numbers=("risk",), labels=()))


def test_one_column_for_two_purposes_is_refused():
    with pytest.raises(InvalidInputError, match="column: got 'risk' for two purposes"):
        Columns(numbers=("risk",), labels=("risk",))


@pytest.mark.parametrize("ending", FORMATS)
def test_progress_rises_to_one(tmp_path, table, ending):
    path = write(tmp_path / f"scores{ending}", table.select(["risk", "weight"]))
    shares = []
    read_columns(path, Columns(numbers=("risk", "weight"), labels=()), advance=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow"])
def test_a_million_rows_are_read_in_batches(tmp_path, ending):
    rng = np.random.default_rng(1)
    risk = rng.integers(0, 1000, 1_000_000).astype(np.float32) / 1000
    path = write(tmp_path / f"scores{ending}", pa.table({"risk": risk, "died": risk > 0.7}))
    steps = []
    found = read_columns(path, Columns(numbers=("risk",), labels=("died",)), advance=steps.append)
    assert len(steps) > 5
    np.testing.assert_array_equal(found["risk"].astype(np.float32), risk)


def test_labels_that_come_in_later_batches_keep_their_meaning(tmp_path):
    region = ["a"] * 400 + ["b"] * 400 + ["a", "c"]
    path = write(tmp_path / "a.feather", pa.table({"region": pa.array(region).dictionary_encode()}))
    assert text(read_columns(path, Columns(numbers=(), labels=("region",)))["region"]) == region


def test_a_compressed_csv_is_really_compressed(tmp_path, table):
    path = write(tmp_path / "scores.csv.gz", table.select(["risk"]))
    assert gzip.decompress(path.read_bytes()).startswith(b'"risk"')


def test_spaces_around_a_name_show_in_the_advice(tmp_path):
    (tmp_path / "a.csv").write_text("died, risk\n0, 0.1\n")
    with pytest.raises(InvalidInputError, match="wanted one such as ' risk'"):
        read_columns(tmp_path / "a.csv", Columns(numbers=("risk",), labels=()))


def test_quoted_line_breaks_do_not_matter_where_a_block_ends(tmp_path):
    rows = 60_000  # more than one block of text
    (tmp_path / "a.csv").write_text("risk,note\n" + '0.5,"one, ""two""\nthree"\n' * rows)
    found = read_columns(tmp_path / "a.csv", Columns(numbers=("risk",), labels=("note",)))
    assert found["risk"].tolist() == [0.5] * rows
    assert found["note"].names.tolist() == ['one, "two"\nthree']


@pytest.mark.parametrize("values", [[None, "a"], [None, 0.5]])
def test_a_null_among_the_labels_of_a_dictionary_is_a_missing_value(tmp_path, values):
    column = pa.DictionaryArray.from_arrays(pa.array([1, 1, 0], pa.int8()), pa.array(values))
    path = write(tmp_path / "a.feather", pa.table({"group": column}))
    with pytest.raises(InvalidInputError, match="column group: got no value in row 3"):
        read_columns(path, Columns(numbers=(), labels=("group",)))


def test_a_dictionary_of_decimals_holds_numbers(tmp_path):
    column = pa.array([1, 2, 1], pa.decimal128(5, 2)).dictionary_encode()
    path = write(tmp_path / "a.feather", pa.table({"risk": column}))
    assert read_columns(path, Columns(numbers=("risk",), labels=()))["risk"].tolist() == [1.0, 2.0, 1.0]


def test_lists_of_text_are_no_labels(tmp_path):
    path = write(tmp_path / "a.parquet", pa.table({"tags": [["a"], ["b"]]}))
    with pytest.raises(DtypeError, match=r"column tags: got type list.*; wanted numbers, booleans or text"):
        read_columns(path, Columns(numbers=(), labels=("tags",)))


def test_an_empty_text_of_an_archive_is_a_missing_label(tmp_path):
    np.savez(tmp_path / "a.npz", region=np.array(["a", "", "b"]))
    with pytest.raises(InvalidInputError, match="column region: got no value in row 2"):
        read_columns(tmp_path / "a.npz", Columns(numbers=(), labels=("region",)))


def test_a_damaged_compressed_archive_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, risk=np.random.default_rng(0).integers(0, 9, 10_000))
    content = bytearray(path.read_bytes())
    content[500:700] = bytes(byte ^ 0x5A for byte in content[500:700])
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="does not read as NumPy archive"):
        read_columns(path, Columns(numbers=("risk",), labels=()))


def test_what_is_no_array_in_an_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("risk", "0.1 0.2")
    with pytest.raises(InvalidInputError, match="column: got 'risk', which is no array"):
        read_columns(tmp_path / "a.npz", Columns(numbers=("risk",), labels=()))
