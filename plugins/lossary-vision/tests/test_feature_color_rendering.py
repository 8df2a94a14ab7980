"""Rendered features beyond conformance: loops over rays, dark colours, the decoder's gradient, errors."""

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.feature_color_rendering import feature_color_rendering


def rays() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.nn.Linear]:
    generator = torch.Generator().manual_seed(0)
    decoder = torch.nn.Linear(4, 3).double()
    with torch.no_grad():
        decoder.weight.copy_(torch.randn(3, 4, generator=generator))
        decoder.bias.copy_(torch.randn(3, generator=generator))
    weights, features, target = (
        torch.rand(shape, generator=generator, dtype=torch.float64) for shape in ((5, 6), (5, 6, 4), (5, 3))
    )
    return weights, features, target, decoder


def test_equals_loops_over_rays_and_samples():
    weights, features, target, decoder = rays()
    total = 0.0
    for w, f, c in zip(weights, features, target, strict=True):
        rendered = torch.sigmoid(decoder(sum(each * feature for each, feature in zip(w, f, strict=True))))
        direct = sum(each * torch.sigmoid(decoder(feature)) for each, feature in zip(w, f, strict=True))
        total += (rendered - c).abs().mean() / 5 + 0.3 * (direct - c).abs().mean() / 5
    found = feature_color_rendering(
        weights, features, target, lambda given: torch.sigmoid(decoder(given)), direct_weight=0.3
    )
    torch.testing.assert_close(found, total)


def test_dark_samples_teach_the_weights_through_their_features():
    weights = torch.tensor([[0.5, 0.5]], requires_grad=True)
    features = torch.tensor([[[-1.0] * 3, [-2.0] * 3]])  # a rectifier decodes both as black
    target = torch.ones(1, 3)
    only_direct = (weights.unsqueeze(-1) * features.relu()).sum(1).sub(target).abs().mean()
    (none,) = torch.autograd.grad(only_direct, weights)
    loss = feature_color_rendering(weights, features, target, torch.nn.functional.softplus, direct_weight=0.0)
    (gradient,) = torch.autograd.grad(loss, weights)
    assert not none.any()
    assert gradient.all()


def test_the_decoder_learns():
    weights, features, target, decoder = rays()
    feature_color_rendering(weights, features, target, decoder).backward()
    assert decoder.weight.grad.any()


WEIGHTS, FEATURES, TARGET, DECODER = rays()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((WEIGHTS[0], FEATURES, TARGET, DECODER), {}, ShapeError, "weights"),
        ((WEIGHTS, FEATURES[:, :2], TARGET, DECODER), {}, ShapeError, "features"),
        ((WEIGHTS, FEATURES, TARGET[:, :2], DECODER), {}, ShapeError, "target"),
        ((WEIGHTS, FEATURES, TARGET, torch.sigmoid), {}, ShapeError, "decoder"),
        ((WEIGHTS, FEATURES, TARGET, None), {}, DtypeError, "decoder"),
        ((WEIGHTS, FEATURES, TARGET, DECODER), {"direct_weight": -1.0}, InvalidInputError, "direct_weight"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        feature_color_rendering(*arguments, **options)
