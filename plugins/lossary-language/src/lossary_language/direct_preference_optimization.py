"""Direct preference optimization: a language model learns from pairs which of two answers is preferred.

No reward model and no sampling: the log-ratio to a frozen reference is the reward. For unlearning, the
preferred answer is one such as "I don't know".
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
from lossary.authoring.validation import check_non_negative, check_positive
from lossary.errors import InvalidInputError
from torch import Tensor

from lossary_language._answers import check_log_probs, four_answers, softplus


@full_precision
def direct_preference_optimization(
    chosen_log_prob: Float[Tensor, "batch"],
    rejected_log_prob: Float[Tensor, "batch"],
    ref_chosen_log_prob: Float[Tensor, "batch"],
    ref_rejected_log_prob: Float[Tensor, "batch"],
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    normalize: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely the preferences are, where the log-ratio to a reference model is the reward.

    .. math:: L = -(1 - \epsilon) \log \sigma(x) - \epsilon \log \sigma(-x), \quad
              x = \beta \log \frac{\pi(y^+)}{\pi_\mathrm{ref}(y^+)}
              - \beta \log \frac{\pi(y^-)}{\pi_\mathrm{ref}(y^-)}

    Args:
        chosen_log_prob: log pi(y+) of the preferred answers, summed over their tokens: `sequence_log_prob`.
        rejected_log_prob: log pi(y-) of the others.
        ref_chosen_log_prob: as ``chosen_log_prob`` under the frozen model; it receives no gradient.
        ref_rejected_log_prob: as ``rejected_log_prob`` under the frozen model; it receives no gradient.
        beta: how closely the model is held to its reference, above 0.
        label_smoothing: epsilon, the share of preferences that are wrong, from 0 to 0.5.
        normalize: multiply by 2 / beta, the scale of `negative_preference_optimization`, which is this loss
            without the preferred answer.
        reduction: "mean" or "sum" over the pairs, or "none".

    Returns:
        A scalar, or one value per pair under "none": log 2 where nothing has changed.

    Raises:
        ShapeError: ``chosen_log_prob`` has not one axis, or the shapes differ.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; ``beta`` is not above 0; ``label_smoothing`` is not
            from 0 to 0.5.

    Source: Rafailov, Sharma, Mitchell, Ermon, Manning and Finn, Direct Preference Optimization: Your Language
        Model is Secretly a Reward Model, NeurIPS 2023, equation 7; label smoothing: Mitchell, A note on DPO
        with noisy preferences, 2023.

    Example:
        >>> import torch
        >>> chosen, rejected = torch.tensor([-2.0, -1.0]), torch.tensor([-3.0, -3.0])
        >>> reference = torch.tensor([-3.0, -3.0])
        >>> direct_preference_optimization(
        ...     chosen, rejected, reference, reference, beta=1.0, reduction="none"
        ... )  # log(1 + 1/e) and log(1 + 1/e^2)
        tensor([0.3133, 0.1269])
    """
    check_log_probs(
        chosen_log_prob=chosen_log_prob,
        rejected_log_prob=rejected_log_prob,
        ref_chosen_log_prob=ref_chosen_log_prob,
        ref_rejected_log_prob=ref_rejected_log_prob,
    )
    check_positive("beta", beta)
    check_non_negative("label_smoothing", label_smoothing)
    if label_smoothing > 0.5:
        raise InvalidInputError(f"label_smoothing: got {label_smoothing!r}; wanted a number from 0 to 0.5")
    chosen = chosen_log_prob - ref_chosen_log_prob.detach()
    preference = beta * (chosen - (rejected_log_prob - ref_rejected_log_prob.detach()))
    values = softplus(-preference)
    if label_smoothing > 0:
        values = torch.lerp(values, softplus(preference), label_smoothing)
    return reduce(values * (2 / beta) if normalize else values, reduction)


DirectPreferenceOptimization = loss_module(direct_preference_optimization)


def _preferences(
    chosen_log_prob: np.ndarray,
    rejected_log_prob: np.ndarray,
    ref_chosen_log_prob: np.ndarray,
    ref_rejected_log_prob: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """For each pair True, and whether the model prefers the chosen answer more than its reference does."""
    agrees = chosen_log_prob - ref_chosen_log_prob > rejected_log_prob - ref_rejected_log_prob
    return np.ones_like(agrees), agrees


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four pairs of answers under a model and its reference."""
    names = ("chosen_log_prob", "rejected_log_prob", "ref_chosen_log_prob", "ref_rejected_log_prob")
    return four_answers(*names, generator=generator)


LOSS = LossSpec(
    function=direct_preference_optimization,
    module=DirectPreferenceOptimization,
    paper=Paper(
        title="Direct Preference Optimization: Your Language Model is Secretly a Reward Model",
        authors="Rafailov, Sharma, Mitchell, Ermon, Manning and Finn",
        venue="NeurIPS",
        year=2023,
        url="https://arxiv.org/abs/2305.18290",
        equation="equation 7",
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
    aliases=("dpo",),
)
