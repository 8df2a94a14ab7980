"""The compiled module on input that the Python layer never sends: errors, never a panic."""

import re
from pathlib import Path

import lossary
import numpy as np
import pytest
from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, LossaryError, ShapeError, UndefinedMetricError

INTS = np.array([0, 1, 1])
FLOATS = np.array([0.1, 0.2, 0.3])
ONES = np.ones(3)
DRAWS = {"stratified": False, "groups": None, "resamples": 9, "seed": 0, "jackknife": True}
BOTH, PAIRS, CODES = (
    np.array([False, True, True, False]),
    np.array([0.1, 0.2, 0.3, 0.4]),
    np.array([0, 1], "u4"),
)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: _kernels.roc_auc(INTS, FLOATS[:2]), ShapeError),
        (lambda: _kernels.roc_auc(INTS[:0], FLOATS[:0]), InvalidInputError),
        (lambda: _kernels.roc_auc(np.array([0, 1, 2]), FLOATS), InvalidInputError),
        (lambda: _kernels.roc_auc(FLOATS, FLOATS), InvalidInputError),
        (lambda: _kernels.roc_auc(INTS, FLOATS.astype(">f8")), DtypeError),
        (lambda: _kernels.roc_auc(INTS, FLOATS.astype("f2")), DtypeError),
        (lambda: _kernels.roc_auc(INTS, FLOATS * 1j), DtypeError),
        (lambda: _kernels.roc_auc(INTS, np.repeat(FLOATS, 2)[::2]), DtypeError),
        (lambda: _kernels.roc_auc(INTS, FLOATS[:, None]), TypeError),
        (lambda: _kernels.roc_auc(INTS, [0.1, 0.2, 0.3]), TypeError),
        (lambda: _kernels.weighted_roc_auc(INTS, FLOATS, ONES[:2]), ShapeError),
        (lambda: _kernels.weighted_roc_auc(INTS, FLOATS, ONES * np.nan), InvalidInputError),
        (lambda: _kernels.weighted_roc_auc(INTS, FLOATS, ONES * 0), InvalidInputError),
        (lambda: _kernels.confusion_counts(INTS, INTS[:2], 0, 2), ShapeError),
        (lambda: _kernels.confusion_counts(INTS, INTS, 0, 1), InvalidInputError),
        (lambda: _kernels.confusion_counts(INTS, INTS, -(2**63), 2), InvalidInputError),
        (lambda: _kernels.confusion_counts(INTS, INTS, 0, 2**40), InvalidInputError),
        (lambda: _kernels.confusion_counts(INTS, INTS.astype("i4"), 0, 2), DtypeError),
        (lambda: _kernels.confusion_weights(INTS, INTS, ONES[:2], 0, 2), ShapeError),
        (lambda: _kernels.confusion_integer_weights(INTS, INTS, INTS[:2], 0, 2), ShapeError),
        (lambda: _kernels.confusion_integer_weights(INTS, INTS, INTS, 0, 1), InvalidInputError),
        (lambda: _kernels.confusion_integer_weights(INTS, INTS, INTS << 62, 0, 2), InvalidInputError),
        (lambda: _kernels.confusion_integer_weights(INTS, INTS, ONES, 0, 2), TypeError),
        (lambda: _kernels.tally_counts(INTS, INTS, 1, 1), InvalidInputError),
        (lambda: _kernels.tally_counts(INTS, INTS, 0, 2**62), InvalidInputError),
        (lambda: _kernels.tally_weights(INTS, INTS, ONES[:2], 0, 2), ShapeError),
        (lambda: _kernels.binary_squared_error(INTS, FLOATS[:2], None), ShapeError),
        (lambda: _kernels.binary_squared_error(INTS, FLOATS * 10, None), InvalidInputError),
        (lambda: _kernels.binary_squared_error(INTS, INTS, None), DtypeError),
        (lambda: _kernels.delong(INTS[:2], FLOATS, None), ShapeError),
        (lambda: _kernels.delong(INTS, FLOATS, None), UndefinedMetricError),
        (lambda: _kernels.compare_areas(INTS, [FLOATS], ONES[:2]), ShapeError),
        (lambda: _kernels.compare_areas(INTS, [FLOATS], -ONES), InvalidInputError),
        (lambda: _kernels.bootstrap_ranking("f0", INTS, [FLOATS], None, **DRAWS), InvalidInputError),
        (lambda: _kernels.bootstrap_ranking("roc_auc", INTS, [FLOATS[:2]], None, **DRAWS), ShapeError),
        (
            lambda: _kernels.bootstrap_ranking("roc_auc", INTS, [FLOATS], ONES * np.nan, **DRAWS),
            InvalidInputError,
        ),
        (lambda: _kernels.resample_mean(ONES, ONES[:2], None, resamples=9, seed=0), ShapeError),
        (lambda: _kernels.resample_mean(ONES[:0], None, None, resamples=9, seed=0), InvalidInputError),
        (lambda: _kernels.Resampler(3, None, np.array([0, 1, 3], "u4"), 0), InvalidInputError),
        (lambda: _kernels.Resampler(3, np.array([0, 1], "u4"), None, 0), ShapeError),
        (lambda: _kernels.multiclass_squared_error(INTS.astype("u4"), FLOATS, 2**63, None), ShapeError),
        (lambda: _kernels.column_roc_auc(BOTH, PAIRS, None, 3, by_column=(False, False)), ShapeError),
        (lambda: _kernels.column_roc_auc(BOTH, PAIRS, None, 0, by_column=(False, False)), ShapeError),
        (lambda: _kernels.column_roc_auc(BOTH, PAIRS, ONES, 2, by_column=(False, True)), ShapeError),
        (lambda: _kernels.column_roc_auc(BOTH[:2], PAIRS, None, 2, by_column=(False, True)), ShapeError),
        (
            lambda: _kernels.column_roc_auc(BOTH, PAIRS * np.nan, None, 2, by_column=(True, True)),
            InvalidInputError,
        ),
        (lambda: _kernels.column_average_precision(BOTH, PAIRS, None, 3, by_column=(True, True)), ShapeError),
        (lambda: _kernels.one_vs_one_roc_auc(CODES, PAIRS, 3, by_column=False), ShapeError),
        (lambda: _kernels.one_vs_one_roc_auc(CODES + 1, PAIRS, 2, by_column=False), ShapeError),
        (lambda: _kernels.one_vs_one_roc_auc(INTS, PAIRS, 2, by_column=False), TypeError),
        (lambda: _kernels.label_coverage(BOTH, PAIRS, 3), ShapeError),
        (lambda: _kernels.label_ranking_average_precision(BOTH[:2], PAIRS, 2), ShapeError),
        (lambda: _kernels.label_ranking_loss(BOTH, PAIRS + np.inf, 2), InvalidInputError),
        (lambda: _kernels.top_k_hits(CODES, PAIRS, 2**63, 1), ShapeError),
        (lambda: _kernels.top_k_hits(CODES[:1], PAIRS, 2, 1), ShapeError),
    ],
)
def test_kernels_refuse_what_they_cannot_read(call, error):
    with pytest.raises(error) as caught:
        call()
    if issubclass(error, LossaryError):
        assert re.fullmatch(r"[a-z_]+: got .*; wanted .*", str(caught.value), re.DOTALL)


@pytest.mark.parametrize("threads", [0, -1])
def test_fewer_than_one_thread_is_refused(threads):
    with pytest.raises(InvalidInputError, match=f"num_threads: got {threads}; wanted at least 1"):
        lossary.set_num_threads(threads)


def test_a_thousand_threads_are_no_harm():
    generator = np.random.default_rng(0)
    y_true, y_score = generator.integers(0, 2, 2**18), generator.random(2**18)
    value = lossary.metrics.roc_auc_score(y_true, y_score)
    lossary.set_num_threads(1000)
    try:
        assert lossary.get_num_threads() == 1000
        assert lossary.metrics.roc_auc_score(y_true, y_score) == value
    finally:
        lossary.set_num_threads(None)


def test_the_stub_names_what_the_module_holds():
    stub = (Path(lossary.__file__).parent / "_kernels.pyi").read_text()
    public = set(re.findall(r"^(?:def|class) (\w+)", stub, re.MULTILINE))
    assert public == {name for name in dir(_kernels) if not name.startswith("__")}
