"""Reading golden files, which needs no torch."""

import json
from pathlib import Path

import numpy as np
import pytest
from lossary.conformance import find_goldens, load_goldens
from lossary.errors import InvalidInputError

GOLDENS = Path(__file__).parent / "goldens"


def write(path: Path, **changes) -> Path:
    case = {
        "id": "one",
        "inputs": {"score": {"dtype": "float32", "shape": [2, 1], "data": [[1.0], [2.0]]}},
        "expected": {"value": 1.0},
    }
    path.write_text(json.dumps({"loss": path.stem, "provenance": "by hand", "cases": [case | changes]}))
    return path


def test_inputs_are_arrays_of_the_stated_dtype_and_shape(tmp_path: Path) -> None:
    (case,) = load_goldens(write(tmp_path / "gap.json")).cases

    assert case.inputs["score"].dtype == np.float32
    assert case.inputs["score"].shape == (2, 1)


def test_an_empty_array_keeps_its_shape(tmp_path: Path) -> None:
    empty = {"score": {"dtype": "float64", "shape": [0, 3], "data": []}}

    (case,) = load_goldens(write(tmp_path / "gap.json", inputs=empty)).cases

    assert case.inputs["score"].shape == (0, 3)


@pytest.mark.parametrize("written", ["nan", None, float("nan")])
def test_nan_is_read_however_it_is_written(tmp_path: Path, written: object) -> None:
    spoilt = {"score": {"dtype": "float64", "shape": [3], "data": [written, "-inf", 1.0]}}

    (case,) = load_goldens(write(tmp_path / "gap.json", inputs=spoilt)).cases

    np.testing.assert_array_equal(case.inputs["score"], [np.nan, -np.inf, 1.0])


def test_options_may_be_arrays_numbers_or_nothing(tmp_path: Path) -> None:
    weight = {"dtype": "float64", "shape": [1], "data": [2.0]}

    (case,) = load_goldens(write(tmp_path / "gap.json", params={"weight": weight, "k": None})).cases

    assert case.params["weight"].tolist() == [2.0]
    assert case.params["k"] is None


def test_an_input_may_be_absent(tmp_path: Path) -> None:
    (case,) = load_goldens(write(tmp_path / "gap.json", inputs={"score": None})).cases

    assert case.inputs == {"score": None}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, (1e-6, 1e-9)),
        ({"rtol": 1e-3}, (1e-3, 1e-9)),
        ({"rtol": 0}, (0.0, 0.0)),
        ({"rtol": 0, "atol": 1e-4}, (0.0, 1e-4)),
    ],
)
def test_tolerances_have_defaults_and_zero_is_exact(
    tmp_path: Path, given: dict[str, float], wanted: tuple[float, float]
) -> None:
    (case,) = load_goldens(write(tmp_path / "gap.json", **given)).cases

    assert (case.rtol, case.atol) == wanted


def test_gradients_have_the_shape_of_their_input(tmp_path: Path) -> None:
    (case,) = load_goldens(write(tmp_path / "gap.json", grad={"score": [0.5, 0.5]})).cases

    assert case.grad["score"].shape == (2, 1)


def test_files_are_found_with_and_without_a_number(tmp_path: Path) -> None:
    for name in ("gap.json", "012-gap.json", "012-gap_miner.json", "x-gap.json", "gap.txt"):
        (tmp_path / name).touch()

    assert [path.name for path in find_goldens(tmp_path, "gap")] == ["012-gap.json", "gap.json"]


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"goldens: got .*nowhere; wanted an existing"):
        find_goldens(tmp_path / "nowhere", "gap")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"path: got .*gap\.json .*; wanted a golden file"):
        load_goldens(tmp_path / "gap.json")


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"loss": "gap", "cases": []}', '{"loss": "gap", "cases": [{"id": "a", "inputs": {}}]}'],
    ids=["empty", "list", "no_cases", "zero_cases", "nothing_expected"],
)
def test_a_file_that_is_no_golden_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "gap.json"
    path.write_text(content)

    with pytest.raises(InvalidInputError, match=r"path: got .*gap\.json.*; wanted a golden file"):
        load_goldens(path)


def test_data_that_do_not_fit_the_shape_are_refused(tmp_path: Path) -> None:
    wrong = {"score": {"dtype": "float64", "shape": [3], "data": [1.0]}}

    with pytest.raises(InvalidInputError, match=r"gap\.json"):
        load_goldens(write(tmp_path / "gap.json", inputs=wrong))
