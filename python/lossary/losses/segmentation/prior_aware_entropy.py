"""Prior-aware entropy: adapting a segmentation network to a new domain without labels or source images.

Confident predictions are rewarded, and their class sizes are held near a prior from anatomy, so that the
entropy cannot be had by predicting one class. ``prior_weight=0`` leaves the plain entropy.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_no_negative,
    check_non_negative,
    check_positive,
    check_shape,
    check_unit_interval,
    checks_values,
)
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.segmentation._maps import check_class_axis, space_flattened

Proportion = Literal["mean", "max_normalized"]
Direction = Literal["prediction", "prior"]

_TOLERANCE = 4e-3  # of the sum over the classes: probabilities rounded to bfloat16 are off by up to 2^-8


@full_precision
def prior_aware_entropy(
    prediction: Float[Tensor, "batch classes *space"],
    class_ratio: Float[Tensor, "batch classes"] | Float[Tensor, "classes"],
    *,
    class_weight: Float[Tensor, "classes"] | Sequence[float] | None = None,
    prior_weight: float = 1.0,
    proportion: Proportion = "mean",
    direction: Direction = "prediction",
    eps: float = 1e-10,
) -> Float[Tensor, ""]:
    r"""Entropy of the predicted classes, and how far their sizes are from a prior.

    .. math:: L = -\frac{\sum_{n,c,v} w_c \, p_{ncv} \log p_{ncv}}{\sum_{n,c,v} p_{ncv}}
              + \frac{\lambda}{N} \sum_n \mathrm{KL}(\tau_n \,\|\, \hat\tau_n), \quad
              \tau_{nc} = \frac{1}{V} \sum_v p_{ncv}

    Args:
        prediction: probabilities p, adding up to 1 over the classes.
        class_ratio: the prior, which share of an image each class takes; one for each image, or one for all.
            It need not add up to 1, and receives no gradient. A class of ratio 0 is punished strongly, by
            -log(eps) times its share.
        class_weight: w, one number of 0 or above for each class; None is 1 for all.
        prior_weight: lambda, at least 0.
        proportion: how the predicted shares tau are taken: "mean" over the voxels, or "max_normalized" by the
            authors' code: each voxel divided by its largest probability, summed, and brought to add up to 1.
        direction: "prediction" is KL(tau || prior), "prior" KL(prior || tau).
        eps: added inside of the logarithms and to denominators, above 0.

    Returns:
        A scalar; 0 for an empty batch.

    Raises:
        ShapeError: ``prediction`` has no axis of classes, or no class or voxel; ``class_ratio`` is neither
            (batch, classes) nor (classes,), or ``class_weight`` not (classes,).
        DtypeError: an input is not floating; ``class_weight`` is neither a tensor nor a sequence of numbers.
        InvalidInputError: a probability is outside [0, 1] or NaN, or the classes of a voxel do not add up to
            1; a ratio or a weight is negative, NaN or infinite; ``prior_weight`` is negative; ``eps`` is not
            above 0; ``proportion`` or ``direction`` is unknown.

    Source: Bateson, Kervadec, Dolz, Lombaert and Ben Ayed, Source-Free Domain Adaptation for Image
        Segmentation, Medical Image Analysis 2022, section 3.

    Example:
        >>> import torch
        >>> prediction = torch.tensor([[[0.5, 0.5], [0.5, 0.5]]])  # two classes, two voxels
        >>> prior_aware_entropy(prediction, torch.tensor([0.25, 0.75]))  # log 2 + (log 2 + log(2/3)) / 2
        tensor(0.8370)
    """
    check_floating("prediction", prediction)
    check_class_axis("prediction", prediction)
    if 0 in prediction.shape[1:]:
        raise ShapeError(
            f"prediction: got shape {tuple(prediction.shape)}; wanted at least one class and voxel"
        )
    _check_simplex(prediction)
    _check_ratio(class_ratio, prediction)
    weight = _weight_of_classes(class_weight, prediction)
    check_non_negative("prior_weight", prior_weight)
    check_choice("proportion", proportion, get_args(Proportion))
    check_choice("direction", direction, get_args(Direction))
    check_positive("eps", eps)
    prediction, prior = space_flattened(prediction), class_ratio.detach().to(prediction.dtype)
    entropies = -prediction * (prediction + eps).log()
    if weight is not None:
        entropies = entropies * weight.unsqueeze(1)
    entropy = entropies.sum() / (prediction.sum() + eps)
    if proportion == "mean":
        share = prediction.mean(2)
    else:
        size = (prediction / (prediction.amax(1, keepdim=True) + eps)).sum(2)
        share = size / (size.sum(1, keepdim=True) + eps)
    first, second = (share, prior) if direction == "prediction" else (prior, share)
    divergence = (first * ((first + eps).log() - (second + eps).log())).sum()
    return entropy + prior_weight * divergence / max(prediction.shape[0], 1)


def _check_simplex(prediction: Tensor) -> None:
    check_unit_interval("prediction", prediction)
    if not checks_values(prediction) or prediction.numel() == 0:
        return
    total = prediction.sum(1)
    worst = total.flatten()[(total - 1).abs().argmax()].item()
    if abs(worst - 1) > _TOLERANCE:
        raise InvalidInputError(
            f"prediction: got classes that add up to {worst:g}; wanted probabilities that add up to 1 over "
            "axis 1, as of a softmax"
        )


def _check_ratio(class_ratio: Tensor, prediction: Tensor) -> None:
    check_floating("class_ratio", class_ratio)
    shape = tuple(prediction.shape[:2])
    if class_ratio.ndim == 1:
        check_shape("class_ratio", class_ratio, shape[1:], like="the classes of prediction")
    else:
        check_shape("class_ratio", class_ratio, shape, like="the images and classes of prediction")
    _check_no_negative("class_ratio", class_ratio)


def _weight_of_classes(class_weight: Tensor | Sequence[float] | None, prediction: Tensor) -> Tensor | None:
    if class_weight is None:
        return None
    if not isinstance(class_weight, Tensor):
        if not isinstance(class_weight, Sequence):
            raise DtypeError(
                f"class_weight: got {type(class_weight).__name__}; wanted a tensor or a sequence of numbers"
            )
        for number in class_weight:
            check_non_negative("class_weight", number)
        class_weight = torch.tensor(class_weight, dtype=prediction.dtype, device=prediction.device)
    check_floating("class_weight", class_weight)
    check_shape("class_weight", class_weight, tuple(prediction.shape[1:2]), like="the classes of prediction")
    _check_no_negative("class_weight", class_weight)
    return class_weight.detach().to(prediction.dtype)


def _check_no_negative(name: str, values: Tensor) -> None:
    check_finite(name, values)
    check_no_negative(name, values)


PriorAwareEntropy = loss_module(prior_aware_entropy)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two images of three classes, each with a prior."""
    return {
        "prediction": torch.randn(2, 3, 3, 4, generator=generator).softmax(1),
        "class_ratio": torch.randn(2, 3, generator=generator).softmax(1),
    }


LOSS = LossSpec(
    function=prior_aware_entropy,
    module=PriorAwareEntropy,
    paper=Paper(
        title="Source-Free Domain Adaptation for Image Segmentation",
        authors="Bateson, Kervadec, Dolz, Lombaert and Ben Ayed",
        venue="Medical Image Analysis",
        year=2022,
        url="https://arxiv.org/abs/2108.03152",
        equation="section 3",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="it stands for f1_score and jaccard_score on images without labels, where they cannot be "
    "taken",
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
    aliases=("adaent",),
)
