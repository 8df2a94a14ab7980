"""The picture of a loss: value above derivative, the example as a dot, and the files it goes into."""

import sys

import numpy as np
import pytest

pytest.importorskip("torch")

import lossary
from lossary.authoring.profile import loss_profile
from lossary.authoring.profile_plot import plot_loss, save_plot
from lossary.cli import main
from lossary.errors import DtypeError, InvalidInputError, MissingExtraError
from matplotlib.figure import Figure

LONGEST = max(lossary.names(), key=len)


def test_value_and_derivative_are_drawn_with_the_example() -> None:
    spec = lossary.get("dice")
    profile = loss_profile(spec)
    above, below = plot_loss(spec).axes
    for axes, heights in ((above, profile.value), (below, profile.derivative)):
        np.testing.assert_array_equal(axes.lines[0].get_xdata(), profile.parameter)
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), heights)
        (dot,) = (line for line in axes.lines if line.get_marker() == "o")
        assert dot.get_xdata() == 0.0
    assert (above.get_title(), above.texts[0].get_text()) == ("dice", spec.paper.short)
    assert below.get_xlabel() == profile.words


def test_a_derivative_that_is_nowhere_is_not_drawn() -> None:
    (axes,) = plot_loss(lossary.get("likelihood_weighted")).axes
    assert axes.get_ylabel() == "value"
    assert [line.get_marker() for line in axes.lines] == ["None"]


@pytest.mark.parametrize("name", ["dice", LONGEST])
def test_no_text_is_cut_off(name: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = plot_loss(lossary.get(name))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    within = figure.bbox
    for axes in figure.axes:
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts):
            box = text.get_window_extent(canvas.get_renderer())
            assert within.x0 <= box.x0 <= box.x1 <= within.x1, text.get_text()
            assert within.y0 <= box.y0 <= box.y1 <= within.y1, text.get_text()


def test_a_figure_that_is_given_is_drawn_in() -> None:
    figure = Figure()
    assert plot_loss(lossary.get("dice"), figure=figure) is figure
    with pytest.raises(DtypeError, match="figure: got 1"):
        plot_loss(lossary.get("dice"), figure=1)


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("SVG", b"<?xml"), ("pdf", b"%PDF")])
def test_a_file_is_written_twice_with_the_same_bytes(tmp_path, suffix, start) -> None:
    paths = [tmp_path / f"{number}.{suffix}" for number in range(2)]
    for path in paths:
        save_plot(lossary.get("dice"), path)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert first.startswith(start)


def test_the_text_of_an_svg_stays_text(tmp_path) -> None:
    save_plot(lossary.get("dice"), tmp_path / "dice.svg")
    assert ">dice</text>" in (tmp_path / "dice.svg").read_text()


def test_show_draws_into_a_file(tmp_path, capsys) -> None:
    path = tmp_path / "dice.png"
    assert main(["show", "dice", "--plot", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["dice.gif", "dice"])
def test_another_suffix_is_refused(tmp_path, name) -> None:
    with pytest.raises(InvalidInputError, match=r"path: got .*; wanted a file that ends in \.png, \.svg"):
        save_plot(lossary.get("dice"), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_show_tells_what_the_picture_needs(tmp_path, capsys, monkeypatch) -> None:
    assert main(["show", "dice", "--plot", str(tmp_path / "dice.gif")]) == 2
    assert capsys.readouterr().err.startswith("lossary: path: got ")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="lossary\\[report\\]"):
        save_plot(lossary.get("dice"), tmp_path / "dice.png")
