import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import lossary
import numpy as np
import pytest
from lossary.cli import main
from lossary.evaluation import leaderboard_of_pairs, leaderboard_of_rankings

for module in ("pyarrow", "rich", "typer"):
    pytest.importorskip(module, reason="lossary rank needs lossary[eval]")

ROOT = Path(__file__).parents[2]
N = 400
NAMES = np.array(["alpha", "béta", "[red]gamma", "d, e"])


@pytest.fixture(scope="module")
def matches():
    rng = np.random.default_rng(0)
    worth = np.array([1.0, 0.2, -0.3, -0.9])
    first = rng.integers(0, 4, N)
    second = (first + rng.integers(1, 4, N)) % 4
    wins = rng.random(N) < 1 / (1 + np.exp(worth[second] - worth[first]))
    return {
        "won": NAMES[np.where(wins, first, second)],
        "lost": NAMES[np.where(wins, second, first)],
        "drawn": rng.random(N) < 0.2,
        "times": rng.integers(1, 4, N),
    }


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(1)
    return {
        "user": np.repeat(np.arange(N // 4), 4),
        "film": np.tile(NAMES, N // 4),
        "stars": rng.integers(1, 6, N) + np.tile([1, 0, 0, -1], N // 4),
    }


def written(path, columns):
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return str(path)


@pytest.fixture(scope="module")
def file(matches, tmp_path_factory):
    return written(tmp_path_factory.mktemp("rank") / "matches.csv", matches)


@pytest.fixture(scope="module")
def ratings_file(ratings, tmp_path_factory):
    return written(tmp_path_factory.mktemp("rank") / "ratings.csv", ratings)


def run(capsys, *words):
    assert main(["rank", *words]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


MATCHES = ("--winner", "won", "--loser", "lost")


def test_the_table_is_plain_when_piped_and_shows_the_standings(capsys, file, matches):
    shown = run(capsys, file, *MATCHES, "--tie", "drawn")
    assert "\x1b" not in shown
    board = leaderboard_of_pairs(matches["won"], matches["lost"], tie=matches["drawn"])
    assert f"4 items, 400 comparisons, {board.ties} with a tie; 95% intervals, model errors" in shown
    lines = shown.splitlines()[-4:]
    for line, each in zip(lines, board.standings, strict=True):
        low, high = each.rank_low, each.rank_high
        for text in (
            rf"^ +{each.rank} +{low if low == high else f'{low}-{high}'} +{re.escape(each.item)} ",
            rf" {each.worth:.3f} +{each.standard_error:.3f} +\[{each.low:.3f}, {each.high:.3f}\] ",
            rf" {100 * each.win_probability:.1f}% +{each.comparisons:,} *$",
        ):
            assert re.search(text, line), (text, line)


def test_the_table_fits_80_columns_where_names_are_short(capsys, tmp_path):
    (tmp_path / "a.csv").write_text("w,l\n" + "model_a,model_b\nmodel_b,model_a\n" * 9)
    shown = run(capsys, str(tmp_path / "a.csv"), "--winner", "w", "--loser", "l")
    assert max(map(len, (line.rstrip() for line in shown.splitlines()[1:]))) <= 80


def test_columns_make_room_for_the_names_of_a_narrow_terminal(capsys, file, matches):
    from lossary.evaluation.leaderboard_report import print_leaderboard
    from rich.console import Console

    names = (
        np.char.add(matches["won"], " of the very long name"),
        np.char.add(matches["lost"], " of the very long name"),
    )
    board = leaderboard_of_pairs(*names)
    for width, columns in (
        (120, "rank range item worth error interval vs average compared"),
        (80, "rank range item worth error interval compared"),
        (74, "rank range item worth interval compared"),
    ):
        print_leaderboard(board, Console(width=width))
        lines = capsys.readouterr().out.splitlines()
        assert " ".join(lines[2].split()) == columns
        assert max(map(len, lines[2:])) <= width


def test_json_equals_the_library(capsys, file, matches):
    options = ["--weight", "times", "--prior", "0.5", "--errors", "robust", "--confidence", "0.9"]
    document = json.loads(
        run(capsys, file, *MATCHES, *options, "--format", "json"), parse_constant=pytest.fail
    )
    board = leaderboard_of_pairs(
        matches["won"],
        matches["lost"],
        sample_weight=matches["times"],
        prior=0.5,
        errors="robust",
        confidence=0.9,
    )
    assert document["lossary"] == lossary.__version__
    assert document["file"] == file
    for key in ("prior", "errors", "confidence", "ties", "log_likelihood"):
        assert document[key] == getattr(board, key)
    assert [each["item"] for each in document["standings"]] == board.items.tolist()
    for key in ("worth", "low", "high", "rank", "rank_low", "rank_high", "comparisons", "win_probability"):
        assert [each[key] for each in document["standings"]] == getattr(board, key).tolist()


@pytest.mark.parametrize("option", ["--score", "--position"])
def test_rankings_equal_the_library(capsys, ratings_file, ratings, option):
    words = ["--ranking", "user", "--item", "film", option, "stars", "--seed", "3", "--format", "json"]
    document = json.loads(run(capsys, ratings_file, *words))
    values = {option.removeprefix("--"): ratings["stars"]}
    text = ratings["user"].astype(str)  # as a CSV file has it
    board = leaderboard_of_rankings(text, ratings["film"], **values, seed=3)
    assert [each["worth"] for each in document["standings"]] == board.worth.tolist()
    assert document["ties"] == board.ties > 0


def test_every_format_gives_the_same_numbers(capsys, tmp_path, matches, file):
    import pyarrow as pa
    from pyarrow import feather, parquet

    table = pa.table(matches)
    parquet.write_table(table, tmp_path / "a.parquet")
    feather.write_feather(table, tmp_path / "a.arrow")
    lines = "".join(f"{json.dumps(row)}\n" for row in table.to_pylist())
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    np.savez(tmp_path / "a.npz", **matches)
    words = [*MATCHES, "--tie", "drawn", "--weight", "times", "--format", "json"]
    wanted = json.loads(run(capsys, file, *words))["standings"]
    for name in ("a.parquet", "a.arrow", "a.jsonl", "a.npz"):
        assert json.loads(run(capsys, str(tmp_path / name), *words))["standings"] == wanted


def test_the_output_is_what_the_name_says(capsys, tmp_path, file):
    words = [file, *MATCHES, "--output"]
    shown = run(capsys, *words, str(tmp_path / "a.json"), "--format", "json")
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == shown
    standings = json.loads(shown)["standings"]
    run(capsys, *words, str(tmp_path / "a.CSV"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.CSV").read_text(encoding="utf-8"))))
    assert [list(row) for row in rows] == [list(standings[0])] * 4
    assert [row["item"] for row in rows] == [each["item"] for each in standings]
    assert [float(row["worth"]) for row in rows] == [each["worth"] for each in standings]


@pytest.mark.parametrize(
    ("ending", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".html", b"<!DOCTYPE")]
)
def test_the_picture_is_what_the_name_says(capsys, tmp_path, file, ending, start):
    pytest.importorskip("matplotlib", reason="--plot needs lossary[report]")
    path = tmp_path / f"board{ending}"
    run(capsys, file, *MATCHES, "--plot", str(path))
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--winner wno --loser lost", "column: got 'wno', which"),
        ("--winner wno --loser lost", "wanted one such as 'won'"),
        ("--winner won", "columns: got --winner; wanted --winner and --loser, or --ranking"),
        ("", "columns: got no columns; wanted"),
        ("--ranking won --item lost", "columns: got --ranking, --item; wanted"),
        ("--ranking won --item lost --position times --score drawn", "columns: got --ranking, --item, --pos"),
        ("--winner won --loser lost --item drawn", "--item: got it beside --winner; wanted"),
        ("--winner won --loser won", "column: got 'won' for two purposes"),
        ("--winner won --loser lost --tie times", "--tie: got '"),
        ("--winner won --loser lost --weight lost", "column"),
        ("--winner won --loser lost --prior -1", "--prior: got -1.0; wanted"),
        ("--winner won --loser lost --errors wald", "--errors: got 'wald'; wanted one of 'model', 'robust'"),
        ("--winner won --loser lost --confidence 95", "--confidence: got 95.0; wanted"),
        (
            "--winner won --loser lost --output a.xls",
            "--output: got 'a.xls'; wanted a name that ends in .json",
        ),
        ("--winner won --loser lost --plot a.gif", "--plot: got 'a.gif'; wanted a name that ends in .png"),
        ("--winner won --loser lost --output nowhere/a.csv", "No such file or directory: nowhere/a.csv"),
        ("--ranking won --item lost --score times", "--item: got '"),
    ],
)
def test_a_mistake_is_one_line_in_the_words_of_the_command_line(capsys, file, words, message):
    assert main(["rank", file, *words.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("lossary: ")
    assert shown.err.count("\n") == 1
    assert message in shown.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "got no rows in"),
        ("a,b\nx,y\ny,y\n", "--loser: got 'y' against itself in row 2; wanted two items"),
        ("a,b\nx,y\ny,z\n", "--prior: got 0 for items in 3 groups without wins both ways"),
        ("a,b\nx,y\ny,z\n", "chain: {x}, {y}, {z}; wanted a prior above 0, such as 0.1"),
        ("a,b\nx,y\n,z\n", "column a: got no value in row 2"),
    ],
)
def test_a_file_that_cannot_be_ranked_says_why(capsys, tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    assert main(["rank", str(tmp_path / "a.csv"), "--winner", "a", "--loser", "b"]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert message in shown.err


def test_a_prior_ranks_what_is_not_connected(capsys, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\nx,y\ny,z\n")
    shown = run(capsys, str(tmp_path / "a.csv"), "--winner", "a", "--loser", "b", "--prior", "0.1")
    assert "model errors; prior 0.1" in shown


@pytest.mark.parametrize("module", ["pyarrow", "rich", "matplotlib"])
def test_without_an_extra_one_line_says_what_to_install(tmp_path, file, module):
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from lossary.cli import main\n"
        f"sys.exit(main(['rank', {file!r}, '--winner', 'won', '--loser', 'lost', '--plot', 'a.png']))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path
    )
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1
    extra = "report" if module == "matplotlib" else "eval"
    assert f"needs {module}" in process.stderr
    assert f"which is not installed: pip install 'lossary[{extra}]'" in process.stderr


def test_the_reader_of_a_pipe_may_leave(file):
    command = [sys.executable, "-m", "lossary", "rank", file, *MATCHES, "--format", "json"]
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert process.communicate(timeout=120)[1] == ""


def commands_of(page):
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith("lossary rank")]


def test_the_commands_of_the_guide_run(capsys, tmp_path, monkeypatch, matches, ratings):
    pytest.importorskip("matplotlib", reason="--plot needs lossary[report]")
    import pyarrow as pa
    from pyarrow import parquet

    monkeypatch.chdir(tmp_path)
    written(
        tmp_path / "matches.csv",
        {"winner": matches["won"], "loser": matches["lost"], "draw": matches["drawn"]},
    )
    names = ("user", "film", "stars")
    parquet.write_table(
        pa.table(dict(zip(names, ratings.values(), strict=True))), tmp_path / "ratings.parquet"
    )
    commands = commands_of(ROOT / "docs" / "leaderboards.md")
    assert len(commands) >= 2
    for words in commands:
        assert "4 items" in run(capsys, *words[2:])
