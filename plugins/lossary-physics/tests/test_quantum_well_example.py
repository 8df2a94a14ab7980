"""The example of quantum wells: it learns a level, its analytic states are states, its record is shown."""

import json
from importlib import import_module
from pathlib import Path

import pytest
import torch
from lossary_physics.physics_residual import derivative
from lossary_physics.schrodinger_residual import schrodinger_residual

FOLDER = Path(__file__).parents[3] / "examples" / "quantum_well"


@pytest.fixture
def example(monkeypatch):
    """Import a module of the example."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return import_module


def recorded():
    return json.loads((FOLDER / "result.json").read_text(encoding="utf-8"))


def test_a_short_run_finds_the_first_level(example):
    wells, run = example("wells"), example("run")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    (row,) = run.judged(
        wells.WELLS[0], example("solving").solve(wells.WELLS[0], 1, warm_up=30, iterations=20)
    )
    torch.set_num_threads(threads)
    assert row["relative_error"] < 0.03
    assert row["relative_l2_error"] < 0.03


def test_the_analytic_states_solve_the_equation_at_their_levels(example):
    for well in example("wells").WELLS:
        # Inside the walls, and off the jumps of the finite well, where there is no second derivative.
        inside = torch.linspace(well.lower, well.upper, 54, dtype=torch.float64)[1:-1]
        x = inside.unsqueeze(1).requires_grad_()
        for number, level in enumerate(well.levels):
            psi = well.state(number, x.squeeze(1))
            bend = derivative(psi, x, order=2).squeeze(1)
            energy = torch.tensor(level, dtype=torch.float64)
            potential = well.potential(x.detach().squeeze(1))
            assert schrodinger_residual(psi, bend, potential, energy).item() < 1e-18 * psi.square().max()


def test_the_finite_well_has_smooth_states(example):
    wells = example("wells")
    edge = torch.tensor([wells.HALF_WIDTH], dtype=torch.float64)
    for number in (0, 1):
        x = torch.stack([edge - 1e-9, edge + 1e-9]).requires_grad_()
        psi = wells.WELLS[2].state(number, x.squeeze(1))
        slope = derivative(psi, x).squeeze(1)
        assert psi[0].item() == pytest.approx(psi[1].item(), abs=1e-7)
        assert slope[0].item() == pytest.approx(slope[1].item(), abs=1e-7)


def test_the_record_is_close_to_the_analytic_levels():
    for row in recorded()["states"]:
        share = 5e-3 if row["well"] == "finite well" else 5e-4
        assert row["learned"] == pytest.approx(row["analytic"], rel=share)
    assert len(recorded()["states"]) == 8


def test_the_table_of_the_readme_is_that_of_the_record(example):
    cells = example("run").cells
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for row in recorded()["states"]:
        assert f"| {' | '.join(cells(row))} |\n" in readme
