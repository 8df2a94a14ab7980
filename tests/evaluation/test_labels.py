import numpy as np
import pytest
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.evaluation import Categories
from lossary.evaluation.labels import binary_target


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 1],
        [-1, 1, 1],
        [0.0, 1.0, 1.0],
        [False, True, True],
        ["0", "1", "1"],
        ["0", "1.0", "1"],
        ["false", "TRUE", "true"],
        np.array([0, 1, 1], dtype=">i2"),
        np.array(["0", "1", "1"], dtype=object),
        Categories(np.array([1, 0, 0]), np.array(["1", "0", "7"])),
    ],
)
def test_one_and_true_are_positive_without_being_told(labels):
    target = binary_target(labels)
    assert target.is_positive.tolist() == [False, True, True]
    assert target.positive == "1"


@pytest.mark.parametrize(
    ("labels", "pos_label"),
    [(["no", "yes", "yes"], "yes"), ([2, 1, 1], 1), ([2, 1, 1], "1"), ([9, 3, 3], "3.0")],
)
def test_pos_label_names_the_positive_one(labels, pos_label):
    assert binary_target(labels, pos_label=pos_label).is_positive.tolist() == [False, True, True]


def test_labels_of_unclear_meaning_need_pos_label():
    with pytest.raises(InvalidInputError, match=r"y_true: got the labels no, yes; wanted .*pos_label"):
        binary_target(["no", "yes"])


def test_a_pos_label_that_is_neither_label_is_refused():
    with pytest.raises(InvalidInputError, match=r"pos_label: got 'maybe'; wanted one of the labels no, yes"):
        binary_target(["no", "yes"], pos_label="maybe")


def test_more_than_two_labels_are_refused():
    with pytest.raises(InvalidInputError, match=r"y_true: got 7 different labels \(0, 1, 2, 3, 4, ...\)"):
        binary_target(np.arange(7))


def test_one_class_alone_is_a_target():
    assert not binary_target([0, 0]).is_positive.any()
    assert binary_target(["yes"], pos_label="yes").is_positive.all()


def test_nan_is_not_a_label():
    with pytest.raises(InvalidInputError, match="y_true: got NaN at index 1"):
        binary_target([0.0, np.nan])


def test_labels_of_mixed_types_are_refused():
    with pytest.raises(DtypeError, match="types NoneType, str"):
        binary_target(np.array(["a", None], dtype=object))


def test_labels_of_two_axes_are_refused():
    with pytest.raises(ShapeError, match="y_true"):
        binary_target([[0, 1]])


def test_the_labels_are_not_changed():
    labels = np.array([0, 1, 1])
    labels.setflags(write=False)
    binary_target(labels)
    assert labels.tolist() == [0, 1, 1]


def test_large_whole_numbers_are_not_merged():
    labels = np.array([2**53, 2**53 + 1])
    target = binary_target(labels, pos_label=2**53 + 1)
    assert target.is_positive.tolist() == [False, True]
    assert target.positive == "9007199254740993"


def test_labels_are_shown_in_full():
    with pytest.raises(InvalidInputError, match="got the labels 1234567, 1234568; wanted"):
        binary_target([1234567, 1234568])
