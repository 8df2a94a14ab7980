"""Losses of probabilities and decisions against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ((0, 1, 2, 3), (-1, 1, 5, 7), ("b", "a", "d", "c"), (2.0, 0.0, 1.0, 9.0))


@st.composite
def cases(draw):
    """Labels of two to four classes, some of which may be missing; one column for each; weights or None."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, classes = draw(st.integers(1, 20)), draw(st.integers(2, 4))
    names = np.sort(np.asarray(draw(st.sampled_from(NAMES)))[:classes])
    y_true = names[generator.integers(0, draw(st.integers(1, classes)), count)]
    columns = np.round(generator.dirichlet(np.ones(classes), count), draw(st.sampled_from((1, 16))))
    weight = draw(st.sampled_from((None, generator.integers(0, 3, count), generator.random(count))))
    return y_true, columns, names, weight


@settings(max_examples=300)
@given(case=cases(), know=st.booleans(), normalize=st.booleans())
def test_log_loss_agrees(agree, case, know, normalize):
    y_true, proba, names, weight = case
    options = {"sample_weight": weight, "labels": names if know else None}
    agree("log_loss", y_true, proba, normalize=normalize, **options)
    agree("d2_log_loss_score", y_true, proba, **options)
    if len(names) == 2:
        agree("log_loss", y_true, proba[:, 1], normalize=normalize, **options)
        agree("d2_log_loss_score", y_true, proba[:, 1], **options)


@settings(max_examples=100)
@given(case=cases())
def test_losses_of_indicators_agree(agree, case):
    _, proba, _, weight = case
    rows = (proba > 0.3).astype(int)
    for name in ("log_loss", "d2_log_loss_score", "brier_score_loss"):
        agree(name, rows, proba, sample_weight=weight)


@settings(max_examples=300)
@given(case=cases(), know=st.booleans(), axes=st.sampled_from((1, 2)))
def test_hinge_loss_agrees(agree, case, know, axes):
    y_true, columns, names, weight = case
    decision = 4 * columns - 1
    options = {"labels": names[::-1] if know else None, "sample_weight": weight}
    agree("hinge_loss", y_true, decision[:, 0] if axes == 1 else decision, **options)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_log_loss_of_narrow_floats_agrees_to_their_precision(dtype):
    import sklearn.metrics
    from lossary import metrics

    generator = np.random.default_rng(5)
    y_true, proba = generator.integers(0, 2, 50), generator.random(50).astype(dtype)
    ours, theirs = (each.log_loss(y_true, proba) for each in (metrics, sklearn.metrics))
    assert ours == pytest.approx(theirs, rel=50 * float(np.finfo(dtype).eps))
