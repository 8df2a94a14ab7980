"""Negative preference optimization: makes a language model forget answers, and stops once they are forgotten.

Gradient ascent never stops, and destroys the model. Here the push fades with the log-probability that an
answer has lost. Add a term that holds on to the rest: cross-entropy on retained answers, or `reference_kl`.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_positive
from torch import Tensor

from lossary_language._answers import check_log_probs, four_answers, remembrance


@full_precision
def negative_preference_optimization(
    log_prob: Float[Tensor, "batch"],
    ref_log_prob: Float[Tensor, "batch"],
    *,
    beta: float = 0.1,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How well a model still knows answers that it should forget, beside the model that it started from.

    .. math:: L = \frac{2}{\beta} \log \Big( 1 + \Big( \frac{\pi(y)}{\pi_\mathrm{ref}(y)} \Big)^\beta \Big)

    The slope by the log-probability is 1 at the start and falls to 0; `gradient_ascent` keeps it at 1, and is
    the limit of a small beta.

    Args:
        log_prob: log pi(y), of whole answers, summed over their tokens: `sequence_log_prob`.
        ref_log_prob: the same under the frozen model; it receives no gradient.
        beta: sharpness, above 0; the smaller, the more an answer may lose before the push fades.
        reduction: "mean" or "sum" over the answers, or "none".

    Returns:
        A scalar, or one value per answer under "none": 2 log(2) / beta at the start.

    Raises:
        ShapeError: ``log_prob`` has not one axis, or the shapes differ.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; ``beta`` is not above 0.

    Source: Zhang, Lin, Bai and Mei, Negative Preference Optimization: From Catastrophic Collapse to Effective
        Unlearning, COLM 2024, section 3.

    Example:
        >>> import torch
        >>> log_prob, reference = torch.tensor([-3.0, -4.0]), torch.tensor([-3.0, -3.0])
        >>> negative_preference_optimization(
        ...     log_prob, reference, beta=1.0, reduction="none"
        ... )  # 2 log 2, and 2 log(1 + 1/e)
        tensor([1.3863, 0.6265])
    """
    check_log_probs(log_prob=log_prob, ref_log_prob=ref_log_prob)
    check_positive("beta", beta)
    return reduce(remembrance(log_prob - ref_log_prob.detach(), beta), reduction)


NegativePreferenceOptimization = loss_module(negative_preference_optimization)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four answers under a model and its reference."""
    return four_answers("log_prob", "ref_log_prob", generator=generator)


LOSS = LossSpec(
    function=negative_preference_optimization,
    module=NegativePreferenceOptimization,
    paper=Paper(
        title="Negative Preference Optimization: From Catastrophic Collapse to Effective Unlearning",
        authors="Zhang, Lin, Bai and Mei",
        venue="COLM",
        year=2024,
        url="https://arxiv.org/abs/2404.05868",
        equation="section 3",
    ),
    differentiable=("log_prob",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "forget_quality judges what it leads to, from wrong answers and a model trained anew, which a batch "
        "does not hold"
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.CONVEX,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("npo",),
)
