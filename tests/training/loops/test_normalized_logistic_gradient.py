"""The loop that separates two digits."""


def test_the_normalized_gradient_separates_where_the_plain_one_fades(loop):
    example = loop("normalized_logistic_gradient")
    plain, normalized = example.compare(seed=1, steps=700)
    assert example.STEP_SIZES[:2] == (1.0, 10.0)
    assert plain[:2] == [None, None]
    assert all(step is not None for step in normalized)
