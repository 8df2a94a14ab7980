"""A matrix as a low-rank part and a few columns."""

from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_compression.low_rank_sparse_split import low_rank_sparse_split

GOLDENS = Path(__file__).parent / "goldens"


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    "case", load_goldens(GOLDENS / "132-low_rank_sparse_split.json").cases, ids=lambda case: case.id
)
def test_golden_splits(case):
    split = low_rank_sparse_split(torch.from_numpy(case.inputs["weight"]), **case.params)
    for name, expected in case.expected.items():
        wanted = torch.tensor(expected, dtype=torch.float64)
        torch.testing.assert_close(getattr(split, name), wanted, rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("shape", [(5, 7), (7, 5)])
@pytest.mark.parametrize("rank", [0, 2, 5])
def test_each_column_more_leaves_less(shape, rank):
    weight, left = drawn(*shape), []
    for channels in range(shape[1] + 1):
        low_rank, sparse = low_rank_sparse_split(weight, rank=rank, channels=channels)
        assert torch.linalg.matrix_rank(low_rank) == rank
        assert int(sparse.any(0).sum()) <= channels
        left.append((weight - low_rank - sparse).norm().item())
    assert left == sorted(left, reverse=True)
    assert left[-1] == pytest.approx(0.0, abs=1e-12)


def test_no_choice_of_as_many_columns_leaves_less():
    weight = drawn(4, 5)
    low_rank, sparse = low_rank_sparse_split(weight, rank=1, channels=2)
    lengths = (weight - low_rank).square().sum(0).sort(descending=True).values
    assert sparse.square().sum().item() == pytest.approx(lengths[:2].sum().item())


def test_equally_long_columns_go_by_index():
    sparse = low_rank_sparse_split(torch.ones(2, 3), rank=0, channels=2).sparse
    assert sparse.tolist() == [[1, 1, 0], [1, 1, 0]]


def test_half_precision_in_and_out():
    weight = drawn(4, 3).half()
    split = low_rank_sparse_split(weight, rank=2, channels=3)
    assert {part.dtype for part in split} == {torch.float16}
    torch.testing.assert_close(split.low_rank + split.sparse, weight, rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    ("weight", "options", "error", "message"),
    [
        (torch.ones(3), {}, ShapeError, "weight: got shape"),
        (torch.ones(2, 2, dtype=torch.int64), {}, DtypeError, "weight: got dtype"),
        (torch.full((2, 2), torch.nan), {}, InvalidInputError, "weight: got 4 values"),
        (torch.ones(2, 3), {"rank": 3}, InvalidInputError, "rank: got 3; wanted 0 to 2"),
        (torch.ones(2, 3), {"channels": 4}, InvalidInputError, "channels: got 4; wanted 0 to 3"),
        (torch.ones(2, 3), {"channels": -1}, InvalidInputError, "channels: got -1"),
        (torch.ones(2, 3), {"rank": 1.0}, DtypeError, "rank: got float"),
    ],
)
def test_bad_arguments_are_named(weight, options, error, message):
    with pytest.raises(error, match=message):
        low_rank_sparse_split(weight, **options)
