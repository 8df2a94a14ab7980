"""Per-step preference optimization: a language model learns where a solution went wrong.

Pairs share a problem and the first steps; one goes on to a right answer, the other takes a step after which
hardly any solution is right, which `step_advantage` finds. Only what differs counts.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_no_negative,
    check_shape,
)
from torch import Tensor
from torch.nn import functional

from lossary_language._answers import four_answers
from lossary_language.direct_preference_optimization import direct_preference_optimization


@full_precision
def per_step_preference_optimization(
    chosen_log_prob: Float[Tensor, "batch"],
    rejected_log_prob: Float[Tensor, "batch"],
    ref_chosen_log_prob: Float[Tensor, "batch"],
    ref_rejected_log_prob: Float[Tensor, "batch"],
    weight: Float[Tensor, "batch"] | None = None,
    *,
    beta: float = 0.1,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely the preferences between continuations are, each pair with a weight.

    .. math:: L = \frac{\sum_n w_n \log(1 + e^{-x_n})}{\sum_n w_n}, \qquad
              x = \beta \log \frac{\pi(y^+)}{\pi_\mathrm{ref}(y^+)}
              - \beta \log \frac{\pi(y^-)}{\pi_\mathrm{ref}(y^-)}

    Args:
        chosen_log_prob: log pi(y+), summed over the tokens after those that the pair shares.
        rejected_log_prob: log pi(y-), likewise: of the wrong solution, cut after the step that spoilt it.
        ref_chosen_log_prob: as ``chosen_log_prob`` under the frozen model; it receives no gradient.
        ref_rejected_log_prob: as ``rejected_log_prob`` under the frozen model; it receives no gradient.
        weight: w of each pair, 0 or above, such as the difference of the advantages of its steps; it receives
            no gradient. None weighs all alike, which is `direct_preference_optimization`.
        beta: how closely the model is held to its reference, above 0.
        reduction: "mean" divides by the sum of the weights; "sum", or "none".

    Returns:
        A scalar, or w log(1 + exp(-x)) for each pair under "none". Without a pair, or where all weights are
        0, the mean is 0.

    Raises:
        ShapeError: ``chosen_log_prob`` has not one axis, or the shapes differ.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite, or a weight negative; ``beta`` is not above 0.

    Source: Setlur, Garg, Geng, Garg, Smith and Kumar, RL on Incorrect Synthetic Data Scales the Efficiency of
        LLM Math Reasoning by Eight-Fold, NeurIPS 2024.

    Example:
        >>> import torch
        >>> chosen, rejected = torch.tensor([-2.0, -1.0]), torch.tensor([-3.0, -3.0])
        >>> reference, weight = torch.tensor([-3.0, -3.0]), torch.tensor([1.0, 3.0])
        >>> per_step_preference_optimization(
        ...     chosen, rejected, reference, reference, weight, beta=1.0
        ... )  # (log(1 + 1/e) + 3 log(1 + 1/e^2)) / 4
        tensor(0.1735)
    """
    values = direct_preference_optimization(
        chosen_log_prob,
        rejected_log_prob,
        ref_chosen_log_prob,
        ref_rejected_log_prob,
        beta=beta,
        reduction="none",
    )
    if weight is None:
        return reduce(values, reduction)
    check_floating("weight", weight)
    check_shape("weight", weight, tuple(chosen_log_prob.shape), like="chosen_log_prob")
    check_finite("weight", weight)
    check_no_negative("weight", weight, "weights")
    weight = weight.detach().to(values.dtype)
    if reduction != "mean":
        return reduce(weight * values, reduction)
    # Only the ratios of the weights count; relative to the largest, their sum neither overflows nor vanishes.
    largest = functional.pad(weight, (0, 1)).amax()  # padded, for there may be no pair
    weight = weight / largest.where(largest != 0, 1.0)
    total = weight.sum()
    return (weight * values).sum() / total.where(total != 0, 1.0)


PerStepPreferenceOptimization = loss_module(per_step_preference_optimization)


def _preferences(
    chosen_log_prob: np.ndarray,
    rejected_log_prob: np.ndarray,
    ref_chosen_log_prob: np.ndarray,
    ref_rejected_log_prob: np.ndarray,
    weight: np.ndarray | None = None,
) -> dict[str, Any]:
    """For each pair True, and whether the model prefers the chosen answer more than its reference does."""
    agrees = chosen_log_prob - ref_chosen_log_prob > rejected_log_prob - ref_rejected_log_prob
    return {"y_true": np.ones_like(agrees), "y_pred": agrees, "sample_weight": weight}


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four pairs of continuations under a model and its reference, with weights."""
    names = ("chosen_log_prob", "rejected_log_prob", "ref_chosen_log_prob", "ref_rejected_log_prob")
    return four_answers(*names, generator=generator) | {"weight": torch.rand(4, generator=generator) + 0.5}


LOSS = LossSpec(
    function=per_step_preference_optimization,
    module=PerStepPreferenceOptimization,
    paper=Paper(
        title="RL on Incorrect Synthetic Data Scales the Efficiency of LLM Math Reasoning by Eight-Fold",
        authors="Setlur, Garg, Geng, Garg, Smith and Kumar",
        venue="NeurIPS",
        year=2024,
        url="https://arxiv.org/abs/2406.14532",
    ),
    differentiable=("chosen_log_prob", "rejected_log_prob"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=_preferences),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.CONVEX,
            Property.SHIFT_INVARIANT,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    exceptions={"reductions_agree": "the mean divides by the sum of the weights, not by their number"},
)
