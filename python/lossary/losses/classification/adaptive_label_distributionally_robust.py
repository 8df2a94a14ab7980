"""Adaptive label-distributionally robust loss: every training sample has a temperature of its own.

A confident sample is held to the largest violated margin, an uncertain or wrongly labelled one to their mean.
The temperature follows in closed form from the last one, a step each time the sample is seen.
"""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_positive,
    check_real,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from lossary.losses.classification._class_rows import best_class, class_columns, six_rows
from lossary.losses.classification._label_gaps import Normalize, label_gaps, normalized_scores
from lossary.ops.dataset_rows import dataset_rows, read_rows, revise_rows
from lossary.ops.soft_maximum import soft_maximum

_FLOOR = 1e-5  # the authors' code adds it to every probability before the divergence


class AdaptiveLabelDistributionallyRobustTerms(NamedTuple):
    """The loss, and the new temperature of each sample, (batch,), which has no gradient."""

    loss: Tensor
    temperature: Tensor


@full_precision
def adaptive_label_distributionally_robust_terms(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    temperature: Float[Tensor, "batch"],
    *,
    reference_temperature: float = 10.0,
    alpha: float = 2.0,
    margin: float = 0.1,
    normalize: Normalize = "softplus_mean",
) -> AdaptiveLabelDistributionallyRobustTerms:
    """`adaptive_label_distributionally_robust` with the new temperatures, to be given at the next visit.

    Arguments, errors and source are those of `adaptive_label_distributionally_robust`.

    Example:
        >>> import torch
        >>> logits, target, temperature = torch.zeros(1, 4), torch.tensor([1]), torch.tensor([3.0])
        >>> adaptive_label_distributionally_robust_terms(logits, target, temperature).temperature  # no doubt
        tensor([10.])
    """
    check_positive("reference_temperature", reference_temperature)
    _check_alpha(alpha)
    columns, _ = class_columns(logits, target)
    check_floating("temperature", temperature)
    check_shape("temperature", temperature, (logits.shape[0],), like="the rows of logits")
    check_finite("temperature", temperature)
    if checks_values(temperature) and bool((temperature <= 0).any()):
        raise InvalidInputError(f"temperature: got {temperature.min().item():g}; wanted values above 0")

    scores = normalized_scores(logits, normalize)
    classes = scores.shape[1]
    strength = alpha * (math.log(classes) or 1.0)  # a single class diverges from nothing
    with torch.no_grad():
        old = temperature.to(scores.dtype).unsqueeze(1)
        # Of the scores and not of the gaps, as in the code that gave the paper's results: no margin.
        falling = scores - scores.amax(1, keepdim=True)
        probability = (falling / old).softmax(1) + _FLOOR
        probability = probability / probability.sum(1, keepdim=True)
        divergence = (probability * (classes * probability).log()).sum(1)
        new = reference_temperature * (1 - divergence / strength)
    values = soft_maximum(label_gaps(scores, columns, margin), new.unsqueeze(1))
    price = strength / (2 * reference_temperature) * (new - reference_temperature).square()
    return AdaptiveLabelDistributionallyRobustTerms(reduce(values - price, "mean"), new)


@full_precision
def adaptive_label_distributionally_robust(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    temperature: Float[Tensor, "batch"],
    *,
    reference_temperature: float = 10.0,
    alpha: float = 2.0,
    margin: float = 0.1,
    normalize: Normalize = "softplus_mean",
) -> Float[Tensor, ""]:
    r"""`label_distributionally_robust` at a temperature that each sample finds for itself.

    .. math::
        L &= \frac{1}{N} \sum_i \lambda_i \ln \Big( \frac{1}{C} \sum_k e^{d_{ik} / \lambda_i} \Big)
             - \frac{\alpha \ln C}{2 \lambda_0} (\lambda_i - \lambda_0)^2, \\
        \lambda_i &= \lambda_0 \Big( 1 - \frac{1}{\alpha \ln C} \sum_k p_{ik} \ln (C p_{ik}) \Big), \quad
             p_i = \mathrm{softmax}(f_i / \lambda_i^\mathrm{old})

    with the gaps d of `label_distributionally_robust`. The gradient does not go through the temperatures.

    Args:
        logits: scores, one column per class.
        target: the right class y of each row.
        temperature: the temperature of each sample at its last visit, above 0; the reference at its first.
        reference_temperature: lambda_0, above 0, which none exceeds.
        alpha: above 1, so that no temperature falls below lambda_0 (1 - 1 / alpha).
        margin: c, 0 or above.
        normalize: f, as for `label_distributionally_robust`.

    Returns:
        A scalar. One class gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; another argument has another length.
        DtypeError: ``logits`` or ``temperature`` is not floating, or ``target`` not integer.
        InvalidInputError: a logit or temperature is NaN or infinite; a target is no class; a temperature or
            ``reference_temperature`` is not above 0; ``alpha`` is not above 1; ``margin`` is negative;
            ``normalize`` is unknown.

    Differs from the paper: p is that of the scores, without the margin, and of each probability 1e-5 more, as
        in the authors' code; the alpha of the paper is this one times ln(C) / lambda_0, as there.

    Source: Zhu, Ying and Yang, Label Distributionally Robust Losses for Multi-class Classification:
        Consistency, Robustness and Adaptivity, ICML 2023.

    Example:
        >>> import torch
        >>> logits, target = torch.zeros(1, 4), torch.tensor([1])  # undecided: gaps 0, 2, 2 and 2, mean 1.5
        >>> temperature = torch.tensor([1e4])
        >>> options = {"reference_temperature": 1e4, "margin": 2.0}
        >>> adaptive_label_distributionally_robust(logits, target, temperature, **options)
        tensor(1.5000)
    """
    return adaptive_label_distributionally_robust_terms(
        logits,
        target,
        temperature,
        reference_temperature=reference_temperature,
        alpha=alpha,
        margin=margin,
        normalize=normalize,
    ).loss


