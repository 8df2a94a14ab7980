"""Multiplicative denoising score matching: the score of positive data, learned from noise that multiplies.

The network models x times the gradient of the log-density, entry by entry, which a sampler that multiplies
needs. `geometric_brownian_perturbation` adds the noise.
"""

from typing import Any, Literal

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice
from torch import Tensor

from lossary_physics._scores import by_sample, check_like, check_scores, noise_level


@full_precision
def multiplicative_denoising_score_matching(
    score: Float[Tensor, "batch *rest"],
    noise: Float[Tensor, "batch *rest"],
    volatility: Float[Tensor, "batch"] | Float[Tensor, ""] | float,
    *,
    weighting: Literal["volatility2", "none"] = "none",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far x times a score is from that of the log-normal noise that made the sample.

    .. math:: L = \frac{1}{2} \Big\lVert s + 1 + \frac{z}{v} \Big\rVert^2, \qquad
              s \approx x \circ \nabla \log p(x)

    Args:
        score: s, the network's for x times the gradient of log p, at the perturbed sample.
        noise: z, standard normal. It receives no gradient.
        volatility: v, the effective volatility sigma sqrt(t), above 0: one for all samples or one for each.
            It receives no gradient.
        weighting: "volatility2" multiplies by v^2, which keeps early times bounded; "none" does not.
        reduction: "mean" or "sum" over samples, or "none".

    Returns:
        A scalar, or one value per sample under "none"; a value is the sum over the sample's entries.

    Raises:
        ShapeError: there is no sample; the shapes do not fit.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``volatility`` is not above 0; ``weighting`` is
            unknown.

    Source: Shetty, Prasath and Seelamantula, Dale meets Langevin: A Multiplicative Denoising Diffusion Model,
        arXiv 2025.

    Example:
        >>> import torch
        >>> score, noise = torch.tensor([[1.0, -1.0]]), torch.tensor([[0.0, 1.0]])
        >>> multiplicative_denoising_score_matching(score, noise, 0.5)  # (2^2 + 2^2) / 2
        tensor(4.)
    """
    check_choice("weighting", weighting, ("volatility2", "none"))
    check_scores("score", score)
    check_like("noise", noise, tuple(score.shape))
    level = noise_level("volatility", volatility, score)
    drawn = noise.detach().to(score.dtype)
    error = score + 1 + drawn / level if weighting == "none" else level * (score + 1) + drawn
    return reduce(0.5 * by_sample(error.square()), reduction)


MultiplicativeDenoisingScoreMatching = loss_module(multiplicative_denoising_score_matching)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Scores of four samples of three entries, and noise of a volatility of each."""
    return {
        "score": torch.randn(4, 3, generator=generator),
        "noise": torch.randn(4, 3, generator=generator),
        "volatility": torch.rand(4, generator=generator) + 0.5,
    }


LOSS = LossSpec(
    function=multiplicative_denoising_score_matching,
    module=MultiplicativeDenoisingScoreMatching,
    paper=Paper(
        title="Dale meets Langevin: A Multiplicative Denoising Diffusion Model",
        authors="Shetty, Prasath and Seelamantula",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2510.02730",
    ),
    differentiable=("score",),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is relative_l2_error against the true score, which is no input",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("m_dsm",),
)
