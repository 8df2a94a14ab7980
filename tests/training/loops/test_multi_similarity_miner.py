"""The loop of miners: what each keeps, and what whiskers leave out."""


def test_miners_keep_few_pairs_and_whiskers_drop_negatives_that_are_none(loop):
    found = loop("multi_similarity_miner").compare(seed=0, steps=120)
    assert found.every_pair.kept == 1
    assert found.mined.kept < 0.8
    assert found.mined.wrong_negatives > found.every_pair.wrong_negatives
    assert found.within_whiskers.wrong_negatives < found.mined.wrong_negatives
