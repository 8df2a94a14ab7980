"""A student too simple for its teacher: the weights decide between samples missed and samples invented."""

import pytest
import torch


def test_weights_that_grow_with_the_ratio_of_densities_miss_less_and_invent_more(loop):
    result = loop("f_divergence_weight").compare(steps=200)
    assert result.kl.missed < result.jensen_shannon.missed < result.reverse_kl.missed
    assert result.kl.invented > result.jensen_shannon.invented > result.reverse_kl.invented


@pytest.mark.parametrize("of", ["teacher", "student"])
def test_scores_are_gradients_of_logarithms_of_densities(loop, of):
    script = loop("f_divergence_weight")
    draws = torch.Generator().manual_seed(0)
    points, places = (torch.randn(each, 2, generator=draws) for each in (5, 9))
    points.requires_grad_()
    known = places if of == "teacher" else torch.nn.Linear(2, 2)
    log_density, score = getattr(script, of)(points, known)
    (wanted,) = torch.autograd.grad(log_density.sum(), points)
    torch.testing.assert_close(score, wanted, rtol=1e-4, atol=1e-4)
