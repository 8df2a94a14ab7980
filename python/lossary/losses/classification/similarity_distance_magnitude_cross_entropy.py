"""Similarity-distance-magnitude cross-entropy: a softmax that knows how near to the training data it stands.

Its base grows with the number of nearest training points that agree, and its exponent shrinks with the
distance to them: far from everything seen the classes come out equal.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn import functional

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_real,
    check_shape,
    check_unit_interval,
    checks_values,
)
from lossary.errors import InvalidInputError
from lossary.losses.classification._class_rows import (
    best_class,
    class_columns,
    class_probabilities,
    six_rows,
)


@full_precision
def similarity_distance_magnitude_cross_entropy(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    similarity: Float[Tensor, "batch"],
    distance_quantile: Float[Tensor, "batch"],
    *,
    rescale_offset: float = 2.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""-log, to a base of each row's own, of the probability of the right class.

    .. math:: L = -\log_B \frac{B^{d z_y}}{\sum_k B^{d z_k}}, \quad B = r + q

    The gradient in the logits is d (p - onehot): the logarithm of the base cancels. A similarity of e - 2 and
    a quantile of 1 give cross-entropy.

    Args:
        logits: z, one column per class; their magnitude.
        target: y, the right class of each row.
        similarity: q, 0 or above: how many of the nearest training points, from the first one on, share the
            row's prediction and are right with it. It receives no gradient.
        distance_quantile: d, in [0, 1]: the share of training distances that are not below the row's; 0
            gives equal classes. It receives no gradient.
        rescale_offset: r, the base of a row without similarity; the base must be above 1.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none".

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; another argument has another length.
        DtypeError: a floating argument is not floating, or ``target`` not integer.
        InvalidInputError: a value is NaN or infinite; a target is no class; a similarity is negative; a
            quantile is outside [0, 1]; a base is 1 or below.

    Differs from the official code: it adds a small constant inside its logarithms.

    Source: Schmaltz, Similarity-Distance-Magnitude Universal Verification, arXiv 2502.20167, 2025.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([[1.0, 0.0]]), torch.tensor([0])
        >>> similarity, quantile = torch.tensor([2.0]), torch.tensor([0.5])  # 4^0.5 = 2: probability 2/3
        >>> similarity_distance_magnitude_cross_entropy(logits, target, similarity, quantile)  # log_4(3/2)
        tensor(0.2925)
    """
    columns, _ = class_columns(logits, target)
    for name, value in (("similarity", similarity), ("distance_quantile", distance_quantile)):
        check_floating(name, value)
        check_shape(name, value, (logits.shape[0],), like="the rows of logits")
        check_finite(name, value)
    check_unit_interval("distance_quantile", distance_quantile)
    check_real("rescale_offset", rescale_offset)
    _check_bases(similarity, rescale_offset)
    log_base = (similarity.detach().to(logits.dtype) + rescale_offset).log()
    exponent = distance_quantile.detach().to(logits.dtype) * log_base
    surprise = functional.cross_entropy(logits * exponent.unsqueeze(1), columns.squeeze(1), reduction="none")
    return reduce(surprise / log_base, reduction)


def _check_bases(similarity: Tensor, rescale_offset: float) -> None:
    if not (checks_values(similarity) and similarity.numel()):
        return
    least = similarity.min().item()
    if least < 0:
        raise InvalidInputError(f"similarity: got {least:g}; wanted values of 0 or above")
    if rescale_offset + least <= 1:
        raise InvalidInputError(
            f"rescale_offset: got {rescale_offset!r} with a similarity of {least:g}; wanted a sum above 1"
        )


SimilarityDistanceMagnitudeCrossEntropy = loss_module(similarity_distance_magnitude_cross_entropy)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows, every one of the five classes among them, with up to nine agreeing neighbours."""
    return {
        **six_rows(generator),
        "target": torch.tensor([0, 1, 2, 3, 4, 0]),
        "similarity": torch.randint(10, (6,), generator=generator).float(),
        "distance_quantile": torch.rand(6, generator=generator),
    }


LOSS = LossSpec(
    function=similarity_distance_magnitude_cross_entropy,
    module=SimilarityDistanceMagnitudeCrossEntropy,
    paper=Paper(
        title="Similarity-Distance-Magnitude Universal Verification",
        authors="Schmaltz",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2502.20167",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="balanced_accuracy_score", adapt=best_class),
        ExactMetric(name="expected_calibration_error", adapt=class_probabilities),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("sdm_cross_entropy",),
)
