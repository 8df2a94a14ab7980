"""Training with learned heights of the activation: silent units wake, and what was saved goes on."""

import torch
from lossary.training.correction_regularized_relu import CorrectionRegularizedReLU
from torch.nn import functional


def test_units_that_no_image_lifts_wake_up(loop):
    relu, corrected = loop("correction_regularized_relu").compare(steps=200)
    assert relu.silent_before == corrected.silent_before
    assert corrected.silent < relu.silent
    assert corrected.right > relu.right + 0.2
    assert relu.heights == ()
    assert all(height != 0.01 for height in corrected.heights)


def test_training_that_was_saved_in_the_middle_goes_on_as_without_a_break(loop):
    script, handwritten = loop("correction_regularized_relu"), loop("handwritten")
    steps = handwritten.batches(handwritten.digits()[0], 16, 20)

    def start():
        model = script.network(CorrectionRegularizedReLU, bias=0.0, seed=0)
        return model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def train(model, optimizer, batches):
        for batch in batches:
            optimizer.zero_grad()
            functional.cross_entropy(model(batch.pixels), batch.digit).backward()
            optimizer.step()

    straight, halves, restored = start(), start(), start()
    train(*straight, steps)
    train(*halves, steps[:10])
    for new, old in zip(restored, halves, strict=True):
        new.load_state_dict(old.state_dict())
    train(*restored, steps[10:])
    wanted, found = straight[0].state_dict(), restored[0].state_dict()
    assert all(wanted[name].equal(found[name]) for name in wanted)
    assert wanted["1.epsilon"].item() != 0.01
