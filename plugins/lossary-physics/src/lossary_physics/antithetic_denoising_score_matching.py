"""Denoising score matching of pairs: a step of a stochastic motion with its noise, and one with the opposite.

Alone, the variance of a step's loss grows as the step shrinks. Between the two of a pair that cancels, and
steps may be as small as the simulation wants them.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from torch import Tensor

from lossary_physics._scores import by_sample, check_like, check_scores, noise_level


@full_precision
def antithetic_denoising_score_matching(
    score_plus: Float[Tensor, "batch *rest"],
    score_minus: Float[Tensor, "batch *rest"],
    noise: Float[Tensor, "batch *rest"],
    scale: Float[Tensor, "batch"] | Float[Tensor, ""] | float,
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Denoising score matching at two states whose noise is opposite, without its constant.

    .. math:: L = \frac{1}{2} \Big( \lVert s_+ \rVert^2 + \frac{2}{\eta} s_+ \cdot z \Big)
              + \frac{1}{2} \Big( \lVert s_- \rVert^2 - \frac{2}{\eta} s_- \cdot z \Big)

    Args:
        score_plus: s at x + b dt + scale z, a step of the motion from x with drift b.
        score_minus: s at x + b dt - scale z, from the same x.
        noise: z, standard normal. It receives no gradient.
        scale: eta, above 0, sqrt(2 D dt) for a diffusion D: one for all samples or one for each. It receives
            no gradient.
        reduction: "mean" or "sum" over samples, or "none".

    Returns:
        A scalar, or one value per sample under "none"; a value is the sum over the sample's entries, and may
        be negative.

    Raises:
        ShapeError: there is no sample; the shapes do not fit.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``scale`` is not above 0.

    Differs from the official code: it divides the mean by the number of coordinates of both states.

    Source: Boffi and Vanden-Eijnden, Deep learning probability flows and entropy production rates in active
        matter, PNAS 121, 2024.

    Example:
        >>> import torch
        >>> plus, minus, noise = torch.tensor([[-2.0]]), torch.tensor([[1.0]]), torch.tensor([[0.5]])
        >>> antithetic_denoising_score_matching(plus, minus, noise, 0.25)  # (4 + 1) / 2 - 3 * 0.5 / 0.25
        tensor(-3.5000)
    """
    check_scores("score_plus", score_plus)
    shape = tuple(score_plus.shape)
    check_like("score_minus", score_minus, shape, like="score_plus")
    check_like("noise", noise, shape, like="score_plus")
    level = noise_level("scale", scale, score_plus)
    plus, minus = score_plus, score_minus.to(score_plus.dtype)
    # The difference first: what the two have in common is large against it when the step is small.
    slope = (plus - minus) * noise.detach().to(plus.dtype) / level
    return reduce(by_sample(0.5 * (plus.square() + minus.square()) + slope), reduction)


AntitheticDenoisingScoreMatching = loss_module(antithetic_denoising_score_matching)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Scores of four pairs of three entries, and noise of a scale of each."""
    return {
        "score_plus": torch.randn(4, 3, generator=generator),
        "score_minus": torch.randn(4, 3, generator=generator),
        "noise": torch.randn(4, 3, generator=generator),
        "scale": torch.rand(4, generator=generator) + 0.5,
    }


LOSS = LossSpec(
    function=antithetic_denoising_score_matching,
    module=AntitheticDenoisingScoreMatching,
    paper=Paper(
        title="Deep learning probability flows and entropy production rates in active matter",
        authors="Boffi and Vanden-Eijnden",
        venue="PNAS",
        year=2024,
        url="https://arxiv.org/abs/2309.12991",
    ),
    differentiable=("score_plus", "score_minus"),
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
