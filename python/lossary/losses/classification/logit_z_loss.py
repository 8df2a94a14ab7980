"""Logit z-loss: keeps the logits of a softmax close to log-probabilities.

An addition to cross-entropy that cures the late divergence of the output logits of large models. It has
nothing to do with `spherical_z`, which its paper calls Z-loss.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_finite, check_floating, check_non_negative
from lossary.errors import ShapeError
from lossary.losses.classification._masks import check_mask


@full_precision
def logit_z_loss(
    logits: Float[Tensor, "*batch classes"],
    mask: Bool[Tensor, "*batch"] | None = None,
    *,
    coefficient: float = 1e-4,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared logarithm of the normalising constant of a softmax, times a coefficient.

    .. math:: L = c \, (\log Z)^2, \quad Z = \sum_k e^{z_k}

    Args:
        logits: z, with the classes on the last axis, such as (batch, classes) or (batch, steps, classes).
        mask: True where a position counts; None lets all count.
        coefficient: c, 0 or above.
        reduction: "mean" over the positions that count, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per position, 0 where it does not count. Log-probabilities give 0.

    Raises:
        ShapeError: ``logits`` has no class, or ``mask`` another shape than its positions.
        DtypeError: ``logits`` is not floating, or ``mask`` not of bool.
        InvalidInputError: a logit is NaN or infinite; ``coefficient`` is negative.

    Source: Wortsman et al., Small-scale proxies for large-scale Transformer training instabilities, arXiv
        2309.14322, 2023; after Chowdhery et al., PaLM: Scaling Language Modeling with Pathways, arXiv
        2204.02311, 2022, section 5.

    Example:
        >>> import torch
        >>> logit_z_loss(torch.tensor([[1.0, 1.0]]), coefficient=1.0)  # (1 + log 2)^2
        tensor(2.8667)
    """
    check_floating("logits", logits)
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted a last axis with a class at least")
    if mask is not None:
        check_mask(mask, tuple(logits.shape[:-1]), like="logits without its classes")
    check_non_negative("coefficient", coefficient)
    check_finite("logits", logits)
    log_z = logits.logsumexp(-1)
    if mask is not None:  # the square of what does not count may overflow, and 0 times infinity is NaN
        log_z = log_z.where(mask, 0.0)
    return reduce(coefficient * log_z.square(), reduction, mask=mask)


LogitZLoss = loss_module(logit_z_loss)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four sequences of three steps and five classes; two steps do not count."""
    mask = torch.tensor([[True, True, True], [True, True, False], [True, True, True], [False, True, True]])
    return {"logits": torch.randn(4, 3, 5, generator=generator), "mask": mask}


LOSS = LossSpec(
    function=logit_z_loss,
    module=LogitZLoss,
    paper=Paper(
        title="Small-scale proxies for large-scale Transformer training instabilities",
        authors="Wortsman et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2309.14322",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it has no target: it keeps a softmax well scaled, beside a cross-entropy, which log_loss judges"
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
