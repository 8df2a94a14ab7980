"""The loop of two losses in any unit."""

import torch
from lossary.training.gradient_norm_balance import GradientNormBalance


def test_the_balanced_sum_is_the_same_task_in_every_unit(loop):
    plain, balanced = loop("gradient_norm_balance").compare(seed=1, steps=150)
    for found in balanced:
        assert 0.2 < found.pull < 5
    assert plain[0].pull > 100 * plain[-1].pull
    assert plain[0].test_accuracy > plain[-1].test_accuracy + 0.2
    assert abs(balanced[0].test_accuracy - balanced[-1].test_accuracy) < 0.1
    assert abs(balanced[0].pixel_error - balanced[-1].pixel_error) < 0.01


def test_interrupted_training_goes_on_as_if_it_were_not(loop, tmp_path):
    example, handwritten = loop("gradient_norm_balance"), loop("handwritten")
    train, _ = handwritten.digits(seed=3)
    drawn = handwritten.batches(train, 32, 14, seed=3)

    class Training:
        def __init__(self):
            self.reader = handwritten.network(seed=3, width=16)
            self.artist = handwritten.network(seed=4, width=16, outputs=64)[2]
            self.weights = [*self.reader.parameters(), *self.artist.parameters()]
            self.optimizer = torch.optim.Adam(self.weights, lr=1e-2)
            self.balance = GradientNormBalance(2, every=3)
            self.parts = (self.reader, self.artist, self.optimizer, self.balance)

        def go(self, drawn):
            for batch in drawn:
                self.optimizer.zero_grad()
                self.balance(example.losses(self.reader, self.artist, batch, 16.0), self.weights).backward()
                self.optimizer.step()

    straight, first, second = Training(), Training(), Training()
    straight.go(drawn)
    first.go(drawn[:7])
    torch.save([part.state_dict() for part in first.parts], tmp_path / "state.pt")
    for part, state in zip(second.parts, torch.load(tmp_path / "state.pt"), strict=True):
        part.load_state_dict(state)
    second.go(drawn[7:])
    assert torch.equal(straight.balance.weights, second.balance.weights)
    assert not torch.equal(straight.balance.weights, first.balance.weights)
    assert all(torch.equal(a, b) for a, b in zip(straight.weights, second.weights, strict=True))
