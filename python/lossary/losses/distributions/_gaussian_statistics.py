"""Features of two sets of samples as the arguments of the metric `gaussian_frechet_distance`."""

import numpy as np

from lossary.authoring import ExactMetric


def gaussian_statistics(prediction: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, ...]:
    """Means and covariances of the rows, which divide by their number less one."""
    statistics: list[np.ndarray] = []
    for rows in (prediction, target):
        rows = rows.reshape(len(rows), -1).astype(np.float64)
        statistics += [rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False))]
    return tuple(statistics)


FRECHET = ExactMetric(name="gaussian_frechet_distance", adapt=gaussian_statistics)
