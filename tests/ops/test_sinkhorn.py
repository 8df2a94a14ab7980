"""Sinkhorn potentials: margins of the plan, neighbours, a schedule for small entropies, warnings, vmap."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import ConvergenceWarning
from lossary.ops.sinkhorn import sinkhorn_potentials

TIGHT = {"max_iterations": 3000, "tolerance": 1e-12}


def costs(problems: int = 3, points: int = 4, others: int = 5, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(problems, points, others, generator=generator, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), entropy=st.sampled_from([0.2, 1.0, 10.0]))
@settings(max_examples=6)
def test_the_plan_has_uniform_margins(seed, entropy):
    cost = costs(seed=seed)
    f, g = sinkhorn_potentials(cost, entropy=entropy, **TIGHT)
    plan = ((f.unsqueeze(2) + g.unsqueeze(1) - cost) / entropy).exp() / 20
    torch.testing.assert_close(plan.sum(1), torch.full_like(g, 1 / 5), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(plan.sum(2), torch.full_like(f, 1 / 4), rtol=1e-6, atol=1e-9)


def test_one_potential_of_a_set_with_itself_is_that_of_both_sides():
    points = costs(2, 6, 3)
    cost = torch.cdist(points, points).square()
    f, g = sinkhorn_potentials(cost, entropy=0.2, symmetric=True, **TIGHT)
    both = sinkhorn_potentials(cost, entropy=0.2, **TIGHT)
    assert torch.equal(f, g)
    torch.testing.assert_close(f.mean(1) + g.mean(1), both[0].mean(1) + both[1].mean(1))


def test_a_problem_does_not_depend_on_its_neighbours():
    cost = costs()
    cost[1] *= 50  # has a longer schedule
    together = sinkhorn_potentials(cost, entropy=0.2, **TIGHT)
    for index in range(3):
        alone = sinkhorn_potentials(cost[index : index + 1], entropy=0.2, **TIGHT)
        for ours, theirs in zip(together, alone, strict=True):
            torch.testing.assert_close(ours[index], theirs[0], rtol=0, atol=1e-14)


def test_small_entropies_reach_the_cheapest_assignment():
    from itertools import permutations

    cost = costs(1, 5, 5)
    best = min(sum(cost[0, i, j].item() for i, j in enumerate(order)) for order in permutations(range(5)))
    f, g = sinkhorn_potentials(cost, entropy=1e-2, max_iterations=3000, tolerance=1e-6)
    assert 0 < (f.mean() + g.mean()).item() - best / 5 < 1e-2 * math.log(5)


def test_what_has_not_converged_is_told():
    with pytest.warns(ConvergenceWarning, match="3 transport problems"):
        sinkhorn_potentials(costs(), entropy=1e-4, max_iterations=1, tolerance=1e-12)


def test_vmap_is_one_batch_after_the_other():
    stacked = torch.stack([costs(seed=seed) for seed in range(2)])
    mapped = torch.func.vmap(lambda cost: sinkhorn_potentials(cost, entropy=0.1, **TIGHT))(stacked)
    for index in range(2):
        for ours, theirs in zip(
            mapped, sinkhorn_potentials(stacked[index], entropy=0.1, **TIGHT), strict=True
        ):
            torch.testing.assert_close(ours[index], theirs)


def test_it_is_a_proper_operator_and_takes_nothing():
    operator = torch.ops.lossary.sinkhorn_potentials
    for symmetric in (False, True):
        cost = costs(2, 4, 4)
        torch.library.opcheck(operator.default, (cost, 0.5, symmetric, 1000, 1e-9))
    f, g = sinkhorn_potentials(costs()[:0], entropy=0.1, **TIGHT)
    assert (f.shape, g.shape) == ((0, 4), (0, 5))
