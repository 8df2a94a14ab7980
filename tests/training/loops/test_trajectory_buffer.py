"""The loop with a past: its minima are flatter, and a checkpoint goes on."""

import copy

import torch
from lossary.training.trajectory_buffer import TrajectoryBuffer


def test_the_past_makes_minima_flatter(loop):
    found = loop("trajectory_buffer").compare(seed=0, epochs=16)
    assert found.held.sharpness < found.plain.sharpness


def test_training_goes_on_from_a_checkpoint_as_if_straight_through(loop):
    script, handwritten = loop("trajectory_buffer"), loop("handwritten")
    images = script.wrong_labels(handwritten.digits()[0], seed=0)

    def started():
        model = handwritten.network()
        buffer = TrajectoryBuffer(len(images.digit), classes=10, delay=3)
        return model, torch.optim.Adam(model.parameters(), lr=0.01), buffer

    straight, interrupted, resumed = started(), started(), started()
    script.train(*straight, images, range(10), weight=0.3)
    script.train(*interrupted, images, range(7), weight=0.3)
    for new, old in zip(resumed, interrupted, strict=True):
        new.load_state_dict(copy.deepcopy(old.state_dict()))
    script.train(*resumed, images, range(7, 10), weight=0.3)
    for mine, theirs in zip(resumed[0].parameters(), straight[0].parameters(), strict=True):
        assert torch.equal(mine, theirs)
