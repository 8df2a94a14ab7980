"""Stationary Fokker-Planck residual: a score that fits the equation its density obeys in a steady state.

A regularizer beside `antithetic_denoising_score_matching` for the score of a stochastic motion, with the
velocity v = b - D s of its probability flow.
"""

from typing import Any, Literal

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_choice
from torch import Tensor

from lossary_physics._scores import by_sample, check_like, check_scores


@full_precision
def stationary_fokker_planck_residual(
    velocity: Float[Tensor, "batch *rest"],
    score: Float[Tensor, "batch *rest"],
    velocity_divergence: Float[Tensor, "batch"],
    *,
    kind: Literal["pointwise", "mean_divergence", "mean_advection"] = "pointwise",
) -> Float[Tensor, ""]:
    r"""How far a probability flow is from leaving its density as it is.

    .. math:: L = \operatorname{mean} \big( \nabla \cdot v + v \cdot s \big)^2

    In a steady state the term is 0 at each sample, and each of its two parts has the mean 0.

    Args:
        velocity: v at samples of the steady state.
        score: s there.
        velocity_divergence: that of v there, such as `score_divergence` of v, with a graph.
        kind: "pointwise" as above; "mean_divergence" is the squared mean of the first part alone,
            "mean_advection" of the second. The authors weigh the three by hand for each system.

    Returns:
        A scalar.

    Raises:
        ShapeError: there is no sample; the shapes do not fit.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``kind`` is unknown.

    Source: Boffi and Vanden-Eijnden, Deep learning probability flows and entropy production rates in active
        matter, PNAS 121, 2024.

    Example:
        >>> import torch
        >>> velocity, score = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, -1.0]])
        >>> stationary_fokker_planck_residual(velocity, score, torch.tensor([1.0]))  # (1 + 3 - 2)^2
        tensor(4.)
    """
    check_choice("kind", kind, ("pointwise", "mean_divergence", "mean_advection"))
    check_scores("velocity", velocity)
    check_like("score", score, tuple(velocity.shape), like="velocity")
    check_like("velocity_divergence", velocity_divergence, (velocity.shape[0],), like="samples of velocity")
    divergence = velocity_divergence.to(velocity.dtype)
    advection = by_sample(velocity * score.to(velocity.dtype))
    if kind == "pointwise":
        return (divergence + advection).square().mean()
    return (divergence if kind == "mean_divergence" else advection).mean().square()


StationaryFokkerPlanckResidual = loss_module(stationary_fokker_planck_residual)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Velocities and scores of four samples of three entries, and the divergence of the velocity."""
    return {
        "velocity": torch.randn(4, 3, generator=generator),
        "score": torch.randn(4, 3, generator=generator),
        "velocity_divergence": torch.randn(4, generator=generator),
    }


LOSS = LossSpec(
    function=stationary_fokker_planck_residual,
    module=StationaryFokkerPlanckResidual,
    paper=Paper(
        title="Deep learning probability flows and entropy production rates in active matter",
        authors="Boffi and Vanden-Eijnden",
        venue="PNAS",
        year=2024,
        url="https://arxiv.org/abs/2309.12991",
    ),
    differentiable=("velocity", "score", "velocity_divergence"),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is relative_l2_error against the true score, which is no input",
    properties=frozenset(
        {
            Property.BATCH_ORDER_FREE,
            Property.NON_NEGATIVE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
