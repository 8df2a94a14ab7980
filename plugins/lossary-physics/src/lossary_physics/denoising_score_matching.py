"""Denoising score matching: the gradient of the log-density of noisy data, learned from the noise.

Beside samples with noise it needs nothing: no derivatives of the network, and no normalized density. The
score it finds is that of the noisy data.
"""

from typing import Any, Literal

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice
from torch import Tensor

from lossary_physics._scores import by_sample, check_like, check_scores, noise_level


@full_precision
def denoising_score_matching(
    score: Float[Tensor, "batch *rest"],
    noise: Float[Tensor, "batch *rest"],
    sigma: Float[Tensor, "batch"] | Float[Tensor, ""] | float,
    *,
    weighting: Literal["sigma2", "none"] = "sigma2",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far a score is from pointing back along the noise.

    .. math:: L = \frac{1}{2} \lVert \sigma s + z \rVert^2 \quad \text{or} \quad
              \frac{1}{2} \lVert s + z / \sigma \rVert^2

    Args:
        score: s, the network's, at x + sigma z.
        noise: z, standard normal. It receives no gradient.
        sigma: the level of the noise, above 0: one for all samples or one for each. It receives no gradient.
        weighting: "sigma2", the first form, counts all levels alike, as diffusion models do; "none", the
            second, is sigma^2 times less and grows without bound as sigma falls (below 1e-4 it is of no use).
        reduction: "mean" or "sum" over samples, or "none".

    Returns:
        A scalar, or one value per sample under "none"; a value is the sum over the sample's entries.

    Raises:
        ShapeError: there is no sample; the shapes do not fit.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``sigma`` is not above 0; ``weighting`` is unknown.

    Source: Vincent, A Connection Between Score Matching and Denoising Autoencoders, Neural Computation 23,
        2011, equation 9; weighted as by Song and Ermon, Generative Modeling by Estimating Gradients of the
        Data Distribution, NeurIPS 2019.

    Example:
        >>> import torch
        >>> score, noise = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 2.0]])
        >>> denoising_score_matching(score, noise, 0.5)  # (1.5^2 + 2^2) / 2
        tensor(3.1250)
    """
    check_choice("weighting", weighting, ("sigma2", "none"))
    check_scores("score", score)
    check_like("noise", noise, tuple(score.shape))
    level = noise_level("sigma", sigma, score)
    drawn = noise.detach().to(score.dtype)
    error = level * score + drawn if weighting == "sigma2" else score + drawn / level
    return reduce(0.5 * by_sample(error.square()), reduction)


DenoisingScoreMatching = loss_module(denoising_score_matching)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Scores of four samples of three entries, and noise of a level of each."""
    return {
        "score": torch.randn(4, 3, generator=generator),
        "noise": torch.randn(4, 3, generator=generator),
        "sigma": torch.rand(4, generator=generator) + 0.5,
    }


LOSS = LossSpec(
    function=denoising_score_matching,
    module=DenoisingScoreMatching,
    paper=Paper(
        title="A Connection Between Score Matching and Denoising Autoencoders",
        authors="Vincent",
        venue="Neural Computation",
        year=2011,
        url="https://doi.org/10.1162/NECO_a_00142",
        equation="equation 9",
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
    aliases=("dsm",),
)
