"""Hinges from sorted scores: their sums, and which pairs they count."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.ops import sorted_hinges
from lossary.ops.sorted_hinges import SortedRows, hinge

exact_scores = st.floats(-4, 4) | st.sampled_from([0.1, 0.2, 0.3, 0.7, 0.8, 1.1, 1e-17, -1e-17, 1e-300, 0.0])


@settings(max_examples=300)
@given(
    samples=st.lists(st.tuples(exact_scores, st.booleans(), st.integers(-3, 3)), min_size=1, max_size=12),
    margin=st.sampled_from(
        [Fraction(1, 10), Fraction(0.1), Fraction(0.7) * Fraction(0.3), Fraction(-1), Fraction(0)]
    ),
)
def test_counts_pairs_by_exact_arithmetic(samples, margin):
    samples = sorted(samples)
    score, positive, mass = (
        torch.tensor([column], dtype=torch.float64) for column in zip(*samples, strict=True)
    )
    _, slopes = hinge(SortedRows(score, positive != 0, mass), margin, 1)
    for slope, (own, own_class, _) in zip(slopes[0].tolist(), samples, strict=True):
        sign = 1 if own_class else -1
        others = [(Fraction(score), mass) for score, positive, mass in samples if positive != own_class]
        assert slope == sum(mass for score, mass in others if margin + sign * (score - Fraction(own)) > 0)


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("spread", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("run", [1, 7, 1024])
def test_sums_keep_their_digits(monkeypatch, degree, spread, run):
    monkeypatch.setattr(sorted_hinges, "_RUN", run)
    generator = torch.Generator().manual_seed(0)
    score = (torch.randn(3, 200, generator=generator, dtype=torch.float64) * spread + 1e3).sort().values
    positive, mass = (
        torch.rand(3, 200, generator=generator) > 0.6,
        torch.rand(3, 200, generator=generator).double(),
    )
    value, slope = hinge(SortedRows(score, positive, mass), Fraction(0.3), degree)
    excess = (score.unsqueeze(1) - score.unsqueeze(2) + 0.3).relu()  # rows, positives, negatives
    own, other = (mass * positive).unsqueeze(2), (mass * ~positive).unsqueeze(1)
    torch.testing.assert_close(value, (own * other * excess**degree).sum((1, 2)), rtol=1e-13, atol=0)
    slopes = degree * (excess if degree == 2 else (excess > 0).double())
    expected = torch.where(positive, (slopes * other).sum(2), (slopes * own).sum(1))
    torch.testing.assert_close(slope, expected, rtol=0, atol=1e-13 * float(expected.max()))
