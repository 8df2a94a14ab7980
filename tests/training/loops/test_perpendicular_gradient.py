"""The loop that goes on after every row is right."""


def test_weights_stay_as_long_and_the_softmax_alive(loop):
    plain, perpendicular = loop("perpendicular_gradient").compare(seed=1, steps=400)
    assert plain.train_accuracy == perpendicular.train_accuracy == 1
    assert perpendicular.collapsed < plain.collapsed
    assert perpendicular.length < plain.length
