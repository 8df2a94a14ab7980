"""The loop of views: batches of the sampler have fewer false negatives."""


def test_batches_apart_have_fewer_images_of_the_same_digit(loop):
    found = loop("pseudo_label_batches").compare(seed=0, steps=100)
    assert found.random.false_negatives > 0.09
    assert found.apart.false_negatives < 0.8 * found.random.false_negatives
