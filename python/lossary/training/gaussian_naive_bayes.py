"""Gaussian naive Bayes: a linear classifier of frozen features in closed form.

With few labels it often beats the linear layer that is trained on the same features, and it is a good start
for one.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_integer,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError


class GaussianNaiveBayes(NamedTuple):
    """The statistics of classes, and the logits of queries.

    Attributes:
        mean: of each class.
        variance: of each feature within classes, shared by them.
        prior: the share of each class.
        logits: of the queries; None without queries.
    """

    mean: Float[Tensor, "classes features"]
    variance: Float[Tensor, "features"]
    prior: Float[Tensor, "classes"]
    logits: Float[Tensor, "queries classes"] | None


class LinearHead(NamedTuple):
    """A linear layer, for ``torch.nn.Linear``.

    Attributes:
        weight: one row per class.
        bias: one number per class.
    """

    weight: Float[Tensor, "classes features"]
    bias: Float[Tensor, "classes"]


@full_precision
def gaussian_naive_bayes(
    features: Float[Tensor, "batch features"],
    target: Integer[Tensor, "batch"],
    query: Float[Tensor, "queries features"] | None = None,
    *,
    num_classes: int | None = None,
    eps: float = 1e-9,
) -> GaussianNaiveBayes:
    r"""Means of classes and the variance within them, and what they say of queries.

    .. math:: z_{c}(x) = \log \pi_c - \frac{1}{2} \sum_d \frac{(x_d - \mu_{cd})^2}{v_d}, \qquad
        v = \epsilon + \sum_c \pi_c v_c

    Args:
        features: one row per item, from a frozen network; sums are in float64.
        target: the class of each item.
        query: rows to classify, or None.
        num_classes: how many classes there are; None is one more than the largest target.
        eps: what is added to variances, 0 or above.

    Returns:
        A `GaussianNaiveBayes`, in the dtype of ``features``.

    Raises:
        ShapeError: ``features`` is not a matrix or has no row; another argument has another length.
        DtypeError: ``features`` or ``query`` is not floating, ``target`` not integer, ``num_classes`` no int.
        InvalidInputError: a value is NaN or infinite; a target is no class; a class has no item; ``eps`` is
            negative.

    Source: Zheng, Wu, Bao, Cao, Li and Zhu, Revisiting Discriminative vs. Generative Classifiers: Theory and
        Implications, ICML 2023.

    Example:
        >>> import torch
        >>> features, target = torch.tensor([[-2.0], [0.0], [4.0], [6.0]]), torch.tensor([0, 0, 1, 1])
        >>> found = gaussian_naive_bayes(features, target, torch.tensor([[2.0]]))
        >>> found.mean.flatten(), found.variance, found.logits.diff()  # in the middle of both classes
        (tensor([-1.,  5.]), tensor([1.]), tensor([[0.]]))
    """
    check_floating("features", features)
    check_ndim("features", features, "batch features")
    check_finite("features", features)
    if features.shape[0] == 0:
        raise ShapeError("features: got no row; wanted at least one")
    check_integer("target", target)
    check_shape("target", target, (features.shape[0],), like="the rows of features")
    check_non_negative("eps", eps)
    if num_classes is None:
        num_classes = int(target.max()) + 1
    check_int("num_classes", num_classes)
    check_positive("num_classes", num_classes)
    check_class_index("target", target, num_classes)
    classes = torch.arange(num_classes, device=target.device)
    member = (classes.unsqueeze(1) == target).double()
    count = member.sum(1)
    if checks_values(target) and bool((count == 0).any()):
        missing = int((count == 0).nonzero()[0, 0])
        raise InvalidInputError(f"target: got no item of class {missing}; wanted at least one of each class")
    wide = features.double()
    mean = member @ wide / count.unsqueeze(1)
    prior = count / features.shape[0]
    variance = (wide - mean[target.long()]).square().mean(0) + eps
    statistics = (mean.to(features.dtype), variance.to(features.dtype), prior.to(features.dtype))
    logits = None if query is None else gaussian_naive_bayes_logits(query, *statistics)
    return GaussianNaiveBayes(*statistics, logits)


@full_precision
def gaussian_naive_bayes_logits(
    query: Float[Tensor, "queries features"],
    mean: Float[Tensor, "classes features"],
    variance: Float[Tensor, "features"],
    prior: Float[Tensor, "classes"],
    *,
    use_prior: bool = True,
) -> Float[Tensor, "queries classes"]:
    """What the statistics of classes say of queries: log probabilities, but for a constant of each query.

    Args:
        query: rows to classify.
        mean: as of `gaussian_naive_bayes`.
        variance: as there, above 0.
        prior: as there.
        use_prior: whether the shares of classes count.

    Returns:
        One row per query, in its dtype; sums are in float64.

    Raises:
        ShapeError: ``query`` or ``mean`` is not a matrix, or shapes do not fit together.
        DtypeError: an argument is not floating.
        InvalidInputError: a value of ``query`` is NaN or infinite.

    Example:
        >>> import torch
        >>> statistics = torch.tensor([[0.0], [2.0]]), torch.tensor([2.0]), torch.tensor([0.5, 0.5])
        >>> gaussian_naive_bayes_logits(torch.tensor([[0.0]]), *statistics, use_prior=False)
        tensor([[-0., -1.]])
    """
    check_floating("query", query)
    check_ndim("query", query, "queries features")
    check_finite("query", query)
    _check_statistics(mean, variance, prior)
    if query.shape[1] != mean.shape[1]:
        raise ShapeError(f"query: got {query.shape[1]} features; wanted {mean.shape[1]}, as mean")
    spread = variance.double().sqrt()
    distance = torch.cdist(
        query.double() / spread, mean.double() / spread, compute_mode="donot_use_mm_for_euclid_dist"
    )
    logits = -distance.square() / 2
    return (logits + prior.double().log() if use_prior else logits).to(query.dtype)


@full_precision
def gaussian_naive_bayes_linear(
    mean: Float[Tensor, "classes features"],
    variance: Float[Tensor, "features"],
    prior: Float[Tensor, "classes"],
) -> LinearHead:
    r"""The same classifier as a linear layer, such as the start of one that is trained on.

    .. math:: w_{cd} = \frac{\mu_{cd}}{v_d}, \qquad b_c = \log \pi_c - \frac{1}{2} \sum_d w_{cd} \, \mu_{cd}

    Args:
        mean: as of `gaussian_naive_bayes`.
        variance: as there, above 0.
        prior: as there.

    Returns:
        A `LinearHead`, whose softmax is that of `gaussian_naive_bayes_logits`.

    Raises:
        ShapeError: ``mean`` is not a matrix, or shapes do not fit together.
        DtypeError: an argument is not floating.

    Example:
        >>> import torch
        >>> gaussian_naive_bayes_linear(torch.tensor([[2.0]]), torch.tensor([2.0]), torch.tensor([1.0]))
        LinearHead(weight=tensor([[1.]]), bias=tensor([-1.]))
    """
    _check_statistics(mean, variance, prior)
    weight = mean.double() / variance.double()
    bias = prior.double().log() - (weight * mean).sum(1) / 2
    return LinearHead(weight.to(mean.dtype), bias.to(mean.dtype))


def _check_statistics(mean: Tensor, variance: Tensor, prior: Tensor) -> None:
    for name, value in (("mean", mean), ("variance", variance), ("prior", prior)):
        check_floating(name, value)
    check_ndim("mean", mean, "classes features")
    check_shape("variance", variance, (mean.shape[1],), like="the features of mean")
    check_shape("prior", prior, (mean.shape[0],), like="the classes of mean")
