"""The loop of images and attacked images."""


def test_what_lags_counts_more_and_comes_down_further(loop):
    equal, balanced = loop("normalized_loss_balance_step").compare(seed=1, steps=300)
    assert equal.attacked_weight == 0.5
    assert balanced.attacked_weight > 0.6
    assert balanced.attacked_left < equal.attacked_left
