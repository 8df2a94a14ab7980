"""`agree`: call a metric of lossary and its namesake of scikit-learn, and compare all that comes out."""

import math
import re
import warnings
from typing import Any

import lossary
import numpy as np
import pytest
import sklearn.exceptions
import sklearn.metrics
from lossary import errors, metrics

TOLERANCE = 1e-12
_WARNINGS = {
    errors.UndefinedMetricWarning: "undefined",
    sklearn.exceptions.UndefinedMetricWarning: "undefined",
    UserWarning: "user",
}


def outcome(function: Any, args: tuple, kwargs: dict) -> tuple[Any, set[str]]:
    """The value or the exception, and the kinds of warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function(*args, **kwargs)
        except Exception as error:
            value = error
    kinds = {
        _WARNINGS[each.category]
        for each in caught
        if each.category in _WARNINGS
        # scikit-learn builds other scores on its confusion_matrix and lets this one through.
        and (function.__name__ == "confusion_matrix" or not str(each.message).startswith("A single label"))
    }
    return value, kinds


def assert_same_value(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, tuple):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same_value(one, other)
    elif isinstance(theirs, dict):
        assert [*ours] == [*theirs]
        for key, value in theirs.items():
            assert_same_value(ours[key], value)
    elif theirs is None or isinstance(theirs, str):
        assert ours == theirs
    elif isinstance(theirs, np.ndarray):
        assert (ours.dtype.kind, ours.shape) == (theirs.dtype.kind, theirs.shape)
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)
    else:
        assert type(ours) is float
        both_nan = math.isnan(ours) and math.isnan(theirs)
        assert both_nan or math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


@pytest.fixture(scope="session")
def agree():
    """Compare value, or type of exception, and warnings of a metric with scikit-learn's."""

    def check(name: str, *args: Any, **kwargs: Any) -> Any:
        ours, our_warnings = outcome(getattr(metrics, name), args, kwargs)
        theirs, their_warnings = outcome(getattr(sklearn.metrics, name), args, kwargs)
        if isinstance(theirs, Exception):
            assert isinstance(ours, errors.LossaryError), (name, ours, theirs)
            # Its errors of bad parameters are both; some of its TypeErrors are NumPy's, from deep inside.
            meant = isinstance(theirs, ValueError) and not isinstance(theirs, TypeError)
            wanted = ValueError if meant else (ValueError, TypeError)
            assert isinstance(ours, wanted), (name, ours, theirs)
            assert re.fullmatch(r"[a-z_0-9]+: got .*; wanted .*", str(ours), re.DOTALL), str(ours)
            return ours
        if isinstance(ours, Exception):
            raise ours
        assert_same_value(ours, theirs)
        assert our_warnings == their_warnings
        return ours

    return check


@pytest.fixture
def threads():
    """Set the number of threads, until the test ends."""
    yield lossary.set_num_threads
    lossary.set_num_threads(None)
