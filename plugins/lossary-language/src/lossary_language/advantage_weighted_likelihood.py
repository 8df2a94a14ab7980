"""Advantage-weighted likelihood: a language model learns each step of a solution by how much it helped.

It learns from wrong solutions too: their good steps count, and the step that spoilt them hardly does.
`step_advantage` says which is which.
"""

from typing import Any, Literal, get_args

import torch
from jaxtyping import Bool, Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    all_finite,
    check_choice,
    check_finite,
    check_floating,
    check_mask,
    check_ndim,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from torch import Tensor

Weighting = Literal["exponential", "linear"]


@full_precision
def advantage_weighted_likelihood(
    log_prob: Float[Tensor, "batch steps"],
    advantage: Float[Tensor, "batch steps"],
    mask: Bool[Tensor, "batch steps"] | None = None,
    *,
    beta: float = 1.0,
    maximum_weight: float | None = None,
    weighting: Weighting = "exponential",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Negative log-likelihood of tokens or steps, each weighted by its advantage.

    .. math:: L_{nt} = -w_{nt} \log \pi(y_{nt}), \qquad w_{nt} = e^{A_{nt} / \beta}

    Args:
        log_prob: log pi of each token, or of each step.
        advantage: A, such as that of `step_advantage`, repeated for each token of a step. It receives no
            gradient.
        mask: True where a token counts; None lets all count.
        beta: how little the advantage matters, above 0. "linear" does without it.
        maximum_weight: what a weight is cut to, above 0; in size, with "linear". None cuts none.
        weighting: "exponential", the best policy for the reward that `per_step_preference_optimization` seeks
            too; "linear" is w = A, a policy gradient, which makes harmful steps less likely.
        reduction: "mean" over the tokens that count, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per token, 0 where it does not count.

    Raises:
        ShapeError: ``log_prob`` is not a matrix, or the shapes differ.
        DtypeError: a tensor is not floating, or ``mask`` not bool.
        InvalidInputError: a value is NaN or infinite; a weight is; ``beta`` or ``maximum_weight`` is not
            above 0; ``weighting`` is none of the two.

    Source: Setlur, Garg, Geng, Garg, Smith and Kumar, RL on Incorrect Synthetic Data Scales the Efficiency of
        LLM Math Reasoning by Eight-Fold, NeurIPS 2024.

    Example:
        >>> import torch
        >>> log_prob, advantage = torch.tensor([[-2.0, -2.0]]), torch.tensor([[0.0, 1.0]])
        >>> advantage_weighted_likelihood(log_prob, advantage, reduction="none")  # 2, and 2 e
        tensor([[2.0000, 5.4366]])
    """
    check_floating("log_prob", log_prob)
    check_ndim("log_prob", log_prob, "batch steps")
    check_floating("advantage", advantage)
    check_shape("advantage", advantage, tuple(log_prob.shape), like="log_prob")
    if mask is not None:
        check_mask("mask", mask)
        check_shape("mask", mask, tuple(log_prob.shape), like="log_prob")
    check_finite("log_prob", log_prob)
    check_finite("advantage", advantage)
    check_positive("beta", beta)
    check_choice("weighting", weighting, get_args(Weighting))
    if maximum_weight is not None:
        check_positive("maximum_weight", maximum_weight)

    weight = advantage.detach()
    if mask is not None:  # what does not count may be of any size
        weight = weight.where(mask, 0.0)
    least = None
    if weighting == "exponential":
        weight = (weight / beta).exp()
    elif maximum_weight is not None:
        least = -maximum_weight
    if maximum_weight is not None:
        weight = weight.clamp(least, maximum_weight)
    elif checks_values(weight) and not all_finite(weight):
        raise InvalidInputError(
            f"advantage: got up to {advantage.max().item():g}, whose weight at beta={beta:g} is infinite; "
            "wanted a larger beta, or a maximum_weight"
        )
    return reduce(-weight * log_prob, reduction, mask=mask)


AdvantageWeightedLikelihood = loss_module(advantage_weighted_likelihood)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four solutions of up to five tokens, with advantages from -1 to 1."""
    return {
        "log_prob": -3 * torch.rand(4, 5, generator=generator),
        "advantage": 2 * torch.rand(4, 5, generator=generator) - 1,
        "mask": torch.arange(5) < torch.tensor([[5], [3], [4], [5]]),
    }


LOSS = LossSpec(
    function=advantage_weighted_likelihood,
    module=AdvantageWeightedLikelihood,
    paper=Paper(
        title="RL on Incorrect Synthetic Data Scales the Efficiency of LLM Math Reasoning by Eight-Fold",
        authors="Setlur, Garg, Geng, Garg, Smith and Kumar",
        venue="NeurIPS",
        year=2024,
        url="https://arxiv.org/abs/2406.14532",
    ),
    differentiable=("log_prob",),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is the accuracy of final answers that are sampled, which are no input",
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.CONVEX}),
)
