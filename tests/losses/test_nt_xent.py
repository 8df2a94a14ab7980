"""NT-Xent beyond conformance: a loop oracle, InfoNCE of the same rows, excluded negatives, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.info_nce import info_nce
from lossary.losses.contrastive_learning.nt_xent import LOSS, nt_xent
from torch.nn.functional import normalize as unit


def batch(items: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    view1, view2 = (torch.randn(items, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    return view1, view2


def by_loops(view1, view2, exclude, temperature):
    rows, batch = torch.cat([unit(view1), unit(view2)]), len(view1)
    scores = (rows @ rows.T / temperature).tolist()
    values = []
    for i, row in enumerate(scores):
        partner = (i + batch) % (2 * batch)
        kept = [k for k in range(2 * batch) if k == partner or (k != i and not exclude[i, k])]
        values.append(math.log(sum(math.exp(row[k]) for k in kept)) - row[partner])
    return torch.tensor(values, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), items=st.integers(1, 5), temperature=st.floats(0.1, 2))
@settings(max_examples=25)
def test_equals_plain_loops(seed, items, temperature):
    views = batch(items, seed)
    exclude = torch.rand(2 * items, 2 * items, generator=torch.Generator().manual_seed(seed)) < 0.3
    found = nt_xent(*views, exclude, temperature=temperature, reduction="none")
    torch.testing.assert_close(found, by_loops(*views, exclude, temperature))


def test_is_info_nce_without_the_product_of_a_row_with_itself():
    view1, view2 = batch()
    rows = torch.cat([view1, view2])
    found = nt_xent(view1, view2, reduction="none")
    for i in range(8):
        others = [k for k in range(8) if k != i]
        positive = torch.tensor([[k == (i + 4) % 8 for k in others]])
        torch.testing.assert_close(
            found[i], info_nce(rows[i : i + 1], rows[others], positive, temperature=0.5)
        )


def test_excluding_all_leaves_the_partner():
    views = batch()
    assert nt_xent(*views, torch.ones(8, 8, dtype=torch.bool)).item() == 0


def test_the_views_are_interchangeable():
    view1, view2 = batch()
    torch.testing.assert_close(nt_xent(view1, view2), nt_xent(view2, view1))


def test_the_gradient_is_the_share_less_the_partner():
    view1, view2 = (rows.requires_grad_() for rows in batch())
    nt_xent(view1, view2, normalize=False, temperature=0.7, reduction="sum").backward()
    rows = torch.cat([view1, view2]).detach()
    share = (rows @ rows.T / 0.7).fill_diagonal_(-math.inf).softmax(1)
    slope = (share - torch.eye(8, dtype=torch.float64).roll(4, 0)) / 0.7
    torch.testing.assert_close(torch.cat([view1.grad, view2.grad]), (slope + slope.T) @ rows)


@pytest.mark.parametrize("items", [0, 1])
@pytest.mark.parametrize("temperature", [0.5, 1e-5])
def test_without_negatives_it_is_zero_with_a_graph(items, temperature):
    view1, view2 = batch(items)
    view1.requires_grad_()
    loss = nt_xent(view1, view2, temperature=temperature)
    loss.backward()
    assert loss.item() == 0
    assert not view1.grad.any()


def test_excluded_rows_compile():
    views, exclude = batch(), torch.eye(8, dtype=torch.bool).roll(1, 0)
    compiled = torch.compile(nt_xent, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*views, exclude), nt_xent(*views, exclude))


def test_the_exact_metric_is_the_accuracy_of_the_nearest_neighbour():
    (recall,) = LOSS.pairs_with
    view2 = torch.tensor([[1.0, 0.1], [1.0, 0.0]])
    assert recall(view1=torch.eye(2), view2=view2, exclude=torch.zeros(4, 4)) == 0.0
    assert recall(view1=torch.eye(2), view2=view2.flip(0)) == 1.0


VIEW1, VIEW2 = batch()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((VIEW1, VIEW2[:3]), {}, ShapeError, "view2"),
        ((VIEW1, VIEW2.int()), {}, DtypeError, "view2"),
        ((VIEW1, VIEW2, torch.ones(4, 4, dtype=torch.bool)), {}, ShapeError, "exclude"),
        ((VIEW1, VIEW2, torch.ones(8, 8)), {}, DtypeError, "exclude"),
        ((VIEW1 * math.nan, VIEW2), {}, InvalidInputError, "view1"),
        ((VIEW1.float() * 1e30, VIEW2.float()), {"normalize": False}, InvalidInputError, "view1: .*overflow"),
        ((VIEW1, VIEW2), {"temperature": 0.0}, InvalidInputError, "temperature"),
    ],
)
def test_bad_input_is_named(arguments, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        nt_xent(*arguments, **options)
