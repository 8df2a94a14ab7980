"""The clustering loop: targets that know the sizes of clusters keep them from emptying."""


def test_targets_of_the_tool_keep_small_clusters_larger(loop):
    found = loop("cluster_target_distribution").compare(seed=0, steps=200)
    assert found.even.smallest > found.surer.smallest
    assert found.even.mutual_information > found.k_means.mutual_information
