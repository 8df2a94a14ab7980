"""Masks of the strongest channels, and gates that learn them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_compression.heatmap_mass_mask import heatmap_mass_mask, top_fraction_mask
from lossary_compression.mask_prediction import gates, mask_prediction
from torch.nn import functional

GOLDENS = Path(__file__).parent / "goldens"
BAD = [
    (torch.ones(3), ShapeError, "features: got shape"),
    (torch.ones(0, 3, 2), ShapeError, "features: got shape"),
    (torch.ones(2, 0), ShapeError, "features: got shape"),
    (torch.ones(2, 3, dtype=torch.int64), DtypeError, "features: got dtype"),
    (torch.tensor([[1.0, torch.nan]]), InvalidInputError, "features: got 1 values"),
]


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    "case", load_goldens(GOLDENS / "023-heatmap_mass_mask.json").cases, ids=lambda case: case.id
)
def test_golden_masks(case):
    mask = heatmap_mass_mask(torch.from_numpy(case.inputs["features"]), **case.params)
    np.testing.assert_array_equal(mask, case.expected["mask"])


@pytest.mark.parametrize("mass", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_kept_channels_are_those_whose_running_share_stays_within_the_mass(seed, mass):
    features = drawn(4, 6, 3, 2, seed=seed)
    wanted = torch.zeros(4, 6, dtype=torch.bool)
    for row, image in enumerate(features.abs().amax((2, 3))):
        total = 0.0
        for channel in sorted(range(6), key=lambda c: -image[c]):
            total += float(image[channel] / image.sum())
            wanted[row, channel] = total - mass <= 1e-5
    assert torch.equal(heatmap_mass_mask(features, mass=mass), wanted)


def test_equally_strong_channels_are_kept_by_index():
    assert heatmap_mass_mask(torch.ones(1, 4), mass=0.5).tolist() == [[True, True, False, False]]


def test_nothing_is_kept_where_one_channel_has_more_than_the_mass():
    assert not heatmap_mass_mask(torch.tensor([[9.0, 1.0]]), mass=0.8).any()


def test_below_zero_all_channels_are_kept():
    assert heatmap_mass_mask(torch.zeros(2, 3), mass=-1.0).all()


@pytest.mark.parametrize("mass", [0.5, 1.0])
def test_an_image_without_activation_keeps_nothing_and_has_a_finite_loss(mass):
    features = torch.stack([torch.zeros(3, 2), torch.ones(3, 2)])
    assert heatmap_mass_mask(features, mass=mass).any(1).tolist() == [False, True]
    assert mask_prediction(torch.zeros(2, 3), features, mass=mass).isfinite()


@pytest.mark.parametrize("scale", [1e-37, 3e38])
def test_masks_do_not_depend_on_the_scale_of_features(scale):
    features = drawn(4, 6).float()
    features = features / features.abs().max()
    live = features.abs() > 0.1
    features = features.where(live, 0.0)
    assert torch.equal(heatmap_mass_mask(scale * features), heatmap_mass_mask(features))


def test_masks_go_with_half_precision_and_vmap():
    features = drawn(2, 4, 6)
    assert torch.equal(
        heatmap_mass_mask(features[0].half(), mass=0.6),
        heatmap_mass_mask(features[0].half().float(), mass=0.6),
    )
    mapped = torch.func.vmap(heatmap_mass_mask)(features)
    assert torch.equal(mapped, torch.stack([heatmap_mass_mask(each) for each in features]))


def test_a_fraction_drops_the_weakest_and_the_dead():
    features = torch.tensor([[0.5, 0.5, 3.0, 0.1], [0.0, 0.0, 0.0, 1.0]])
    kept = top_fraction_mask(features, pruning_ratio=0.5)
    assert kept.tolist() == [[False, True, True, False], [False, False, False, True]]
    assert not top_fraction_mask(features, pruning_ratio=1.0).any()
    with pytest.raises(InvalidInputError, match=r"pruning_ratio: got 1\.5"):
        top_fraction_mask(features, pruning_ratio=1.5)


@pytest.mark.parametrize(("features", "error", "message"), BAD)
def test_bad_features_are_named(features, error, message):
    with pytest.raises(error, match=message):
        heatmap_mass_mask(features)
    with pytest.raises(error, match=message):
        top_fraction_mask(features, pruning_ratio=0.5)
    with pytest.raises(error, match=message):
        mask_prediction(torch.zeros(1, 2), features)


def test_tolerance_is_zero_or_above():
    with pytest.raises(InvalidInputError, match="tolerance"):
        heatmap_mass_mask(torch.ones(1, 2), tolerance=-1.0)


def test_loss_sums_channels_and_leaves_features_alone():
    logits, features = drawn(4, 6), drawn(4, 6, 3, seed=1).requires_grad_()
    target = heatmap_mass_mask(features, mass=0.7).double()
    wanted = functional.binary_cross_entropy_with_logits(logits, target) * 6
    loss = mask_prediction(logits, features, mass=0.7)
    torch.testing.assert_close(loss, wanted)
    assert not loss.requires_grad


def test_gates_learn_the_mask():
    features = drawn(1, 6, 3).expand(8, 6, 3)
    logits = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=1.0)
    for _ in range(20):
        optimizer.zero_grad()
        mask_prediction(logits.expand(8, 6), features).backward()
        optimizer.step()
    truth, gate = gates(logits.detach().expand(8, 6).numpy(), features.numpy())
    assert (truth == gate).all()


def test_logits_must_fit_the_features():
    with pytest.raises(ShapeError, match=r"logits: got shape \(2, 4\)"):
        mask_prediction(torch.zeros(2, 4), torch.ones(2, 3, 5))
