"""The loop of two teachers."""


def test_both_teachers_become_equally_sure(loop):
    fixed, balanced = loop("entropy_balance_step").compare(seed=1, steps=300)
    assert fixed.robust_temperature == fixed.clean_temperature == 1
    assert balanced.clean_temperature > 1.2
    apart = [found.robust_entropy - found.clean_entropy for found in (fixed, balanced)]
    assert abs(apart[1]) < 0.5 * apart[0]
