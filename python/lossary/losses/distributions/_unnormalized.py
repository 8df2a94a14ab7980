"""Unnormalized models: their density at samples of data and of noise, beside that of the noise."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.authoring import ExactMetric
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape, checks_values
from lossary.errors import InvalidInputError, ShapeError


def log_ratio(density_name: str, log_density: Tensor, noise_name: str, noise_log_prob: Tensor) -> Tensor:
    """The difference f - log q at samples, (samples,), of finite arguments.

    Raises:
        ShapeError: an argument is no vector, or they differ in length, or there is no sample.
        DtypeError: one is not floating.
        InvalidInputError: a value is NaN or infinite.
    """
    check_samples(density_name, log_density)
    check_samples(noise_name, noise_log_prob)
    check_shape(noise_name, noise_log_prob, tuple(log_density.shape), like=density_name)
    check_finite(density_name, log_density)
    check_finite(noise_name, noise_log_prob)
    return log_density - noise_log_prob


def noise_log_ratio(noise_log_density: Tensor, noise_log_prob: Tensor) -> Tensor:
    """`log_ratio` at samples of noise, where the model may rule out some, but not all: f is -inf there.

    Raises:
        ShapeError: as `log_ratio`.
        DtypeError: as `log_ratio`.
        InvalidInputError: as `log_ratio`, but for a density of -inf; all densities are -inf.
    """
    check_samples("noise_log_density", noise_log_density)
    check_samples("noise_log_prob", noise_log_prob)
    check_shape("noise_log_prob", noise_log_prob, tuple(noise_log_density.shape), like="noise_log_density")
    if checks_values(noise_log_density):
        ruled_out = noise_log_density == -math.inf
        check_finite("noise_log_density", noise_log_density.where(~ruled_out, 0.0))
        if bool(ruled_out.all()):
            raise InvalidInputError("noise_log_density: got -inf only; wanted a finite value")
    check_finite("noise_log_prob", noise_log_prob)
    return noise_log_density - noise_log_prob


def check_samples(name: str, values: Tensor) -> None:
    """Raise unless there is a vector of one floating value or more.

    Raises:
        ShapeError: another number of axes, or no value.
        DtypeError: not floating.
    """
    check_floating(name, values)
    check_ndim(name, values, "samples")
    if len(values) == 0:
        raise ShapeError(f"{name}: got no value; wanted one or more, as there is no estimate without")


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five samples of data and seven of noise, with the logarithms of two densities at each."""
    return {
        "data_log_density": torch.randn(5, generator=generator),
        "data_noise_log_prob": torch.randn(5, generator=generator) - 1,
        "noise_log_density": torch.randn(7, generator=generator) - 1,
        "noise_log_prob": torch.randn(7, generator=generator),
    }


def data_before_noise(
    data_log_density: np.ndarray, noise_log_density: np.ndarray, **_: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Labels that are 1 for data, and the model's densities as scores."""
    truth = np.concatenate([np.ones(len(data_log_density)), np.zeros(len(noise_log_density))])
    return truth, np.concatenate([data_log_density, noise_log_density])


DETECTION = (ExactMetric(name="roc_auc_score", adapt=data_before_noise),)
"""How well the model tells data from noise."""
