"""Likelihood weighting beyond conformance: the ends of the weight, likelihoods of clusters, errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.imbalance.likelihood_weighted import (
    cluster_likelihood,
    likelihood_weight,
    likelihood_weighted,
)


@pytest.mark.parametrize(("eta", "gamma"), [(0.0, 2.0), (0.3, 2.0), (1.0, 5.0), (4.0, 0.5)])
def test_weight_falls_from_one_to_the_floor(eta, gamma):
    weight = likelihood_weight(torch.linspace(0, 1, 11, dtype=torch.float64), eta=eta, gamma=gamma)
    assert weight[0].item() == pytest.approx(1.0)
    assert weight[-1].item() == pytest.approx(eta / (1 + eta))
    assert (weight.diff() < 0).all()


def test_without_sharpness_the_losses_stay_as_they_are():
    loss, likelihood = torch.tensor([1.5, -2.0, 0.5]), torch.tensor([0.0, 0.4, 1.0])
    assert torch.equal(likelihood_weighted(loss, likelihood, gamma=0.0, reduction="none"), loss)


def test_mean_divides_by_the_number_of_samples():
    loss, likelihood = torch.tensor([2.0, 4.0]), torch.tensor([0.0, 1.0])
    assert likelihood_weighted(loss, likelihood, eta=1.0).item() == (2.0 + 2.0) / 2


def test_only_the_losses_receive_a_gradient_and_it_is_their_weight():
    loss = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    likelihood = torch.tensor([0.1, 0.5, 0.9], requires_grad=True)
    likelihood_weighted(loss, likelihood).backward()
    torch.testing.assert_close(loss.grad, likelihood_weight(likelihood) / 3)
    assert likelihood.grad is None


def test_it_weighs_the_gradients_of_any_loss():
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    target, likelihood = torch.tensor([1, 1]), torch.tensor([1.0, 0.0])
    values = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    likelihood_weighted(values, likelihood, eta=0.0, reduction="sum").backward()
    assert not logits.grad[0].any()
    assert logits.grad[1].all()


def test_rounding_above_one_is_one():
    loss = torch.ones(1, dtype=torch.float64)
    above = torch.tensor([1 + 5e-7], dtype=torch.float64)
    assert likelihood_weighted(loss, above, gamma=0.5).item() == 0.5


def test_result_has_the_dtype_of_the_losses():
    loss, likelihood = torch.ones(2), torch.tensor([0.2, 0.3], dtype=torch.float64)
    assert likelihood_weighted(loss, likelihood).dtype == torch.float32


def test_a_common_sample_alone_may_count_nothing():
    assert likelihood_weighted(torch.tensor([3.0]), torch.tensor([1.0]), eta=0.0).item() == 0


def test_cluster_likelihood_is_the_share_of_the_cluster():
    cluster = torch.tensor([3, -1, 3, 3, 10**12, -1, 3])
    shares = cluster_likelihood(cluster)
    torch.testing.assert_close(shares, torch.tensor([4, 2, 4, 4, 1, 2, 4]) / 7)
    torch.testing.assert_close(
        cluster_likelihood(cluster, relative=True), torch.tensor([4, 2, 4, 4, 1, 2, 4]) / 4
    )


@pytest.mark.parametrize("relative", [False, True])
def test_no_cluster_has_no_likelihood(relative):
    assert cluster_likelihood(torch.zeros(0, dtype=torch.int64), relative=relative).shape == (0,)


def test_clusters_must_be_integers_on_one_axis():
    with pytest.raises(DtypeError, match=r"^cluster: "):
        cluster_likelihood(torch.zeros(3))
    with pytest.raises(ShapeError, match=r"^cluster: "):
        cluster_likelihood(torch.zeros(3, 1, dtype=torch.int64))


def test_a_loss_that_is_reduced_already_is_refused_with_the_way_out():
    with pytest.raises(ShapeError, match=r"^loss: got shape \(\); .*reduction='none'"):
        likelihood_weighted(torch.tensor(1.0), torch.tensor([0.5]))


LOSSES, LIKELIHOOD = torch.tensor([0.3, 2.0]), torch.tensor([0.1, 0.4])


@pytest.mark.parametrize(
    ("loss", "likelihood", "options", "error", "argument"),
    [
        (LOSSES.long(), LIKELIHOOD, {}, DtypeError, "loss"),
        (LOSSES * math.nan, LIKELIHOOD, {}, InvalidInputError, "loss"),
        (LOSSES, LIKELIHOOD[:1], {}, ShapeError, "likelihood"),
        (LOSSES, torch.tensor([0, 1]), {}, DtypeError, "likelihood"),
        (LOSSES, torch.tensor([0.5, 1.001]), {}, InvalidInputError, "likelihood"),
        (LOSSES, torch.tensor([0.5, -1e-3]), {}, InvalidInputError, "likelihood"),
        (LOSSES, LIKELIHOOD * math.nan, {}, InvalidInputError, "likelihood"),
        (LOSSES, LIKELIHOOD, {"eta": -1.0}, InvalidInputError, "eta"),
        (LOSSES, LIKELIHOOD, {"gamma": -1.0}, InvalidInputError, "gamma"),
    ],
)
def test_bad_input_is_named(loss, likelihood, options, error, argument):
    with pytest.raises(error, match=rf"^{argument}: "):
        likelihood_weighted(loss, likelihood, **options)
