"""Linear heads from a few labels: the one of naive Bayes knows the classes before the first step."""

import pytest


@pytest.mark.parametrize(("data", "share"), [("wine", 0.8), ("digits", 0.6)])
def test_naive_bayes_is_a_start(loop, data, share):
    result = loop("gaussian_naive_bayes").compare(data=data, labels=3, draws=3)
    assert result.from_zero[0] < 0.5
    assert result.from_bayes[0] > share
    assert result.from_bayes[0] > result.from_zero[0] + 0.3


def test_labels_are_drawn_from_each_class(loop):
    script = loop("gaussian_naive_bayes")
    _, target = script.load("wine")
    known = script.draw(target, 4, seed=1)
    assert target[known].bincount().tolist() == [4, 4, 4]
