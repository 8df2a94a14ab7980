"""Sparse signals from few measurements: two losses, and the networks that they train."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import normalized_mean_squared_error
from lossary_compression.l0_least_squares import l0_least_squares
from lossary_compression.lasso import lasso
from lossary_compression.unfolded_iht import unfolded_iht
from lossary_compression.unfolded_ista import soft_threshold, unfolded_ista

GOLDENS = Path(__file__).parent / "goldens"
NETWORKS = [unfolded_ista, unfolded_iht]
LOSSES = [lasso, l0_least_squares]
GOLDEN_CASES = [
    pytest.param(network, case, id=f"{network.__name__}-{case.id}")
    for network in NETWORKS
    for case in load_goldens(GOLDENS / f"043-{network.__name__}.json").cases
]


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def problem(rows: int = 64, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Signals with three of twenty entries that are not 0, twelve measurements of each, and the matrix."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(12, 20, generator=generator, dtype=torch.float64) / 12**0.5
    places = torch.rand(rows, 20, generator=generator).argsort(1)[:, :3]
    values = torch.randn(rows, 3, generator=generator, dtype=torch.float64)
    signal = torch.zeros(rows, 20, dtype=torch.float64).scatter(1, places, values)
    return signal, signal @ matrix.T, matrix


@pytest.mark.parametrize(("network", "case"), GOLDEN_CASES)
def test_golden_solutions_and_their_gradients(network, case):
    leaves = {name: torch.from_numpy(value).requires_grad_() for name, value in case.inputs.items()}
    solution = network(**leaves, **case.params)
    torch.testing.assert_close(
        solution.detach(),
        torch.tensor(case.expected["solution"], dtype=torch.float64),
        rtol=case.rtol,
        atol=case.atol,
    )
    solution.sum().backward()
    for name, gradient in case.grad.items():
        torch.testing.assert_close(
            leaves[name].grad, torch.from_numpy(gradient), rtol=case.rtol, atol=case.atol
        )


@given(seed=st.integers(0, 2**16), share=st.floats(0, 1))
@settings(max_examples=20)
def test_lasso_is_convex_in_the_signal(seed, share):
    left, right, measurement, matrix = (
        drawn(*shape, seed=seed + place) for place, shape in enumerate([(3, 6), (3, 6), (3, 4), (4, 6)])
    )
    ends = [lasso(signal, measurement, matrix, reduction="none") for signal in (left, right)]
    between = lasso(torch.lerp(left, right, share), measurement, matrix, reduction="none")
    assert (between <= torch.lerp(*ends, share) + 1e-9).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_without_a_penalty_it_is_half_the_squared_misfit(loss):
    prediction, measurement, matrix = drawn(3, 6), drawn(3, 4, seed=1), drawn(4, 6, seed=2)
    wanted = 0.5 * (measurement - prediction @ matrix.T).square().sum(1).mean()
    torch.testing.assert_close(loss(prediction, measurement, matrix, penalty=0.0), wanted)


def test_the_count_adds_to_the_value_and_not_to_the_gradient():
    prediction = drawn(2, 6)
    prediction[0, :4] = 0.0
    prediction.requires_grad_()
    measurement, matrix = drawn(2, 4, seed=1), drawn(4, 6, seed=2)
    values = [
        l0_least_squares(prediction, measurement, matrix, penalty=penalty, reduction="none")
        for penalty in (0.0, 0.5)
    ]
    assert (values[1] - values[0]).tolist() == pytest.approx([1.0, 3.0])
    gradients = [torch.autograd.grad(value.sum(), prediction)[0] for value in values]
    torch.testing.assert_close(gradients[0], gradients[1])


def test_many_safe_steps_reach_the_least_lasso():
    _, measurement, matrix = problem(4)
    step = 1 / torch.linalg.matrix_norm(matrix, 2) ** 2
    solution = unfolded_ista(measurement, matrix, step.expand(3000), penalty=0.05)
    correlation = (measurement - solution @ matrix.T) @ matrix  # the conditions of Karush, Kuhn and Tucker
    active = solution != 0
    torch.testing.assert_close(correlation[active], 0.05 * solution[active].sign(), rtol=0, atol=1e-6)
    assert (correlation.abs() <= 0.05 + 1e-6).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_steps_learned_without_the_signals_find_them_better(network):
    loss = lasso if network is unfolded_ista else l0_least_squares
    signal, measurement, matrix = problem()
    safe = 1 / torch.linalg.matrix_norm(matrix, 2) ** 2
    step_sizes = safe.repeat(8).requires_grad_()
    optimizer = torch.optim.Adam([step_sizes], lr=0.02)

    def error() -> float:
        found = network(measurement, matrix, step_sizes.detach(), penalty=0.02)
        return normalized_mean_squared_error(signal, found)

    before = error()
    for _ in range(60):
        optimizer.zero_grad()
        found = network(measurement, matrix, step_sizes, penalty=0.02)
        loss(found, measurement, matrix, penalty=0.02).backward()
        optimizer.step()
    assert error() < before - 0.5  # decibels


def test_thresholds_may_be_given_and_receive_gradients():
    _, measurement, matrix = problem(4)
    step_sizes = torch.full((5,), 0.3, dtype=torch.float64)
    thresholds = (0.1 * step_sizes).requires_grad_()
    solution = unfolded_ista(measurement, matrix, step_sizes, thresholds=thresholds)
    torch.testing.assert_close(solution, unfolded_ista(measurement, matrix, step_sizes, penalty=0.1))
    assert torch.autograd.grad(solution.square().sum(), thresholds)[0].abs().min() > 0


@pytest.mark.parametrize("network", NETWORKS)
def test_gradients_of_steps_and_matrix_are_right(network):
    _, measurement, matrix = problem(2, seed=3)
    step_sizes = torch.tensor([0.3, 0.25], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda steps, given: network(measurement, given, steps),
        (step_sizes, matrix.requires_grad_()),
        fast_mode=True,
    )


@pytest.mark.parametrize("network", NETWORKS)
def test_without_a_layer_signals_are_zero(network):
    _, measurement, matrix = problem(3)
    assert not network(measurement, matrix, torch.zeros(0, dtype=torch.float64)).any()


def test_equal_entries_are_kept_by_index_and_the_threshold_is_not_kept():
    ones = torch.ones(1, 4)
    assert unfolded_iht(ones, torch.eye(4), torch.ones(1), sparsity=2).tolist() == [[1, 1, 0, 0]]
    assert not unfolded_iht(ones, torch.eye(4), torch.ones(1), penalty=0.5).any()


def test_soft_threshold_broadcasts_and_is_flat_within():
    values = torch.tensor([[2.0, -0.3], [0.3, -2.0]], requires_grad=True)
    found = soft_threshold(values, torch.tensor([1.0, 0.5]))
    assert found.tolist() == [[1.0, 0.0], [0.0, -1.5]]
    assert torch.autograd.grad(found.sum(), values)[0].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_compile_and_map(network):
    _, measurement, matrix = problem(6)
    step_sizes = torch.full((3,), 0.3, dtype=torch.float64)
    whole = network(measurement, matrix, step_sizes)
    mapped = torch.func.vmap(lambda rows: network(rows, matrix, step_sizes))(measurement.unflatten(0, (2, 3)))
    torch.testing.assert_close(mapped.flatten(0, 1), whole)
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(measurement, matrix, step_sizes), whole)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"measurement": torch.ones(0, 3)}, ShapeError, r"measurement: got shape \(0, 3\)"),
        ({"matrix": torch.ones(2, 4)}, ShapeError, r"matrix: got shape \(2, 4\); wanted 3 rows"),
        ({"step_sizes": torch.ones(2, 1)}, ShapeError, "step_sizes"),
        ({"step_sizes": torch.tensor([0.1, -0.1])}, InvalidInputError, r"step_sizes: got -0\.1"),
        ({"step_sizes": torch.ones(2, dtype=torch.int64)}, DtypeError, "step_sizes"),
        ({"penalty": -1.0}, InvalidInputError, "penalty"),
    ],
)
def test_networks_name_what_does_not_fit(network, changed, error, message):
    given = {"measurement": torch.ones(2, 3), "matrix": torch.ones(3, 4), "step_sizes": torch.ones(2)}
    with pytest.raises(error, match=message):
        network(**given | changed)


def test_options_of_one_network_are_checked():
    given = (torch.ones(2, 3), torch.ones(3, 4), torch.ones(2))
    for sparsity in (0, 5):
        with pytest.raises(InvalidInputError, match=f"sparsity: got {sparsity}; wanted 1 to 4"):
            unfolded_iht(*given, sparsity=sparsity)
    with pytest.raises(DtypeError, match="sparsity"):
        unfolded_iht(*given, sparsity=2.0)
    with pytest.raises(ShapeError, match="thresholds"):
        unfolded_ista(*given, thresholds=torch.ones(3))
    with pytest.raises(InvalidInputError, match="thresholds: got -1"):
        unfolded_ista(*given, thresholds=-torch.ones(2))


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_name_what_does_not_fit(loss):
    with pytest.raises(ShapeError, match=r"prediction: got shape \(2, 5\); wanted \(2, 4\)"):
        loss(torch.ones(2, 5), torch.ones(2, 3), torch.ones(3, 4))
    with pytest.raises(InvalidInputError, match="penalty"):
        loss(torch.ones(2, 4), torch.ones(2, 3), torch.ones(3, 4), penalty=-0.1)
