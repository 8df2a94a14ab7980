"""Cluster targets: goldens, loops, sharpening and balancing, empty clusters, no graph, errors."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.cluster_target_distribution import cluster_target_distribution

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "033-cluster_target_distribution.json")
KINDS = ["depict", "dec"]


def rows(items: int = 8, clusters: int = 3, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(items, clusters, generator=generator, dtype=torch.float64).softmax(1)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    found = cluster_target_distribution(torch.from_numpy(case.inputs["probabilities"]), **case.params)
    np.testing.assert_allclose(found, case.expected["target"], rtol=case.rtol, atol=case.atol)


@given(seed=st.integers(0, 2**16), clusters=st.integers(1, 6), kind=st.sampled_from(KINDS))
@settings(max_examples=25)
def test_equals_plain_loops(seed, clusters, kind):
    given_rows = rows(clusters=clusters, seed=seed)
    size = given_rows.sum(0).tolist()
    for row, found in zip(
        given_rows.tolist(), cluster_target_distribution(given_rows, kind=kind), strict=True
    ):
        weight = [p / math.sqrt(f) if kind == "depict" else p * p / f for p, f in zip(row, size, strict=True)]
        assert found.tolist() == pytest.approx([value / sum(weight) for value in weight])


def test_of_clusters_of_one_size_dec_squares_and_depict_leaves_alone():
    probabilities = torch.tensor([[0.75, 0.25], [0.25, 0.75]])
    assert cluster_target_distribution(probabilities).equal(probabilities)
    sharper = cluster_target_distribution(probabilities, kind="dec")
    torch.testing.assert_close(sharper, torch.tensor([[0.9, 0.1], [0.1, 0.9]]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_cluster_gives_to_a_small_one(kind):
    probabilities = torch.tensor([[0.9, 0.1]] * 9 + [[0.5, 0.5]])
    assert cluster_target_distribution(probabilities, kind=kind)[-1, 1] > 0.7


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_cluster_gets_nothing_and_tiny_probabilities_stay_finite(kind):
    probabilities = torch.tensor([[1.0, 0.0, 1e-38], [1.0, 0.0, 1e-38]])
    target = cluster_target_distribution(probabilities, kind=kind)
    assert target.isfinite().all()
    assert not target[:, 1].any()
    torch.testing.assert_close(target.sum(1), torch.ones(2))


def test_no_items_have_no_targets():
    assert cluster_target_distribution(torch.zeros(0, 3)).shape == (0, 3)


def test_targets_have_no_graph_and_the_dtype_of_the_input():
    probabilities = rows().bfloat16().requires_grad_()
    target = cluster_target_distribution(probabilities)
    assert not target.requires_grad
    assert target.dtype == torch.bfloat16


ROWS = rows()


@pytest.mark.parametrize(
    ("probabilities", "options", "error", "argument"),
    [
        (ROWS[0], {}, ShapeError, "probabilities"),
        (ROWS[:, :0], {}, ShapeError, "probabilities: .*one cluster"),
        (ROWS.int(), {}, DtypeError, "probabilities"),
        (ROWS * 1.1, {}, InvalidInputError, r"probabilities: got a row that adds up to 1\.1"),
        (torch.tensor([[1.5, -0.5]]), {}, InvalidInputError, r"probabilities: got -0\.5"),
        (ROWS * math.nan, {}, InvalidInputError, "probabilities"),
        (ROWS, {"kind": "idec"}, InvalidInputError, "kind"),
    ],
)
def test_bad_input_is_named(probabilities, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        cluster_target_distribution(probabilities, **options)
