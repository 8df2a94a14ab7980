"""Implicit score matching: the gradient of a log-density, learned from samples of it alone.

The squared distance to the true score, which nobody knows, is this loss and a constant. It needs the
divergence of the network, which `score_divergence` gives.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_positive
from torch import Tensor

from lossary_physics._scores import by_sample, check_like, check_scores


@full_precision
def implicit_score_matching(
    score: Float[Tensor, "batch *rest"],
    divergence: Float[Tensor, "batch"],
    *,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Half the squared length of a score, and its divergence, on samples of the density.

    .. math:: L = \frac{1}{2} \lVert s \rVert^2 + T \sum_i \frac{\partial s_i}{\partial x_i}

    It is unbounded below: a network flexible enough to be steep at each sample of a fixed set makes it as low
    as it likes. Stop early, or add noise to the samples.

    Args:
        score: s, the network's, at samples.
        divergence: of s at the samples, with a graph.
        temperature: T, 1 for a score; for forces, which are kT times a score, it is kT.
        reduction: "mean" or "sum" over samples, or "none".

    Returns:
        A scalar, or one value per sample under "none"; it may be negative.

    Raises:
        ShapeError: there is no sample; ``divergence`` is not one value per sample.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``temperature`` is not above 0.

    Source: Hyvarinen, Estimation of Non-Normalized Statistical Models by Score Matching, JMLR 6, 2005,
        equation 4.

    Example:
        >>> import torch
        >>> score, divergence = torch.tensor([[1.0, 2.0]]), torch.tensor([-4.0])
        >>> implicit_score_matching(score, divergence)  # (1 + 4) / 2 - 4
        tensor(-1.5000)
    """
    check_positive("temperature", temperature)
    check_scores("score", score)
    check_like("divergence", divergence, (score.shape[0],), like="samples of score")
    values = 0.5 * by_sample(score.square()) + temperature * divergence.to(score.dtype)
    return reduce(values, reduction)


ImplicitScoreMatching = loss_module(implicit_score_matching)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Scores of four samples of three entries, and their divergence."""
    return {
        "score": torch.randn(4, 3, generator=generator),
        "divergence": torch.randn(4, generator=generator),
    }


LOSS = LossSpec(
    function=implicit_score_matching,
    module=ImplicitScoreMatching,
    paper=Paper(
        title="Estimation of Non-Normalized Statistical Models by Score Matching",
        authors="Hyvarinen",
        venue="JMLR",
        year=2005,
        url="https://www.jmlr.org/papers/v6/hyvarinen05a.html",
        equation="equation 4",
    ),
    differentiable=("score", "divergence"),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is relative_l2_error against the true score, which is no input",
    properties=frozenset(
        {
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("hyvarinen_score",),
)
