"""The loop of rare positives: no batch is idle, and a checkpoint goes on."""

import copy

import pytest
import torch
from lossary.training.score_queue import ScoreQueue


def test_the_queue_learns_from_batches_without_a_positive(loop):
    found = loop("score_queue").compare(seed=0, steps=150)
    assert found.batch.idle > 0.5
    assert found.queue.idle < 0.1


def test_training_goes_on_from_a_checkpoint_as_if_straight_through(loop):
    script, handwritten = loop("score_queue"), loop("handwritten")
    images = script.rare_eights(handwritten.digits()[0])
    drawn = handwritten.batches(images, 16, 40)

    def started():
        model = handwritten.network(outputs=1)
        return model, torch.optim.Adam(model.parameters(), lr=0.01), ScoreQueue(200)

    straight, interrupted, resumed = started(), started(), started()
    losses = script.train(*straight, drawn)
    before = script.train(*interrupted, drawn[:20])
    for new, old in zip(resumed, interrupted, strict=True):
        new.load_state_dict(copy.deepcopy(old.state_dict()))
    # The summary of the queue is made anew, from the same scores: equal to rounding.
    assert before + script.train(*resumed, drawn[20:]) == pytest.approx(losses, rel=1e-5)
    for mine, theirs in zip(resumed[0].parameters(), straight[0].parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)
