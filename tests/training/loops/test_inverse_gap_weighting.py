"""The bandit loop: whoever explores learns what greed never hears of."""

import pytest


def test_greed_never_explores_and_weighted_answers_explore_less_as_they_learn(loop):
    script = loop("inverse_gap_weighting")
    early, late = (script.compare(seed=0, steps=steps) for steps in (50, 400))
    assert late.greedy.explored == 0
    assert late.epsilon_greedy.explored == pytest.approx(0.09, abs=0.02)  # nine of the ten answers drawn
    assert 0 < late.weighted.explored < early.weighted.explored / 2
    assert late.weighted.mistakes < early.weighted.mistakes
