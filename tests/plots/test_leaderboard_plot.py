"""The picture of a leaderboard: what is drawn, and files that hold all they need."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from lossary.errors import DtypeError, InvalidInputError, MissingExtraError
from lossary.evaluation import leaderboard_of_pairs, plot_leaderboard
from lossary.evaluation.leaderboard_plot import PLOT_ENDINGS, write_plot
from matplotlib.figure import Figure


def board_of(count, names=None):
    """Everybody meets everybody twice; the one with the lower number wins more."""
    names = [f"item {place}" for place in range(count)] if names is None else names
    first, second = np.triu_indices(count, 1)
    winner, loser = np.concatenate([first, first, second]), np.concatenate([second, second, first])
    names = np.array(names)
    return leaderboard_of_pairs(names[winner], names[loser])


@pytest.mark.parametrize("count", [2, 5, 60])
def test_each_item_has_a_row_with_its_interval_and_its_ranks(count):
    board = board_of(count)
    worths, ranks = plot_leaderboard(board).axes
    assert [label.get_text() for label in worths.get_yticklabels()] == board.items.tolist()
    for axes, value, low, high in (
        (worths, board.worth, board.low, board.high),
        (ranks, board.rank, board.rank_low, board.rank_high),
    ):
        points = next(line for line in axes.lines if line.get_marker() == "o")
        np.testing.assert_allclose(points.get_xdata(), value)
        ends = np.array(axes.collections[0].get_segments())
        np.testing.assert_allclose(ends[:, :, 0], np.stack([low, high], 1))
        assert axes.get_ylim() == (count - 0.5, -0.5)
    shown = [text.get_text() for text in ranks.texts]
    assert shown[0].partition("\N{EN DASH}")[0] == str(board.rank_low[0])


def test_the_rows_stay_as_high_with_many_items():
    heights = [plot_leaderboard(board_of(count)).get_figheight() for count in (5, 30, 55)]
    assert heights[2] - heights[1] == pytest.approx(heights[1] - heights[0])


def test_the_scale_of_ranks_starts_at_1_and_ends_at_the_last():
    for count in (2, 7, 23, 60):
        ticks = plot_leaderboard(board_of(count)).axes[1].get_xticks()
        assert (ticks[0], ticks[-1]) == (1, count)
        assert len(ticks) <= 8


def test_the_best_are_drawn_and_the_title_says_so():
    figure = plot_leaderboard(board_of(12), max_items=5, title="All")
    assert len(figure.axes[0].get_yticklabels()) == 5
    assert figure.get_suptitle() == "All; the best 5 of 12 items"


def test_names_are_shown_as_they_are(tmp_path):
    board = board_of(3, ["<b>bold</b>", "$x_1$ costs $5", "n" * 60])
    labels = {label.get_text() for label in plot_leaderboard(board).axes[0].get_yticklabels()}
    assert labels == {"<b>bold</b>", r"\$x_1\$ costs \$5", "n" * 35 + "\N{HORIZONTAL ELLIPSIS}"}
    write_plot(board, tmp_path / "a.html", title="a & b")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<td>&lt;b&gt;bold&lt;/b&gt;</td>" in page
    assert "<title>a &amp; b</title>" in page


def test_a_page_needs_nothing_else(tmp_path):
    write_plot(board_of(5), tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert page.count("<tr>") == 6
    assert not re.search(r"<(script|link|img|iframe)\b|url\(http", page)
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', page))
    write_plot(board_of(5), tmp_path / "b.html")
    assert (tmp_path / "b.html").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("ending", PLOT_ENDINGS)
def test_files_are_written(tmp_path, ending):
    path = tmp_path / f"board{ending.upper()}"
    write_plot(board_of(5), path, title="Five")
    assert path.stat().st_size > 1000


def test_a_figure_that_is_given_is_drawn_in():
    figure = Figure()
    assert plot_leaderboard(board_of(3), figure=figure) is figure


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"board": 1}, DtypeError, "board: got 1"),
        ({"max_items": 0}, InvalidInputError, "max_items: got 0"),
        ({"max_items": 1.5}, DtypeError, "max_items: got 1.5"),
        ({"figure": 1}, DtypeError, "figure: got 1"),
    ],
)
def test_bad_input_is_refused_by_name(options, error, words):
    arguments = {"board": board_of(3), **options}
    with pytest.raises(error, match=words):
        plot_leaderboard(arguments.pop("board"), **arguments)


def test_a_name_that_says_no_format_is_refused():
    with pytest.raises(InvalidInputError, match=r"plot: got 'a\.gif'; wanted"):
        write_plot(board_of(3), Path("a.gif"))


@pytest.mark.parametrize(("module", "name"), [("matplotlib.figure", "a.png"), ("jinja2", "a.html")])
def test_without_the_extra_it_is_named(monkeypatch, tmp_path, module, name):
    board = board_of(3)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match="lossary\\[report\\]"):
        write_plot(board, tmp_path / name)
    assert not (tmp_path / name).exists()
