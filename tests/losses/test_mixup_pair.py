"""Mixup pair beyond conformance: loops, the clean losses, masks, mixing, proxies and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.contrastive import contrastive
from lossary.losses.metric_learning.mixup_pair import mixup_pair
from lossary.losses.metric_learning.multi_similarity import multi_similarity
from lossary.training.mixed_embeddings import mix, mixed_target
from torch.nn.functional import normalize

BASES = ["contrastive", "binomial_deviance", "multi_similarity"]


def batch(seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    anchors = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    mixed = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    target = torch.rand(5, 6, generator=generator, dtype=torch.float64)
    mask = torch.rand(5, 6, generator=generator) > 0.3
    return anchors, mixed, target.where(target < 0.8, 1.0).where(target > 0.2, 0.0), mask


def by_loops(anchors, mixed, target, mask, base, margin, beta, gamma):
    values = []
    for row, wanted, counts in zip(normalize(anchors), target.tolist(), mask.tolist(), strict=True):
        similar = [
            (float(row @ item), y)
            for item, y, counted in zip(normalize(mixed), wanted, counts, strict=True)
            if counted
        ]
        near = [(y, -beta * (s - margin)) for s, y in similar]
        far = [(1 - y, gamma * (s - margin)) for s, y in similar]
        if base == "contrastive":
            values.append(sum(-y * s + (1 - y) * max(0.0, s - margin) for s, y in similar))
        elif base == "binomial_deviance":
            values.append(sum(w * math.log1p(math.exp(x)) for w, x in near + far))
        else:
            sums = [math.log1p(sum(w * math.exp(x) for w, x in side)) for side in (near, far)]
            values.append(sums[0] / beta + sums[1] / gamma)
    return torch.tensor(values, dtype=torch.float64)


@given(
    seed=st.integers(0, 2**16), base=st.sampled_from(BASES), margin=st.floats(-1, 1), beta=st.floats(0.5, 20)
)
@settings(max_examples=40)
def test_equals_plain_loops(seed, base, margin, beta):
    inputs = batch(seed)
    options = {"base": base, "margin": margin, "beta": beta, "gamma": 2 * beta}
    found = mixup_pair(*inputs, **options, reduction="none")
    torch.testing.assert_close(found, by_loops(*inputs, **options))


def test_clean_items_give_the_clean_losses():
    embeddings, labels = batch()[0], torch.tensor([0, 0, 1, 1, 2])
    target = (labels[:, None] == labels).double()
    inputs = (embeddings, embeddings, target, ~torch.eye(5, dtype=torch.bool))
    torch.testing.assert_close(mixup_pair(*inputs, margin=0.3), contrastive(embeddings, labels, margin=0.3))
    clean = multi_similarity(
        embeddings, labels, alpha=18.0, beta=75.0, mine=False, duplicate_threshold=None, reduction="none"
    )
    found = mixup_pair(*inputs, base="multi_similarity", reduction="none")
    torch.testing.assert_close(found, clean)


@pytest.mark.parametrize("base", ["contrastive", "binomial_deviance"])
def test_a_mixture_of_labels_is_the_mixture_of_losses(base):
    anchors, mixed, _, _ = batch()
    one, other = torch.zeros(5, 6, dtype=torch.float64), torch.eye(5, 6, dtype=torch.float64)
    losses = [mixup_pair(anchors, mixed, target, base=base) for target in (one, other)]
    between = mixup_pair(anchors, mixed, torch.lerp(one, other, 0.25), base=base)
    torch.testing.assert_close(between, torch.lerp(*losses, 0.25))


@pytest.mark.parametrize("base", BASES)
def test_an_anchor_without_a_pair_has_zero_and_stays_in_the_mean(base):
    anchors, mixed, target, _ = batch()
    mask = torch.ones(5, 6, dtype=torch.bool)
    mask[2] = False
    values = mixup_pair(anchors, mixed, target, mask, base=base, reduction="none")
    assert values[2] == 0
    torch.testing.assert_close(mixup_pair(anchors, mixed, target, mask, base=base), values.sum() / 5)
    anchors.requires_grad_()
    mixup_pair(anchors, mixed, target, mask, base=base).backward()
    assert not anchors.grad[2].any()
    assert anchors.grad.isfinite().all()


@pytest.mark.parametrize("base", BASES)
def test_sharp_losses_stay_finite(base):
    anchors, mixed, target, mask = (
        value.float() if value.is_floating_point() else value for value in batch()
    )
    anchors.requires_grad_()
    loss = mixup_pair(anchors, mixed, target, mask, base=base, beta=1e4, gamma=1e6)
    loss.backward()
    assert loss.isfinite()
    assert anchors.grad.isfinite().all()


@pytest.mark.parametrize("coefficient", [0.25, torch.tensor(0.25), torch.tensor([0.25, 1.0, 0.0])])
def test_mixing_interpolates_points_and_labels(coefficient):
    first, second = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    share = torch.as_tensor(coefficient).expand(3)
    expected = share[:, None] * first + (1 - share[:, None]) * second
    torch.testing.assert_close(mix(first, second, coefficient), expected)
    labels, others = torch.tensor([0, 1, 2]), torch.tensor([2, 1, 1])
    target = mixed_target(torch.tensor([1, 2]), labels, others, coefficient)
    torch.testing.assert_close(target[0], torch.stack([torch.tensor(0.0), torch.tensor(1.0), 1 - share[2]]))
    torch.testing.assert_close(target[1], torch.stack([1 - share[0], torch.tensor(0.0), share[2]]))


def test_training_with_mixed_items_pulls_proxies_to_their_classes():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(30) % 3
    points = torch.randn(30, 4, generator=generator) + 5 * torch.eye(3, 4)[labels]
    proxies = torch.randn(3, 4, generator=generator).requires_grad_()
    optimizer = torch.optim.Adam([proxies], lr=0.05)
    for _ in range(100):
        order = torch.randperm(30, generator=generator)
        share = torch.rand(30, generator=generator)
        mixed = mix(points, points[order], share)
        target = mixed_target(torch.arange(3), labels, labels[order], share)
        optimizer.zero_grad()
        mixup_pair(proxies, mixed, target).backward()
        optimizer.step()
    nearest = (points @ normalize(proxies.detach()).T).argmax(1)
    assert nearest.equal(labels)


ANCHORS, MIXED, TARGET, MASK = batch()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((ANCHORS[:0], MIXED, TARGET[:0]), {}, ShapeError, r"anchors: got shape \(0, 4\)"),
        ((ANCHORS, MIXED[:0], TARGET[:, :0]), {}, ShapeError, r"mixed: got shape \(0, 4\)"),
        ((ANCHORS, MIXED[:, 1:], TARGET), {}, ShapeError, "mixed"),
        ((ANCHORS, MIXED, TARGET.T), {}, ShapeError, "target"),
        ((ANCHORS, MIXED, TARGET, MASK[1:]), {}, ShapeError, "mask"),
        ((ANCHORS, MIXED, TARGET, TARGET), {}, DtypeError, "mask"),
        ((ANCHORS, MIXED, TARGET.int()), {}, DtypeError, "target"),
        ((ANCHORS, MIXED, TARGET + 1), {}, InvalidInputError, "target"),
        ((ANCHORS, MIXED * 0, TARGET), {}, InvalidInputError, "mixed: got zeros only in row 0"),
        (
            (ANCHORS * 1e200, MIXED * 1e200, TARGET),
            {"normalize": False},
            InvalidInputError,
            "anchors: .*mixed",
        ),
        ((ANCHORS, MIXED, TARGET), {"base": "triplet"}, InvalidInputError, "base"),
        ((ANCHORS, MIXED, TARGET), {"beta": 0.0}, InvalidInputError, "beta"),
        ((ANCHORS, MIXED, TARGET), {"gamma": -1.0}, InvalidInputError, "gamma"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        mixup_pair(*inputs, **options)


LABELS = torch.tensor([0, 1, 1, 0, 2])


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (lambda: mix(ANCHORS, ANCHORS[1:], 0.5), ShapeError, "second"),
        (lambda: mix(ANCHORS[0], ANCHORS[0], 0.5), ShapeError, "first"),
        (lambda: mix(ANCHORS, ANCHORS, 1.5), InvalidInputError, "coefficient"),
        (lambda: mix(ANCHORS, ANCHORS, torch.ones(3)), ShapeError, "coefficient"),
        (lambda: mixed_target(LABELS, LABELS, LABELS[1:], 0.5), ShapeError, "second_labels"),
        (lambda: mixed_target(LABELS, LABELS.double(), LABELS, 0.5), DtypeError, "first_labels"),
        (lambda: mixed_target(LABELS, LABELS, LABELS, torch.tensor([1])), DtypeError, "coefficient"),
        (lambda: mixed_target(LABELS, LABELS, LABELS, -0.5), InvalidInputError, "coefficient"),
    ],
)
def test_bad_mixtures_are_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
