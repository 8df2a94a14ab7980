"""The picture of two images: matched features share a colour and a row, others are crossed out."""

import sys
from io import BytesIO

import numpy as np
import pytest
from lossary.errors import DtypeError, InvalidInputError, MissingExtraError, ShapeError
from lossary.metrics import plot_betti_matching
from matplotlib.figure import Figure

RING = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]], float)
# The ring is weak at one voxel, and there is a speck that the target has not.
PREDICTION = np.array(
    [[0.9, 0.8, 0.9, 0.1], [0.7, 0.2, 0.9, 0.1], [0.9, 0.9, 0.9, 0.1], [0.1, 0.1, 0.1, 0.5]]
)


def bars(axes):
    """Row, colour and ends of each bar of a barcode."""
    lines = [line for line in axes.lines if len(line.get_xdata()) == 2]
    return [(int(line.get_ydata()[0]), line.get_color(), list(line.get_xdata())) for line in lines]


def test_matched_features_share_colour_and_row():
    figure = plot_betti_matching(PREDICTION, RING)
    first, second = (bars(axes) for axes in figure.axes[2:])
    assert [(row, colour) for row, colour, _ in second] == [
        (row, colour) for row, colour, _ in first if colour != "0.55"
    ]
    assert len({colour for _, colour, _ in second}) == len(second) == 2


def test_bars_run_from_birth_to_death():
    ends = [ends for _, _, ends in bars(plot_betti_matching(PREDICTION, RING).axes[2])]
    assert ends[0] == [0.9, 0.1]  # the component that never dies
    assert [0.5, 0.1] in ends  # the speck
    assert [0.7, 0.2] in ends  # the loop closes at its weakest voxel


def test_features_alone_are_crossed_out():
    figure = plot_betti_matching(PREDICTION, RING)
    crosses = [sum(line.get_marker() == "x" for line in axes.lines) for axes in figure.axes]
    alone = sum(colour == "0.55" for _, colour, _ in bars(figure.axes[2]))
    assert crosses == [alone, 0, alone, 0]
    assert alone > 0


def test_loops_are_marked_inside():
    figure = plot_betti_matching(PREDICTION, RING, dimensions=[1])
    (marker,) = figure.axes[0].lines
    assert (marker.get_xdata(), marker.get_ydata()) == (1, 1)
    assert marker.get_marker() == "s"


def test_sublevel_sets_have_the_features_of_the_negative():
    falling = plot_betti_matching(PREDICTION, RING)
    rising = plot_betti_matching(-PREDICTION, -RING, filtration="sublevel")
    for first, second in zip(falling.axes[2:], rising.axes[2:], strict=True):
        assert [(*each[:2], [-end for end in each[2]]) for each in bars(first)] == bars(second)


def test_the_longest_features_are_drawn():
    image = np.random.default_rng(0).random((20, 20))
    figure = plot_betti_matching(image, image, max_features=5)
    assert len(bars(figure.axes[2])) == 5
    assert "shorter features not shown" in figure.axes[2].get_xlabel()


def test_short_features_are_left_out():
    speckled = PREDICTION + 1e-4 * np.random.default_rng(0).random(PREDICTION.shape)
    short = len(bars(plot_betti_matching(speckled, RING).axes[2]))
    assert short == len(bars(plot_betti_matching(PREDICTION, RING).axes[2]))
    assert len(bars(plot_betti_matching(speckled, RING, min_length=0.3).axes[2])) < short
    assert len(bars(plot_betti_matching(speckled, RING, min_length=0).axes[2])) >= short


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_volumes_are_seen_along_an_axis(axis):
    volume = np.random.default_rng(0).random((3, 4, 5))
    figure = plot_betti_matching(volume, volume, projection_axis=axis)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), volume.max(axis))


def test_a_figure_that_is_given_is_drawn_in():
    figure = Figure()
    assert plot_betti_matching(RING, RING, figure=figure) is figure
    file = BytesIO()
    figure.savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")


def test_the_images_are_left_as_they_were():
    given = PREDICTION.copy()
    plot_betti_matching(given, RING)
    np.testing.assert_array_equal(given, PREDICTION)


@pytest.mark.parametrize(
    ("images", "options", "error", "words"),
    [
        ((np.zeros(5), np.zeros(5)), {}, ShapeError, "prediction: got shape"),
        ((np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 4, 4))), {}, ShapeError, "prediction: got shape"),
        ((RING, RING[:3]), {}, ShapeError, "target: got shape"),
        ((RING * np.nan, RING), {}, InvalidInputError, "prediction: got nan"),
        ((RING, RING), {"filtration": "level"}, InvalidInputError, "filtration: got 'level'"),
        ((RING, RING), {"max_features": 0}, InvalidInputError, "max_features: got 0"),
        ((RING, RING), {"min_length": -1}, InvalidInputError, "min_length: got -1"),
        ((RING, RING), {"projection_axis": 2}, InvalidInputError, "projection_axis: got 2"),
        ((RING, RING), {"dimensions": [2]}, InvalidInputError, "dimensions: got"),
        ((RING, RING), {"dimensions": "01"}, DtypeError, "dimensions: got"),
        ((RING, RING), {"figure": 1}, DtypeError, "figure: got 1"),
    ],
)
def test_bad_input_is_refused_by_name(images, options, error, words):
    with pytest.raises(error, match=words):
        plot_betti_matching(*images, **options)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match="lossary\\[report\\]"):
        plot_betti_matching(RING, RING)
