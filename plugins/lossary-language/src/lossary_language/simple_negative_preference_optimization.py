"""Simple negative preference optimization: unlearning without a reference model, per token.

As `negative_preference_optimization`, but the push fades with the mean log-probability of a token, so that
long answers do not stop it early and no second model is needed.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_integer,
    check_positive,
    check_real,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from torch import Tensor

from lossary_language._answers import check_log_probs, four_answers, remembrance


@full_precision
def simple_negative_preference_optimization(
    log_prob: Float[Tensor, "batch"],
    length: Integer[Tensor, "batch"],
    *,
    beta: float = 2.5,
    gamma: float = 0.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How well a model still knows answers that it should forget, by the mean log-probability of a token.

    .. math:: L = \frac{2}{\beta} \log \Big( 1 + \exp \Big( \beta \Big(
              \frac{\log \pi(y)}{|y|} + \gamma \Big) \Big) \Big)

    Args:
        log_prob: log pi(y), of whole answers, summed over their tokens: `sequence_log_prob`.
        length: number of tokens of each answer, at least 1.
        beta: sharpness, above 0; the authors take 2.5 to 4.5 on TOFU.
        gamma: mean log-probability of a token, with its sign turned, at which half of the push is gone.
        reduction: "mean" or "sum" over the answers, or "none".

    Returns:
        A scalar, or one value per answer under "none".

    Raises:
        ShapeError: ``log_prob`` has not one axis, or the shapes differ.
        DtypeError: ``log_prob`` is not floating, or ``length`` not integer.
        InvalidInputError: a log-probability is NaN or infinite; a length is below 1; ``beta`` is not above 0;
            ``gamma`` is no finite number.

    Source: Fan, Liu, Lin, Jia, Zhang, Mei and Liu, Simplicity Prevails: Rethinking Negative Preference
        Optimization for LLM Unlearning, arXiv 2410.07163, 2024.

    Example:
        >>> import torch
        >>> log_prob, length = torch.tensor([-3.0, 0.0]), torch.tensor([3, 3])
        >>> simple_negative_preference_optimization(
        ...     log_prob, length, beta=1.0, gamma=1.0, reduction="none"
        ... )  # 2 log 2, and 2 log(1 + e)
        tensor([1.3863, 2.6265])
    """
    check_log_probs(log_prob=log_prob)
    check_integer("length", length)
    check_shape("length", length, tuple(log_prob.shape), like="log_prob")
    if checks_values(length) and bool((length < 1).any()):
        raise InvalidInputError(f"length: got {length.min().item()}; wanted at least one token")
    check_positive("beta", beta)
    check_real("gamma", gamma)
    return reduce(remembrance(log_prob / length + gamma, beta), reduction)


SimpleNegativePreferenceOptimization = loss_module(simple_negative_preference_optimization)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four answers of one to five tokens."""
    length = torch.randint(1, 6, (4,), generator=generator)
    return four_answers("log_prob", generator=generator) | {"length": length}


LOSS = LossSpec(
    function=simple_negative_preference_optimization,
    module=SimpleNegativePreferenceOptimization,
    paper=Paper(
        title="Simplicity Prevails: Rethinking Negative Preference Optimization for LLM Unlearning",
        authors="Fan, Liu, Lin, Jia, Zhang, Mei and Liu",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2410.07163",
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
    aliases=("simnpo",),
)
