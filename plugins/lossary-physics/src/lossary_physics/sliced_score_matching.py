"""Sliced score matching: implicit score matching along random directions, one backward pass for each.

For a direction v it needs the product with the score's Jacobian, or with its transpose, which
``torch.autograd.grad((score * v).sum(), inputs, create_graph=True)`` gives. `rademacher_probe` of
`score_divergence` draws directions.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_floating
from lossary.errors import ShapeError
from torch import Tensor

from lossary_physics._scores import check_like, check_scores


@full_precision
def sliced_score_matching(
    score: Float[Tensor, "batch *rest"],
    probe: Float[Tensor, "probes batch *rest"],
    jacobian_probe: Float[Tensor, "probes batch *rest"],
    *,
    variance_reduced: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Implicit score matching with the divergence, and perhaps the length, taken along random directions.

    .. math:: L = \frac{1}{K} \sum_k v_k^\top J v_k + \frac{1}{2} \lVert s \rVert^2

    With `implicit_score_matching` it shares the warning: it is unbounded below.

    Args:
        score: s, the network's, at samples.
        probe: v, random directions of mean 0 and covariance 1 for each sample. They receive no gradient.
        jacobian_probe: J v, or its transpose with J, with a graph.
        variance_reduced: False replaces the squared length of s by the mean over k of its squared component
            along v_k, as densities without a length in closed form need it.
        reduction: "mean" or "sum" over samples, or "none".

    Returns:
        A scalar, or one value per sample under "none"; it may be negative.

    Raises:
        ShapeError: there is no sample or no probe; the shapes do not fit.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: Song, Garg, Shi and Ermon, Sliced Score Matching: A Scalable Approach to Density and Score
        Estimation, UAI 2019, equations 7 and 8.

    Example:
        >>> import torch
        >>> score, probe = torch.tensor([[1.0, 2.0]]), torch.tensor([[[1.0, -1.0]]])
        >>> sliced_score_matching(score, probe, -probe)  # of the Jacobian -I: -2 + (1 + 4) / 2
        tensor(0.5000)
    """
    check_scores("score", score)
    check_floating("probe", probe)
    check_like("probe", probe, (*probe.shape[:1], *score.shape), like="score for each probe")
    if probe.shape[0] == 0:
        raise ShapeError(f"probe: got shape {tuple(probe.shape)}; wanted at least one probe")
    check_like("jacobian_probe", jacobian_probe, tuple(probe.shape), like="probe")
    direction = probe.detach().to(score.dtype)
    bend = _along(direction, jacobian_probe.to(score.dtype)).mean(0)
    flat = score.unsqueeze(-1).flatten(1)
    square = flat.square().sum(1) if variance_reduced else _along(direction, score).square().mean(0)
    return reduce(bend + 0.5 * square, reduction)


SlicedScoreMatching = loss_module(sliced_score_matching)


def _along(direction: Tensor, vectors: Tensor) -> Tensor:
    """The component of each sample's vector along each of its directions: (probes, batch)."""
    return (direction * vectors).unsqueeze(-1).flatten(2).sum(2)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Scores of four samples of three entries, along two directions each."""
    return {
        "score": torch.randn(4, 3, generator=generator),
        "probe": torch.randn(2, 4, 3, generator=generator),
        "jacobian_probe": torch.randn(2, 4, 3, generator=generator),
    }


LOSS = LossSpec(
    function=sliced_score_matching,
    module=SlicedScoreMatching,
    paper=Paper(
        title="Sliced Score Matching: A Scalable Approach to Density and Score Estimation",
        authors="Song, Garg, Shi and Ermon",
        venue="UAI",
        year=2019,
        url="https://arxiv.org/abs/1905.07088",
        equation="equations 7 and 8",
    ),
    differentiable=("score", "jacobian_probe"),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is relative_l2_error against the true score, which is no input",
    properties=frozenset(
        {
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("ssm",),
)
