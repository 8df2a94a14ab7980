"""The loop of bad pairs: those that were spoiled count less, and a checkpoint goes on."""

import copy

import torch
from lossary.training.dynamic_bad_pair_weights import DynamicBadPairMining


def test_spoiled_pairs_count_less_than_good_ones(loop):
    found = loop("dynamic_bad_pair_weights").compare(seed=0, epochs=14)
    assert found.alike[:2] == (1, 1)
    assert found.weighed.pulled < found.alike.pulled
    assert found.weighed.faulty < 0.6 < 0.95 < found.weighed.good


def test_training_goes_on_from_a_checkpoint_as_if_straight_through(loop):
    script, handwritten = loop("dynamic_bad_pair_weights"), loop("handwritten")
    pairs = script.spoiled(handwritten.digits()[0], seed=0)

    def started():
        model = handwritten.network()
        mining = DynamicBadPairMining(len(pairs.first), 6, 1, bounded=True)
        return model, torch.optim.Adam(model.parameters(), lr=0.01), mining

    straight, interrupted, resumed = started(), started(), started()
    weights = script.train(*straight, pairs, range(6))
    script.train(*interrupted, pairs, range(3))
    for new, old in zip(resumed, interrupted, strict=True):
        new.load_state_dict(copy.deepcopy(old.state_dict()))
    assert torch.equal(script.train(*resumed, pairs, range(3, 6)), weights)
    assert bool((weights < 1).any())
    for mine, theirs in zip(resumed[0].parameters(), straight[0].parameters(), strict=True):
        assert torch.equal(mine, theirs)
