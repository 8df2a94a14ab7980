"""Score matching of data that are never negative, whose density may end abruptly at zero.

There implicit score matching is wrong, because it takes the density for 0 at the end of its range. Weighing
each entry by its own size makes the end of no account.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_no_negative
from torch import Tensor

from lossary_physics._scores import by_sample, check_like, check_scores


@full_precision
def nonnegative_score_matching(
    inputs: Float[Tensor, "batch *rest"],
    score: Float[Tensor, "batch *rest"],
    score_derivative: Float[Tensor, "batch *rest"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared distance of a score to the true one, each entry times x, but for a constant.

    .. math:: L = \sum_i \Big( 2 x_i s_i + x_i^2 \frac{\partial s_i}{\partial x_i}
              + \frac{1}{2} x_i^2 s_i^2 \Big)

    Like `implicit_score_matching` it is unbounded below.

    Args:
        inputs: x, the samples, 0 or above; an entry of 0 counts nothing. They receive no gradient.
        score: s, the network's for the gradient of log p, at the samples.
        score_derivative: of each s_i by its own x_i, with a graph.
        reduction: "mean" or "sum" over samples, or "none".

    Returns:
        A scalar, or one value per sample under "none"; it may be negative.

    Raises:
        ShapeError: there is no sample; the shapes differ.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; an entry of ``inputs`` is negative.

    Source: Hyvarinen, Some extensions of score matching, Computational Statistics and Data Analysis 51, 2007;
        half of what texts have that leave out the factor 1/2.

    Example:
        >>> import torch
        >>> inputs, score = torch.tensor([[2.0]]), torch.tensor([[-1.0]])  # of the density exp(-x)
        >>> nonnegative_score_matching(inputs, score, torch.zeros(1, 1))  # -4 + 0 + 4 / 2
        tensor(-2.)
    """
    check_scores("inputs", inputs)
    check_no_negative("inputs", inputs)
    check_like("score", score, tuple(inputs.shape), like="inputs")
    check_like("score_derivative", score_derivative, tuple(inputs.shape), like="inputs")
    x = inputs.detach()
    scaled = x * score.to(x.dtype)
    values = 2 * scaled + x.square() * score_derivative.to(x.dtype) + 0.5 * scaled.square()
    return reduce(by_sample(values), reduction)


NonnegativeScoreMatching = loss_module(nonnegative_score_matching)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four samples of three entries above 0, their scores and the derivatives of these."""
    return {
        "inputs": torch.rand(4, 3, generator=generator) + 0.5,
        "score": torch.randn(4, 3, generator=generator),
        "score_derivative": torch.randn(4, 3, generator=generator),
    }


LOSS = LossSpec(
    function=nonnegative_score_matching,
    module=NonnegativeScoreMatching,
    paper=Paper(
        title="Some extensions of score matching",
        authors="Hyvarinen",
        venue="Computational Statistics and Data Analysis",
        year=2007,
        url="https://doi.org/10.1016/j.csda.2006.09.003",
    ),
    differentiable=("score", "score_derivative"),
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
)
