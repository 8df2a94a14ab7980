"""Attention by a Gaussian kernel: recorded outputs, plain loops, landmarks, training, errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.gaussian_kernel_attention import gaussian_kernel_attention
from lossary.training.newton_inverse import newton_inverse

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "147-gaussian_kernel_attention.json")


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_outputs(case):
    inputs = {name: torch.from_numpy(array) for name, array in case.inputs.items()}
    wanted = torch.tensor(case.expected["output"], dtype=torch.float64)
    actual = gaussian_kernel_attention(**inputs, **case.params)
    torch.testing.assert_close(actual, wanted, rtol=case.rtol, atol=case.atol)


def test_equals_plain_loops_over_a_batch():
    query, key, value = drawn(2, 3, 4), drawn(2, 5, 4, seed=1), drawn(2, 5, 6, seed=2)
    found = gaussian_kernel_attention(query, key, value, scale=0.6)
    for batch in range(2):
        for row in range(3):
            gaps = (0.6 * query[batch, row] - 0.6 * key[batch]).square().sum(1)
            torch.testing.assert_close(found[batch, row], torch.exp(-gaps / 2) @ value[batch])


def test_a_key_counts_the_same_whatever_the_others_are():
    query, key, value = drawn(3, 4), drawn(5, 4, seed=1), drawn(5, 2, seed=2)
    parts = sum(gaussian_kernel_attention(query, key[[i]], value[[i]]) for i in range(5))
    torch.testing.assert_close(gaussian_kernel_attention(query, key, value), parts)


def test_landmarks_at_every_query_give_the_whole_kernel():
    query, value = drawn(7, 6), drawn(7, 2, seed=1)
    among = gaussian_kernel_attention(query, query, torch.eye(7).double())
    through = newton_inverse(among, iterations=40, ridge=0.0) @ gaussian_kernel_attention(query, query, value)
    approximate = gaussian_kernel_attention(query, query, through)
    torch.testing.assert_close(approximate, gaussian_kernel_attention(query, query, value))


def test_gradients_are_right_where_query_and_key_are_one():
    points, value = drawn(4, 3).requires_grad_(), drawn(4, 2, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda p, v: gaussian_kernel_attention(p, p + 0.1, v), (points, value))
    output = gaussian_kernel_attention(points, points, value)
    assert torch.autograd.grad(output.sum(), points)[0].isfinite().all()


def test_a_loop_learns_where_to_look():
    torch.manual_seed(0)
    key, value = torch.eye(4) * 3, torch.arange(4.0).unsqueeze(1)
    query = torch.randn(1, 4).requires_grad_()
    optimizer = torch.optim.Adam([query], lr=0.1)
    for _ in range(200):
        loss = (gaussian_kernel_attention(query, key, value) - 2.0).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 1e-4


def test_half_precision_is_computed_in_single_precision():
    query, key, value = (drawn(3, 4, seed=seed).bfloat16() for seed in range(3))
    found = gaussian_kernel_attention(query, key, value)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(
        found, gaussian_kernel_attention(query.float(), key.float(), value.float()).bfloat16()
    )


def test_no_queries_give_no_rows():
    assert gaussian_kernel_attention(torch.zeros(0, 4), torch.ones(2, 4), torch.ones(2, 3)).shape == (0, 3)


ROWS = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("tensors", "options", "error", "argument"),
    [
        ((ROWS[0], ROWS, ROWS), {}, ShapeError, "query"),
        ((ROWS, ROWS[:, :2], ROWS), {}, ShapeError, "key"),
        ((ROWS, ROWS[:0], ROWS[:0]), {}, ShapeError, "key"),
        ((ROWS, ROWS.unsqueeze(0), ROWS), {}, ShapeError, "key"),
        ((ROWS, ROWS, ROWS[:1]), {}, ShapeError, "value"),
        ((ROWS.long(), ROWS, ROWS), {}, DtypeError, "query"),
        ((ROWS, ROWS * math.nan, ROWS), {}, InvalidInputError, "key"),
        ((ROWS, ROWS, ROWS), {"scale": 0.0}, InvalidInputError, "scale"),
    ],
)
def test_bad_input_is_named(tensors, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        gaussian_kernel_attention(*tensors, **options)
