"""`judge` itself can fail: on a broken metric, a stale exemption, a function that was not substituted."""

import pytest

TESTS = """
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import det_curve, roc_auc_score

FUNCTIONS = [roc_auc_score]


def test_sees_ours():
    assert {each.__module__ for each in FUNCTIONS} == {"lossary.metrics.auc"}


def test_warns_with_the_class_of_scikit_learn():
    with pytest.warns(UndefinedMetricWarning):
        roc_auc_score([0, 0], [1, 2])


def test_cannot_pass():
    assert roc_auc_score([0, 1], [1, 2]) == 0


def test_is_skipped():
    pytest.skip("no reason")
"""


def test_a_verdict_is_as_strict_as_it_says(judge, tmp_path):
    module = tmp_path / "test_theirs.py"
    module.write_text(TESTS)
    listed = {"test_cannot_pass": "it is wrong", "test_is_skipped": "it does not run"}
    judge(str(module), {"roc_auc_score", "det_curve"}, listed)
    judge(
        str(module), {"roc_auc_score"}, {"test_cannot_pass": "it is wrong"}, {"test_is_skipped": "no reason"}
    )
    with pytest.raises(AssertionError, match=r"1 tests fail\s+test_cannot_pass"):
        judge(str(module), {"roc_auc_score"}, {"test_is_skipped": "it does not run"})
    for stale in ("test_sees_ours", "test_that_is_not_there"):
        with pytest.raises(AssertionError, match=rf"listed, but they pass or are not there: \['{stale}'\]"):
            judge(str(module), {"roc_auc_score"}, {**listed, stale: "stale"})
    with pytest.raises(AssertionError, match="roc_curve"):
        judge(str(module), {"roc_curve"}, listed)
