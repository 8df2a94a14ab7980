"""f-distillation: a generator of one step that learns the distribution of a diffusion model.

Its samples move by the difference of the teacher's score and its own, weighted by the ratio of their
densities so that an f-divergence falls; without a ratio this is variational score distillation.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_positive, check_shape
from lossary.errors import ShapeError
from lossary.losses.distributions._gaussian_statistics import gaussian_statistics
from lossary.training.f_divergence_weight import f_divergence_weight


@full_precision
def f_distillation(
    sample: Float[Tensor, "batch *entries"],
    teacher_prediction: Float[Tensor, "batch *entries"],
    student_prediction: Float[Tensor, "batch *entries"],
    log_ratio: Float[Tensor, "batch"] | None = None,
    *,
    divergence: str = "jensen_shannon",
    alpha: float | None = None,
    ratio_range: tuple[float, float] = (0.1, 20.0),
    normalize: bool = True,
    eps: float = 1e-6,
) -> Float[Tensor, ""]:
    r"""Half the mean square of the steps that samples are to take, whose gradient takes them.

    .. math:: L = \frac{1}{2 N D} \sum_n \lVert x_n - \bar{x}_n + g_n \rVert^2, \quad
              g_n = \frac{h(r_n)}{\operatorname{mean} |x_n - t_n| + \varepsilon} (s_n - t_n)

    where :math:`\bar{x}` is x held fixed, and h is `lossary.training.f_divergence_weight`. The gradient is
    g / (N D).

    Args:
        sample: x, what the generator makes; the only input with a gradient.
        teacher_prediction: t, the teacher's estimate of the clean sample, from a noised copy of x.
        student_prediction: s, that of a model of the generator's own distribution.
        log_ratio: log of the teacher's density over the generator's at each sample, the logit of a
            discriminator; None weighs all by 1.
        divergence: that of the weights.
        alpha: the power of the divergence "alpha".
        ratio_range: the least and the largest ratio, above 0.
        normalize: divide weights by their mean.
        eps: the least mean distance from the teacher's estimate, above 0.

    Returns:
        A scalar, which says how large steps are, not how far the distributions are apart.

    Raises:
        ShapeError: the shapes differ, or there is no sample or no entry.
        DtypeError: an argument is not floating, or an option no number.
        InvalidInputError: a value is NaN or infinite; an option is out of range.

    Differs from the paper: its adversarial part is the caller's.

    Source: Xu, Nie and Vahdat, One-step Diffusion Models with f-Divergence Distribution Matching, arXiv
        2502.15681, 2025, table 1.

    Example:
        >>> import torch
        >>> zeros, ones = torch.zeros(1, 2), torch.ones(1, 2)
        >>> f_distillation(zeros, ones, 3 * ones)  # g = (3 - 1) / 1: 2^2 / 2
        tensor(2.0000)
    """
    check_positive("eps", eps)
    check_floating("sample", sample)
    if sample.ndim == 0 or sample.numel() == 0:
        raise ShapeError(f"sample: got shape {tuple(sample.shape)}; wanted (batch, ...), nothing of it empty")
    check_finite("sample", sample)
    for name, value in (
        ("teacher_prediction", teacher_prediction),
        ("student_prediction", student_prediction),
    ):
        check_floating(name, value)
        check_shape(name, value, tuple(sample.shape), like="sample")
        check_finite(name, value)
    still, teacher, student = (
        value.detach().to(sample.dtype).reshape(len(sample), -1)
        for value in (sample, teacher_prediction, student_prediction)
    )
    scale = 1 / ((still - teacher).abs().mean(1) + eps)
    if log_ratio is not None:
        check_floating("log_ratio", log_ratio)
        check_shape("log_ratio", log_ratio, (len(sample),), like="the samples")
        scale = scale * f_divergence_weight(
            log_ratio.to(sample.dtype),
            divergence=divergence,
            alpha=alpha,
            ratio_range=ratio_range,
            normalize=normalize,
        )
    step = (scale.unsqueeze(1) * (student - teacher)).reshape(sample.shape)
    # The difference first: of a large sample and a small step it would lose the digits of the step.
    return ((sample - sample.detach()) + step).square().mean() / 2


FDistillation = loss_module(f_distillation)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four samples of three entries."""
    sample, teacher, student = torch.randn(3, 4, 3, generator=generator)
    return {
        "sample": sample,
        "teacher_prediction": teacher,
        "student_prediction": student,
        "log_ratio": torch.randn(4, generator=generator),
    }


def _samples_and_teacher(
    sample: np.ndarray, teacher_prediction: np.ndarray, **_: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Moments of samples, and of what the teacher would make of them."""
    return gaussian_statistics(sample, teacher_prediction)


LOSS = LossSpec(
    function=f_distillation,
    module=FDistillation,
    paper=Paper(
        title="One-step Diffusion Models with f-Divergence Distribution Matching",
        authors="Xu, Nie and Vahdat",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2502.15681",
        equation="table 1",
    ),
    differentiable=("sample",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="gaussian_frechet_distance", adapt=_samples_and_teacher),),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.REJECTS_EMPTY_BATCH}),
    aliases=("f_distill",),
    exceptions={
        "gradcheck": "the step is held fixed, so its gradient is the step, not the slope of its value"
    },
)
