"""Input once taken wrongly, or refused by an error of another library: each test tells the mistake."""

import warnings

import lossary
import numpy as np
import pytest
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricWarning

INDICATORS = ([[0, 1], [1, 1]], [[0, 1], [1, 0]])
STRINGS = np.dtypes.StringDType()


@pytest.mark.parametrize(
    ("name", "option", "values"),
    [
        ("roc_curve", "pos_label", (np.array([0, 1]), [1])),
        ("average_precision_score", "pos_label", (np.array([0, 1]), [1])),
        ("brier_score_loss", "pos_label", (np.array([0, 1]), [1])),
        ("f1_score", "pos_label", (np.array([0, 1]), [1])),
        ("roc_curve", "drop_intermediate", ("no", 1, None, np.array([True, False]))),
        ("accuracy_score", "normalize", ("no", 1, None, np.array([True, False]))),
        ("balanced_accuracy_score", "adjusted", ("no", 1, None, np.array([True, False]))),
    ],
)
def test_options_of_another_type_are_refused(name, option, values):
    """Labels that are arrays were compared element by element, and any text counted as True."""
    for value in values:
        with pytest.raises(DtypeError, match=f"{option}: got .*; wanted "):
            getattr(metrics, name)([0, 1], [0, 1], **{option: value})


@pytest.mark.parametrize("name", ["f1_score", "recall_score", "average_precision_score"])
def test_no_positive_label_is_refused_where_one_is_needed(name):
    """None was looked up among the classes, which have no order with it."""
    with pytest.raises(InvalidInputError, match="pos_label: got None"):
        getattr(metrics, name)([0, 0], [0, 0], pos_label=None)


@pytest.mark.parametrize("name", ["f1_score", "roc_auc_score", "average_precision_score"])
def test_an_array_for_the_name_of_an_average_is_refused(name):
    """The comparison with a name raised NumPy's error of truth values."""
    with pytest.raises(InvalidInputError, match="average: got array"):
        getattr(metrics, name)([0, 1], [0, 1], average=np.array(["macro", "x"]))


def test_flags_of_numpy_are_taken():
    """np.True_ is not True, and was refused."""
    for flag in (np.True_, np.False_):
        expected = metrics.brier_score_loss([0, 1], [0.2, 0.3], scale_by_half=bool(flag))
        assert metrics.brier_score_loss([0, 1], [0.2, 0.3], scale_by_half=flag) == expected
        assert metrics.accuracy_score([0, 1], [0, 0], normalize=flag) == (0.5 if flag else 1.0)


def test_no_samples_of_strings_are_an_error_of_ours():
    """The larger of no values was looked up."""
    with pytest.raises(InvalidInputError, match="y_score: got no samples"):
        metrics.roc_auc_score(np.array([], "U1"), np.array([]))


def test_variable_width_strings_are_labels():
    """NumPy does not cast its StringDType to a width by itself."""
    y_true = np.array(["a", "bbb"], STRINGS)
    assert metrics.accuracy_score(y_true, ["a", "bbb"]) == 1.0
    assert metrics.roc_auc_score(y_true, [0.1, 0.2]) == 1.0
    assert metrics.confusion_matrix(["a", "bbb"], ["a", "bbb"], labels=y_true).tolist() == [[1, 0], [0, 1]]


def test_missing_variable_width_strings_are_refused():
    """A missing value must not become a class of its own."""
    given = np.array(["a", np.nan], np.dtypes.StringDType(na_object=np.nan))
    with pytest.raises(InvalidInputError, match="y_true"):
        metrics.accuracy_score(given, ["a", "b"])


def test_columns_of_indicators_may_be_chosen_by_whole_floats():
    """They indexed the matrix as they were, which NumPy refuses."""
    value = metrics.f1_score(*INDICATORS, average="macro", labels=[1.0])
    assert value == metrics.f1_score(*INDICATORS, average="macro", labels=[1])


@pytest.mark.parametrize("labels", [[], ["a"], [2], [None, 1]])
def test_columns_that_are_not_there_are_refused(labels):
    """An empty choice was an IndexError, and text was compared with numbers."""
    with pytest.raises(InvalidInputError, match="labels: got"):
        metrics.f1_score(*INDICATORS, average="macro", labels=labels)


@pytest.mark.parametrize("labels", [[], [None, 1]])
def test_labels_that_are_none_are_refused(labels):
    """None was ordered among numbers; the mean over no class was NaN."""
    with pytest.raises(InvalidInputError, match="labels: got"):
        metrics.f1_score([0, 1], [0, 1], average="macro", labels=labels)


