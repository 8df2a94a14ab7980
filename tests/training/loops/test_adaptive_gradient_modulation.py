"""The loop of two halves of a digit."""


def test_the_half_that_runs_ahead_is_slowed(loop):
    plain, modulated = loop("adaptive_gradient_modulation").compare(seed=1, steps=300)
    assert plain.slowing == 1
    assert modulated.slowing < 0.95
    assert modulated.gap < plain.gap
