"""Half symmetry beyond conformance: its distances, which faces count, equal halves, frontness and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.half_symmetry import LOSS, half_symmetry
from lossary.training.facial_frontness import facial_frontness
from torch.nn.functional import cosine_similarity


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    view1, view2 = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    return view1, view2


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_the_distances_of_directions_are_functions_of_the_cosine(seed):
    view1, view2 = batch(seed)
    gap = 1 - cosine_similarity(view1, view2)
    for distance, expected in (
        ("squared_euclidean", 2 * gap),
        ("euclidean", (2 * gap).sqrt()),
        ("cosine", gap),
    ):
        found = half_symmetry(view1, view2, distance=distance, reduction="none")
        torch.testing.assert_close(found, expected)


def test_lengths_count_without_normalize_except_for_the_cosine():
    view1, view2 = batch()
    plain = half_symmetry(view1, view2, normalize=False, reduction="none")
    torch.testing.assert_close(plain, (view1 - view2).square().sum(1))
    torch.testing.assert_close(
        half_symmetry(view1, view2, distance="cosine", normalize=False),
        half_symmetry(view1, view2, distance="cosine"),
    )


def test_only_faces_from_the_threshold_on_count():
    view1, view2 = batch()
    frontness = torch.tensor([0.9, 0.1, 0.5, 0.4, 0.7], dtype=torch.float64)
    values = half_symmetry(view1, view2, reduction="none")
    chosen = half_symmetry(view1, view2, frontness, threshold=0.5, reduction="none")
    assert (chosen != 0).tolist() == [True, False, True, False, True]
    found = half_symmetry(view1, view2, frontness, threshold=0.5)
    torch.testing.assert_close(found, values[[0, 2, 4]].mean())


def test_no_face_that_counts_gives_zero_with_a_graph():
    view1, view2 = batch()
    view1.requires_grad_()
    loss = half_symmetry(view1, view2, torch.zeros(5), threshold=0.5)
    loss.backward()
    assert loss.item() == 0
    assert not view1.grad.any()


@pytest.mark.parametrize("distance", ["squared_euclidean", "euclidean", "cosine"])
def test_equal_halves_have_no_gradient(distance):
    view1 = batch()[0].requires_grad_()
    loss = half_symmetry(view1, view1.detach().clone(), distance=distance)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-11)
    torch.testing.assert_close(view1.grad, torch.zeros_like(view1))


def test_exact_metrics_match_left_halves_with_right_ones():
    rate, accuracy = LOSS.pairs_with
    view1, _ = batch()
    assert rate(view1=view1, view2=view1) == 1.0
    assert accuracy(view1=view1, view2=view1) == 1.0
    assert rate(view1=view1, view2=-view1) == 0.0


def test_frontness_is_zero_beyond_an_eye_and_where_the_eyes_coincide():
    left, right = torch.tensor([0.0, 0.0, 4.0, 1.0]), torch.tensor([4.0, 4.0, 0.0, 1.0])
    nose = torch.tensor([4.0, 9.0, 1.0, 1.0])
    assert facial_frontness(left, right, nose).tolist() == [0.0, 0.0, 0.5, 0.0]


VIEW1, VIEW2 = batch()
FRONT = torch.ones(5)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((VIEW1[:0], VIEW2[:0]), {}, ShapeError, "view1: .*at least one row"),
        ((VIEW1[0], VIEW2[0]), {}, ShapeError, "view1"),
        ((VIEW1, VIEW2[1:]), {}, ShapeError, "view2"),
        ((VIEW1, VIEW2, FRONT[1:]), {}, ShapeError, "frontness"),
        ((VIEW1.int(), VIEW2), {}, DtypeError, "view1"),
        ((VIEW1, VIEW2, FRONT.int()), {}, DtypeError, "frontness"),
        ((VIEW1, VIEW2 * math.nan), {}, InvalidInputError, "view2"),
        ((VIEW1, VIEW2 * 0), {}, InvalidInputError, "view2: got zeros only in row 0"),
        ((VIEW1, VIEW2, FRONT * math.nan), {}, InvalidInputError, "frontness"),
        ((VIEW1, VIEW2), {"threshold": math.nan}, InvalidInputError, "threshold"),
        ((VIEW1, VIEW2), {"distance": "manhattan"}, InvalidInputError, "distance"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        half_symmetry(*inputs, **options)


@pytest.mark.parametrize(
    ("nose", "error"),
    [(FRONT[1:], ShapeError), (FRONT.int(), DtypeError), (FRONT * math.nan, InvalidInputError)],
)
def test_bad_landmarks_are_named(nose, error):
    with pytest.raises(error, match=r"^nose_x"):
        facial_frontness(FRONT, FRONT, nose)
