"""The loop of views: batches of clusters have harder negatives."""


def test_negatives_of_clusters_are_harder(loop):
    found = loop("clustered_batches").compare(seed=0, epochs=6)
    assert found.clustered.hard_negatives > 1.2 * found.random.hard_negatives
