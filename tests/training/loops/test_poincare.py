"""The tree of exceptions on two dimensions: it fits the ball better than the plane."""

import torch


def test_the_ball_distorts_the_tree_less_than_the_plane(loop):
    result = loop("poincare").compare(steps=200)
    assert result.ball < 0.9 * result.plane


def test_steps_are_counted_along_inheritance(loop):
    script = loop("poincare")
    tree = [BaseException, Exception, KeyError, LookupError, KeyboardInterrupt]
    steps = script.steps_between(tree)
    assert steps[2].tolist() == [3, 2, 0, 1, 4]
    assert torch.equal(steps, steps.T)
