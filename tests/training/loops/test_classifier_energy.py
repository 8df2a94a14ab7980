"""Energies under attack: adversarial training holds them together."""

import pytest
import torch
from torch.nn import functional


def test_adversarial_training_lessens_what_an_attack_does_to_energies(loop):
    plain, adversarial = (seen[-1] for seen in loop("classifier_energy").compare(steps=200))
    assert plain.joint > adversarial.joint > 0
    assert plain.joint - plain.marginal > adversarial.joint - adversarial.marginal > 0
    assert adversarial.robust_test > plain.robust_test + 0.1


def test_the_difference_of_the_energies_is_the_rise_of_cross_entropy(loop):
    script, handwritten = loop("classifier_energy"), loop("handwritten")
    train, test = handwritten.digits()
    model = handwritten.network()
    seen, attacked = script.look(model, train, test), script.attacked(model, train)
    with torch.no_grad():
        before, after = (
            functional.cross_entropy(model(pixels), train.digit) for pixels in (train.pixels, attacked)
        )
    assert seen.joint - seen.marginal == pytest.approx(float(after - before), abs=1e-5)


def test_an_attack_stays_within_its_bound(loop):
    script, handwritten = loop("classifier_energy"), loop("handwritten")
    train, _ = handwritten.digits()
    pixels = script.attacked(handwritten.network(), train)
    assert pixels.min() >= 0
    assert pixels.max() <= 1
    assert (pixels - train.pixels).abs().max() <= script.BOUND + 1e-6