def _check_alpha(alpha: float) -> None:
    check_real("alpha", alpha)
    if alpha <= 1:
        raise InvalidInputError(f"alpha: got {alpha!r}; wanted a number above 1")


class AdaptiveLabelDistributionallyRobust(nn.Module):
    """`adaptive_label_distributionally_robust` that keeps the temperature of every sample of the dataset.

    Training mode writes the new temperatures; evaluation mode leaves the old ones.

    Args:
        num_samples: rows of the dataset.
        reference_temperature: as there.
        alpha: as there.
        margin: as there.
        normalize: as there.

    Attributes:
        temperature: one per dataset row, float32; the reference at first.

    Example:
        >>> import torch
        >>> criterion = AdaptiveLabelDistributionallyRobust(100)
        >>> loss = criterion(torch.tensor([[9.0, 0.0]]), torch.tensor([0]), torch.tensor([7]))
        >>> (criterion.temperature < 10).nonzero().squeeze()  # a sample that is decided for
        tensor(7)
    """

    temperature: Tensor

    def __init__(
        self,
        num_samples: int,
        *,
        reference_temperature: float = 10.0,
        alpha: float = 2.0,
        margin: float = 0.1,
        normalize: Normalize = "softplus_mean",
    ) -> None:
        super().__init__()
        check_positive("reference_temperature", reference_temperature)
        _check_alpha(alpha)
        self.reference_temperature = reference_temperature
        self.alpha = alpha
        self.margin = margin
        self.normalize = normalize
        self.register_buffer("temperature", dataset_rows(num_samples) + reference_temperature)

    @full_precision
    def forward(self, logits: Tensor, target: Tensor, index: Tensor) -> Tensor:
        """The loss of the batch; ``index`` (batch,) holds the dataset row of each sample, the last wins."""
        terms = adaptive_label_distributionally_robust_terms(
            logits,
            target,
            read_rows(self.temperature, index, logits, "logits"),
            reference_temperature=self.reference_temperature,
            alpha=self.alpha,
            margin=self.margin,
            normalize=self.normalize,
        )
        if self.training:
            revise_rows(self.temperature, index, terms.temperature)
        return terms.loss

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"num_samples={self.temperature.numel()}, reference_temperature={self.reference_temperature!r}, "
            f"alpha={self.alpha!r}, margin={self.margin!r}, normalize={self.normalize!r}"
        )


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, at temperatures between 6 and 10."""
    return six_rows(generator) | {"temperature": 6 + 4 * torch.rand(6, generator=generator)}


_KEEPS_ROWS = (
    "the module keeps the temperatures, per row of a dataset, in place of taking them; its own tests hold it "
    "against the function"
)

LOSS = LossSpec(
    function=adaptive_label_distributionally_robust,
    module=AdaptiveLabelDistributionallyRobust,
    paper=Paper(
        title="Label Distributionally Robust Losses for Multi-class Classification: Consistency, Robustness "
        "and Adaptivity",
        authors="Zhu, Ying and Yang",
        venue="ICML",
        year=2023,
        url="https://arxiv.org/abs/2112.14869",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=best_class),),
    properties=frozenset({Property.BATCH_ORDER_FREE}),
    aliases=("aldr",),
    exceptions={"module_equals_function": _KEEPS_ROWS, "module_options": _KEEPS_ROWS},
)
