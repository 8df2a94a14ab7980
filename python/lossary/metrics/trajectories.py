"""Forecasts of the ways of several agents: errors of the best sample, alone and jointly, and collisions."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, numeric, to_numpy
from lossary.metrics.options import check_not_negative

Doubles = NDArray[np.float64]


class TrajectoryReport(NamedTuple):
    """Errors of sampled trajectories; lower is better in all.

    Attributes:
        ade: average displacement error, of each agent's best sample.
        fde: final displacement error, of each agent's best sample.
        ade_mean: average displacement error of all samples.
        fde_mean: final displacement error of all samples.
        jade: average displacement error of each scene's best joint sample.
        jfde: final displacement error of each scene's best joint sample.
        collision_rate_mean: share of agents that collide, over all samples.
        collision_rate_max: of each scene's sample with most collisions.
        collision_rate_best: of each scene's joint sample of least average displacement.
    """

    ade: float
    fde: float
    ade_mean: float
    fde_mean: float
    jade: float
    jfde: float
    collision_rate_mean: float
    collision_rate_max: float
    collision_rate_best: float


def trajectory_report(
    prediction: Any, target: Any, *, scene: Any = None, mask: Any = None, radius: float = 0.1
) -> TrajectoryReport:
    r"""Displacement errors of sampled futures, by agent and by scene, and how often agents collide in them.

    .. math:: \mathrm{ADE} = \frac{1}{A} \sum_a \min_k \frac{1}{T} \sum_t d_{akt}, \quad
              \mathrm{JADE} = \frac{1}{S} \sum_s \min_k \frac{1}{|A_s| T} \sum_{a \in A_s} \sum_t d_{akt}

    with the distances d of the predictions. FDE and JFDE have the last step in place of the mean. A marginal
    error may be small where no single future of the scene is right, and where agents run into one another.

    Args:
        prediction: (agents, samples, steps, dim); sample k of all agents of a scene is one future of it.
        target: what happened, (agents, steps, dim).
        scene: of which scene each agent is, any integers, (agents,); None is one scene. Agents count equally
            in the marginal errors, scenes in the others.
        mask: booleans, True where a step counts for the errors, (agents, steps); None counts all. Collisions
            are looked for at all steps.
        radius: of an agent, 0 or above, in the units of the coordinates. Two collide where they come nearer
            than two radii, at a step or on the straight way to the next.

    Returns:
        A `TrajectoryReport`.

    Raises:
        UndefinedMetricError: no agents, samples, steps or dimensions, or an agent without a step that counts.
        InvalidInputError: NaN or infinity where it counts, a negative radius, a mask that is not boolean, or
            scenes that are not integers.
        ShapeError: shapes that do not fit.
        DtypeError: an argument that is not an array-like.

    Source: Weng, Hoshino, Ramanan and Kitani, Joint Metrics Matter: A Better Standard for Trajectory
        Forecasting, ICCV 2023.

    Example:
        >>> samples = [[[[3.0, 0.0]], [[0.0, 0.0]]], [[[0.0, 0.0]], [[1.0, 0.0]]]]
        >>> report = trajectory_report(samples, np.zeros((2, 1, 2)))
        >>> report.ade, report.jade  # each agent has a sample that is right, but no sample is right for both
        (0.0, 0.5)
    """
    samples, truth, counts = _checked(prediction, target, mask)
    check_not_negative("radius", radius)
    scenes = _scenes(scene, len(samples))
    distances = np.linalg.norm(samples - truth[:, None], axis=-1)
    distances = np.where(counts[:, None], distances, 0.0)
    average = distances.sum(axis=-1) / counts.sum(axis=-1)[:, None]
    last = counts.shape[1] - 1 - counts[:, ::-1].argmax(axis=1)
    final = distances[np.arange(len(samples)), :, last]
    members = [np.flatnonzero(scenes == each) for each in np.unique(scenes)]
    joint_average = np.array([average[rows].mean(axis=0) for rows in members])
    joint_final = np.array([final[rows].mean(axis=0) for rows in members])
    collisions = np.array([_collision_rates(samples[rows], radius) for rows in members])
    best = joint_average.argmin(axis=1)
    return TrajectoryReport(
        ade=float(average.min(axis=1).mean()),
        fde=float(final.min(axis=1).mean()),
        ade_mean=float(average.mean()),
        fde_mean=float(final.mean()),
        jade=float(joint_average.min(axis=1).mean()),
        jfde=float(joint_final.min(axis=1).mean()),
        collision_rate_mean=float(collisions.mean()),
        collision_rate_max=float(collisions.max(axis=1).mean()),
        collision_rate_best=float(collisions[np.arange(len(members)), best].mean()),
    )


def _collision_rates(samples: Doubles, radius: float) -> Doubles:
    """The share of the agents of a scene that collide in each sample."""
    agents, count, steps, _ = samples.shape
    hit = np.zeros((agents, count), dtype=bool)
    for agent in range(agents - 1):
        apart = samples[agent + 1 :] - samples[agent]
        nearest = np.square(apart).sum(axis=-1).min(axis=-1)
        if steps > 1:
            start, way = apart[:, :, :-1], np.diff(apart, axis=2)
            length = np.square(way).sum(axis=-1)
            along = -(start * way).sum(axis=-1) / np.where(length > 0, length, 1.0)
            passing = start + along.clip(0, 1)[..., None] * way
            nearest = np.minimum(nearest, np.square(passing).sum(axis=-1).min(axis=-1))
        close = nearest < (2 * radius) ** 2
        hit[agent] |= close.any(axis=0)
        hit[agent + 1 :] |= close
    return hit.mean(axis=0)  # type: ignore[no-any-return]


def _checked(prediction: Any, target: Any, mask: Any) -> tuple[Doubles, Doubles, NDArray[np.bool_]]:
    samples = numeric("prediction", to_numpy("prediction", prediction)).astype(np.float64)
    if samples.ndim != 4:
        raise ShapeError(f"prediction: got shape {samples.shape}; wanted (agents, samples, steps, dim)")
    if not samples.size:
        raise UndefinedMetricError(f"prediction: got shape {samples.shape}; wanted nothing of it empty")
    truth = numeric("target", to_numpy("target", target)).astype(np.float64)
    agents, _, steps, dim = samples.shape
    if truth.shape != (agents, steps, dim):
        raise ShapeError(
            f"target: got shape {truth.shape}; wanted {(agents, steps, dim)}, as prediction without samples"
        )
    counts: Array = np.ones((agents, steps), dtype=bool)
    if mask is not None:
        counts = to_numpy("mask", mask)
        if counts.dtype != bool:
            raise InvalidInputError(f"mask: got dtype {counts.dtype}; wanted booleans")
        if counts.shape != (agents, steps):
            raise ShapeError(f"mask: got shape {counts.shape}; wanted {(agents, steps)}, as target")
        if not counts.any(axis=1).all():
            raise UndefinedMetricError("mask: got an agent without a step that counts; wanted one at least")
        truth = np.where(counts[..., None], truth, 0.0)
    for name, array in (("prediction", samples), ("target", truth)):
        if not np.isfinite(array).all():
            raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    return samples, truth, counts


def _scenes(scene: Any, agents: int) -> Array:
    if scene is None:
        return np.zeros(agents, dtype=np.int64)
    found = to_numpy("scene", scene)
    if found.shape != (agents,):
        raise ShapeError(f"scene: got shape {found.shape}; wanted ({agents},), as the agents of prediction")
    if found.dtype.kind not in "iu":
        raise InvalidInputError(f"scene: got dtype {found.dtype}; wanted integers")
    return found
