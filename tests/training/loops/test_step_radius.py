"""The loop with steps that are cut to the safe radius."""


def test_no_step_is_longer_than_the_radius_and_no_loss_is_high(loop):
    example = loop("step_radius")
    whole, safe = example.compare(seed=1, steps=60)
    assert [found.beyond for found in safe] == [0] * len(example.RATES)
    assert whole[-1].beyond > 0.2
    assert safe[-1].highest_loss < 1 < whole[-1].highest_loss


def test_short_steps_are_left_as_they_are(loop):
    example = loop("step_radius")
    assert example.train(0.01, safe=True, seed=1, steps=20) == example.train(
        0.01, safe=False, seed=1, steps=20
    )


def test_the_exact_radius_is_never_below_the_bound(loop):
    for runs in loop("step_radius").compare(seed=2, steps=20):
        assert all(found.exact >= 0.999 for found in runs)
