"""Scores of ensembles beside `properscoring`, `scoringrules` with numba, and losses in plain torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import properscoring
import scoringrules
import torch
from contest import Call, Contest, benchmark_of, one_and_two, threads
from lossary.losses import crps_ensemble as crps_loss
from lossary.losses import energy_score as energy_loss
from lossary.metrics import crps_ensemble, energy_score
from torch import Tensor

SEED = 87

Forecasts = tuple[np.ndarray, np.ndarray]
Loss = Callable[[Tensor, Tensor], Tensor]


def forecasts(dtype: str, points: int, members: int, *dim: int) -> Forecasts:
    generator = np.random.default_rng(SEED)
    ensemble = generator.standard_normal((points, members, *dim)).astype(dtype)
    return ensemble, generator.standard_normal((points, *dim)).astype(dtype)


def read(values: np.ndarray) -> np.ndarray:
    """Those near 0 are what is left of larger numbers, and have their last digit."""
    return values + 1


def by_sorted_members(ensemble: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The rank of a member is how often it counts in the sum over all pairs."""
    members = ensemble.shape[1]
    distances = np.subtract(ensemble, target[:, None], dtype=np.float64)
    skill = np.abs(distances).mean(1)
    distances.sort(axis=1)
    return skill - distances @ (2.0 * np.arange(members) - members + 1) / members**2


def by_all_pairs(ensemble: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The energy score with a loop over how far apart the numbers of two members are."""
    members = ensemble.shape[1]
    scores = np.linalg.norm(ensemble - target[:, None], axis=2).mean(1)
    for apart in range(1, members):
        gaps = ensemble[:, apart:] - ensemble[:, :-apart]
        scores -= np.linalg.norm(gaps, axis=2).sum(1) / members**2
    return scores


def scored(points: int, members: int, dtype: str) -> Contest:
    return Contest(
        f"CRPS, {points} x {members}, {dtype}",
        lambda: forecasts(dtype, points, members),
        lambda given: read(by_sorted_members(*given)),
        {
            **one_and_two(lambda given: crps_ensemble(*given, alpha=0.0, reduction="none")),
            "properscoring": lambda given: lambda: properscoring.crps_ensemble(given[1], given[0]),
            "scoringrules": lambda given: (
                lambda: scoringrules.crps_ensemble(given[1], given[0], estimator="qd", backend="numba")
            ),
            "NumPy, sort": lambda given: lambda: by_sorted_members(*given),
        },
        read=read,
        tolerance=1e-12 if dtype == "float64" else 1e-5,
        samples=points * members,
    )


def scored_vectors(points: int, members: int, dim: int) -> Contest:
    return Contest(
        f"energy score, {points} x {members} x {dim}",
        lambda: forecasts("float64", points, members, dim),
        lambda given: read(by_all_pairs(*given)),
        {
            **one_and_two(lambda given: energy_score(*given, alpha=0.0, reduction="none")),
            "scoringrules": lambda given: (
                lambda: scoringrules.energy_score(given[1], given[0], estimator="nrg", backend="numba")
            ),
            "NumPy, pairs": lambda given: lambda: by_all_pairs(*given),
        },
        read=read,
        samples=points * members,
    )


def step(loss: Loss) -> Callable[[Any], Call]:
    """The gradient of the loss by the members, as a training step takes it."""

    def of_batch(given: Forecasts) -> Call:
        ensemble, target = (torch.from_numpy(array) for array in given)

        def call() -> np.ndarray:
            torch.set_num_threads(1)
            leaf = ensemble.clone().requires_grad_()
            loss(leaf, target).backward()  # type: ignore[no-untyped-call]
            assert leaf.grad is not None
            return leaf.grad.numpy()

        return threads(1, call)

    return of_batch


def fair_crps(ensemble: Tensor, target: Tensor) -> Tensor:
    members = ensemble.shape[-1]
    skill = (ensemble - target.unsqueeze(-1)).abs().sum(-1) / members
    spread = (ensemble.unsqueeze(-1) - ensemble.unsqueeze(-2)).abs().sum((-1, -2))
    return (skill - spread / (2 * members * (members - 1))).sum()


def fair_energy(ensemble: Tensor, target: Tensor) -> Tensor:
    members = ensemble.shape[-2]
    skill = (ensemble - target.unsqueeze(-2)).norm(dim=-1).sum(-1) / members
    spread = torch.cdist(ensemble, ensemble, compute_mode="donot_use_mm_for_euclid_dist").sum((-1, -2))
    return (skill - spread / (2 * members * (members - 1))).sum()


def trained(name: str, ours: Loss, plain: Loss, points: int, *shape: int) -> Contest:
    def in_doubles(given: Forecasts) -> np.ndarray:
        call = step(plain)((given[0].astype(np.float64), given[1].astype(np.float64)))
        return read(call())

    return Contest(
        f"{name}, forward and backward, {' x '.join(map(str, (points, *shape)))}",
        lambda: forecasts("float32", points, *shape),
        in_doubles,
        {"lossary": step(ours), "torch, pairs": step(plain)},
        read=read,
        tolerance=1e-5,  # float32
        samples=points * shape[0],
    )


def our_crps(ensemble: Tensor, target: Tensor) -> Tensor:
    return crps_loss(ensemble, target, reduction="sum")


def our_energy(ensemble: Tensor, target: Tensor) -> Tensor:
    return energy_loss(ensemble, target, reduction="sum")


CONTESTS = [
    *(
        scored(points, members, dtype)
        for points, members in ((1_000_000, 50), (100_000, 16))
        for dtype in ("float32", "float64")
    ),
    scored_vectors(10_000, 50, 3),
    trained("CRPS loss", our_crps, fair_crps, 10_000, 16),
    trained("CRPS loss", our_crps, fair_crps, 10_000, 50),
    trained("energy loss", our_energy, fair_energy, 10_000, 16, 3),
    trained("energy loss", our_energy, fair_energy, 10_000, 50, 3),
]

test_time = benchmark_of(CONTESTS)
