"""Training under wrong labels with nested dropout: what matters is in the first features."""


def test_the_first_features_say_most(loop):
    plain, nested = loop("nested_dropout").compare(steps=500, std=8.0)
    assert nested.right[0] > plain.right[0] + 0.1  # from 4 of 64 features
    assert nested.right[2] > 0.7
    assert nested.right[2] > plain.right[2] + 0.2


def test_two_in_five_labels_are_wrong(loop):
    script = loop("nested_dropout")
    clean, _ = loop("handwritten").digits()
    noisy, wrong = script.with_wrong_labels(clean, seed=0)
    assert (noisy.digit != clean.digit).equal(wrong)
    assert 0.35 < float(wrong.double().mean()) < 0.45