def test_labels_of_another_kind_are_in_no_sample():
    """Text is never equal to a number; the score is 0 as in scikit-learn."""
    assert metrics.f1_score([0, 1], [0, 1], average="macro", labels=["a"], zero_division=0) == 0.0


@pytest.mark.parametrize("name", ["accuracy_score", "f1_score"])
def test_indicators_of_different_widths_are_refused(name):
    """The comparison raised NumPy's error of broadcasting."""
    options = {"average": "macro"} if name == "f1_score" else {}
    with pytest.raises(ShapeError, match=r"y_pred: got shape \(2, 3\); wanted \(2, 2\)"):
        getattr(metrics, name)([[0, 1], [1, 1]], [[0, 1, 1], [1, 0, 1]], **options)


class Refusing:
    """Raises when it is converted."""

    def __init__(self, error):
        self._error = error

    def __array__(self, dtype=None, copy=None):
        raise self._error


class RefusingDlpack:
    """Offers DLPack and refuses to export."""

    def __dlpack__(self, **options):
        raise BufferError("not this one")

    def __dlpack_device__(self):
        return (2, 0)


@pytest.mark.parametrize(
    "given", [Refusing(RuntimeError("no")), Refusing(OverflowError("no")), RefusingDlpack()]
)
def test_array_likes_that_refuse_are_named(given):
    """The error of the array-like came through without the argument's name."""
    with pytest.raises(InvalidInputError, match="y_score: got Refusing"):
        metrics.roc_auc_score([0, 1], given)


def test_a_list_of_tensors_that_require_a_gradient_is_refused():
    """Only tensors themselves were looked at."""
    torch = pytest.importorskip("torch")
    with pytest.raises(InvalidInputError, match="y_score: got list"):
        metrics.roc_auc_score([0, 1], [torch.tensor(0.1, requires_grad=True), torch.tensor(0.2)])


@pytest.mark.parametrize("scores", [["0.1", "0.9"], [b"1", b"2"], [10**400, 1], [None, 1.0]])
def test_objects_that_are_no_numbers_are_refused(scores):
    """Text was parsed as numbers, and a huge integer raised OverflowError."""
    with pytest.raises(InvalidInputError, match="y_score: got"):
        metrics.roc_auc_score([0, 1], np.array(scores, object))


@pytest.mark.parametrize("threads", [1.5, True, "2"])
def test_a_number_of_threads_of_another_type_is_refused(threads):
    """It was the compiled module's TypeError, and True was one thread."""
    with pytest.raises(DtypeError, match="num_threads: got"):
        lossary.set_num_threads(threads)


@pytest.mark.parametrize("threads", [2**70, -(2**70)])
def test_a_number_of_threads_beyond_64_bits_is_refused(threads):
    """It was an OverflowError."""
    with pytest.raises(InvalidInputError, match="num_threads: got"):
        lossary.set_num_threads(threads)


def test_a_label_given_twice_is_refused():
    """Its row and column were counted twice, in places of which only one is looked at."""
    with pytest.raises(InvalidInputError, match=r"labels: .*wanted each label once"):
        metrics.confusion_matrix(["b", "c"], ["b", "a"], labels=["a", "b", "c", "a"])


def test_scores_of_several_classes_are_told_what_is_missing():
    """The message blamed the shape of y_score."""
    with pytest.raises(InvalidInputError, match="multi_class: got 'raise' with several classes; wanted"):
        metrics.roc_auc_score([0, 1, 2], np.eye(3))
    with pytest.raises(ShapeError, match="y_score"):
        metrics.roc_auc_score([0, 1, 1], np.eye(3)[:, :2])


