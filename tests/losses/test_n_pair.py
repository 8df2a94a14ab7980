"""N-pair beyond conformance: loops, its special cases, missing sides, sharp scales and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.n_pair import n_pair


def batch(items: int = 9, groups: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(groups, (items,), generator=generator)


@given(seed=st.integers(0, 2**16), groups=st.integers(1, 9), scale=st.floats(0.1, 30))
@settings(max_examples=25)
def test_equals_plain_loops(by_loops, seed, groups, scale):
    embeddings, labels = batch(groups=groups, seed=seed)

    def value(near, far):
        terms = [math.log1p(sum(math.exp(scale * (b - a)) for b in far)) for a in near]
        return sum(terms) / max(len(terms), 1)

    found = n_pair(embeddings, labels, scale=scale, reduction="none")
    torch.testing.assert_close(found, by_loops(embeddings, labels, value))


def test_with_one_positive_it_is_a_cross_entropy():
    embeddings, _ = batch(6)
    labels = torch.tensor([0, 0, 1, 2, 3, 4])
    similarity = embeddings @ embeddings.T
    expected = torch.nn.functional.cross_entropy(similarity[:1, 1:], torch.tensor([0]))
    found = n_pair(embeddings, labels, normalize=False, reduction="none")
    torch.testing.assert_close(found[0], expected)


@pytest.mark.parametrize("labels", [[0], [0, 0, 0], [0, 1, 2]], ids=["one_item", "one_class", "all_differ"])
def test_a_missing_side_gives_zero_with_a_graph(labels):
    embeddings = batch(len(labels))[0].requires_grad_()
    loss = n_pair(embeddings, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


def test_a_sharp_scale_is_the_hardest_violation():
    embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [0.0, 1.0]], requires_grad=True)
    value = n_pair(embeddings, torch.tensor([0, 0, 1, 2]), scale=1e5, reduction="none")[0]
    value.backward()
    assert value.item() == pytest.approx(0.2e5, rel=1e-4)
    assert embeddings.grad.isfinite().all()


EMBEDDINGS, LABELS = batch()


@pytest.mark.parametrize(
    ("embeddings", "labels", "options", "error", "argument"),
    [
        (EMBEDDINGS[:0], LABELS[:0], {}, ShapeError, r"embeddings: got shape \(0, 4\)"),
        (EMBEDDINGS[0], LABELS, {}, ShapeError, "embeddings"),
        (EMBEDDINGS, LABELS[1:], {}, ShapeError, "labels"),
        (EMBEDDINGS, LABELS.double(), {}, DtypeError, "labels"),
        (EMBEDDINGS.int(), LABELS, {}, DtypeError, "embeddings"),
        (EMBEDDINGS * math.nan, LABELS, {}, InvalidInputError, "embeddings"),
        (EMBEDDINGS * 0, LABELS, {}, InvalidInputError, "embeddings: got zeros only in row 0"),
        (EMBEDDINGS * 1e200, LABELS, {"normalize": False}, InvalidInputError, "embeddings: .*overflow"),
        (EMBEDDINGS, LABELS, {"scale": 0.0}, InvalidInputError, "scale"),
    ],
)
def test_bad_input_is_named(embeddings, labels, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        n_pair(embeddings, labels, **options)
