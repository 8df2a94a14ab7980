"""Masked feature MSE: what the mask selects, at its own size and resized, and errors."""

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.masked_feature_mse import masked_feature_mse


def features(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


PREDICTION, TARGET = features(2, 3, 4, 4), features(2, 3, 4, 4, seed=1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(6,), (3, 4), (2, 3, 2)])
def test_a_mask_of_the_features_size_selects_them(seed, shape):
    prediction, target = features(2, 3, *shape, seed=seed), features(2, 3, *shape, seed=seed + 1)
    mask = features(2, 1, *shape, seed=seed + 2) > 0
    chosen = mask.expand_as(prediction)
    wanted = (prediction - target)[chosen].square().sum() / chosen.sum().clamp(min=1)
    torch.testing.assert_close(masked_feature_mse(prediction, target, mask), wanted)


def test_a_mask_that_holds_everywhere_changes_nothing():
    plain = torch.nn.functional.mse_loss(PREDICTION, TARGET)
    torch.testing.assert_close(masked_feature_mse(PREDICTION, TARGET), plain)
    torch.testing.assert_close(
        masked_feature_mse(PREDICTION, TARGET, torch.ones(2, 1, 9, 3, dtype=torch.uint8)), plain
    )


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32, torch.float64])
def test_a_mask_is_resized_by_the_nearest_value_whatever_its_dtype(dtype):
    mask = features(2, 1, 8, 8, seed=2) > 0
    torch.testing.assert_close(
        masked_feature_mse(PREDICTION, TARGET, mask.to(dtype)),
        masked_feature_mse(PREDICTION, TARGET, mask[..., ::2, ::2]),
    )


def test_only_the_chosen_places_get_a_gradient():
    prediction = PREDICTION.clone().requires_grad_()
    mask = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    mask[0, 0, 1, 2] = True
    masked_feature_mse(prediction, TARGET, mask).backward()
    assert prediction.grad[0, :, 1, 2].all()
    assert (prediction.grad != 0).sum() == 3


@pytest.mark.parametrize("side", [4, 8])
def test_an_empty_mask_gives_zero_with_a_graph(side):
    prediction = PREDICTION.clone().requires_grad_()
    loss = masked_feature_mse(prediction, TARGET, torch.zeros(2, 1, side, side, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert not prediction.grad.any()


@pytest.mark.parametrize(
    ("prediction", "target", "mask", "error", "message"),
    [
        (PREDICTION, TARGET[:, :, :3], None, ShapeError, "target: got shape"),
        (PREDICTION, TARGET[:, :2], None, ShapeError, "target: got shape"),
        (PREDICTION[0, 0], TARGET[0, 0], None, ShapeError, "prediction: got shape"),
        (PREDICTION, TARGET, torch.ones(2, 3, 4, 4), ShapeError, "mask: got shape"),
        (PREDICTION, TARGET, torch.ones(2, 1, 4), ShapeError, "mask: got shape"),
        (PREDICTION, TARGET, torch.ones(2, 1, 0, 4), ShapeError, "mask: got shape"),
        (PREDICTION, TARGET, torch.full((2, 1, 8, 8), 0.5), InvalidInputError, "mask: got 0.5"),
        (PREDICTION, TARGET, torch.ones(2, 1, 4, 4, dtype=torch.complex64), DtypeError, "mask: got dtype"),
        (*[features(1, 1, 2, 2, 2, 2)] * 2, torch.ones(1), ShapeError, "prediction: got 4 spatial axes"),
    ],
)
def test_bad_input_is_named(prediction, target, mask, error, message):
    with pytest.raises(error, match=message):
        masked_feature_mse(prediction, target, mask)