WARNINGS = {
    "precision without predictions": lambda: metrics.precision_score([0, 1], [0, 0]),
    "recall without positives": lambda: metrics.recall_score([0, 0], [0, 1]),
    "f1 without positives": lambda: metrics.f1_score([0, 0], [0, 0]),
    "fbeta without positives": lambda: metrics.fbeta_score([0, 0], [0, 0], beta=2),
    "pos_label without effect": lambda: metrics.f1_score([0, 1], [0, 1], pos_label=0, average="macro"),
    "pos_label of indicators": lambda: metrics.recall_score(*INDICATORS, pos_label=0, average="macro"),
    "auc of one class": lambda: metrics.roc_auc_score([1, 1], [0.1, 0.2]),
    "weighted auc of one class": lambda: metrics.roc_auc_score([1, 1], [0.1, 0.2], sample_weight=[1, 2]),
    "partial auc of one class": lambda: metrics.roc_auc_score([1, 1], [0.1, 0.2], max_fpr=0.5),
    "curve of one class": lambda: metrics.roc_curve([1, 1], [0.1, 0.2]),
    "average precision without positives": lambda: metrics.average_precision_score([0, 0], [0.1, 0.2]),
    "single label": lambda: metrics.confusion_matrix([1, 1], [1, 1]),
    "class never true": lambda: metrics.balanced_accuracy_score([0, 1], [0, 2]),
    "adjusted for one class": lambda: metrics.balanced_accuracy_score([1, 1], [1, 1], adjusted=True),
    "geometric mean of one class": lambda: metrics.geometric_mean_score([1, 1], [1, 1]),
    "matthews without variance": lambda: metrics.matthews_corrcoef(
        [0, 1, 1, 0, 1, 0], [0, 0, 0, 0, 1, 0], sample_weight=[0.65, 0.23, 0.43, -0.08, -0.01, 0.3]
    ),
    "labels out of order": lambda: metrics.brier_score_loss(
        ["b", "a"], [[0.5, 0.5], [0.25, 0.75]], labels=["b", "a"]
    ),
    "rows that do not sum to one": lambda: metrics.brier_score_loss([0, 1], [[0.5, 0.4], [0.2, 0.2]]),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_warnings_point_to_the_caller(case):
    """Some pointed into lossary's own files, where nobody can act on them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WARNINGS[case]()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert caught[0].category in (UserWarning, UndefinedMetricWarning)


def test_pos_label_without_effect_on_indicators_warns_as_scikit_learn(agree):
    """The warning came for labels of one axis only."""
    agree("f1_score", *INDICATORS, average="macro", pos_label=0)


@pytest.mark.parametrize("y_true", [[False, True], [0, 1]])
def test_pos_label_beyond_64_bits_is_no_class_of_the_data(y_true):
    """Booleans raised an OverflowError of NumPy."""
    with pytest.warns(UndefinedMetricWarning, match="No positive"):
        _, true_positive_rates, _ = metrics.roc_curve(y_true, [0.2, 0.8], pos_label=10**30)
    assert np.isnan(true_positive_rates).all()


def test_an_interval_without_samples_is_refused_as_the_area_is():
    """NumPy's error of an empty maximum came through."""
    with pytest.raises(InvalidInputError, match="y_score: got no samples"):
        metrics.roc_auc_score([], [], confidence=0.95)


@pytest.mark.parametrize("given", [0, 0.5, ..., np.array(1.0), "recall", ("recall", "f1"), [None]])
def test_warn_for_names_measures(given):
    """What is no iterable raised Python's TypeError."""
    with pytest.raises(InvalidInputError, match="warn_for: got"):
        metrics.precision_recall_fscore_support([0, 1], [0, 1], warn_for=given)


def test_d2_of_rows_without_a_class_is_undefined():
    """It divided by zero."""
    with pytest.warns(UndefinedMetricWarning, match="No sample of y_true has a class"):
        assert np.isnan(metrics.d2_log_loss_score(np.zeros((3, 2), dtype=int), [0.0, 0.5, 1.0]))


def test_an_interval_of_a_weighted_average_without_positives_warns():
    """Its ends were NaN in silence."""
    settings = metrics.Confidence(resamples=100)
    with pytest.warns(UndefinedMetricWarning, match="no interval") as caught:
        interval = metrics.average_precision_score(
            [[0, 0], [0, 0]], [[1.0, 2.0], [3.0, 4.0]], average="weighted", confidence=settings
        )
    assert interval.value == 0
    assert np.isnan([interval.low, interval.high]).all()
    assert caught[0].filename == __file__


def test_a_comparison_with_one_sample_of_a_class_in_effect_is_undefined():
    """An infinite variance was NaN in the covariance, and p was 1, in silence."""
    y_true, weight = [0, 0, 0, 1, 1], [1.0, 1.0, 1e30, 1.0, 2.0]
    with pytest.warns(UndefinedMetricWarning, match="1 differences of areas have no variance"):
        found = metrics.compare_roc_auc(y_true, [0, 1, 0, 1, -1], [1, 1, 1, 1, 1], sample_weight=weight)
    assert np.isnan([found.z[0], found.p_values[0], found.low[0], found.high[0]]).all()
    assert not np.isinf(found.covariance).any()
