"""Cluster target distribution: cluster probabilities made surer, and clusters more equal in size.

What a clustering network trains towards: `lossary.losses.metric_learning.relative_entropy_clustering`
compares with it. Refresh it once per epoch, on the whole data set.
"""

from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError

TargetKind = Literal["depict", "dec"]

_TOLERANCE = 4e-3  # of the sum of a row: probabilities rounded to bfloat16 are off by up to 2^-8


@full_precision
def cluster_target_distribution(
    probabilities: Float[Tensor, "batch clusters"], *, kind: TargetKind = "depict"
) -> Float[Tensor, "batch clusters"]:
    r"""Cluster probabilities divided by the sizes of the clusters, and made to add up to 1 again.

    .. math:: q_{ik} = \frac{p_{ik} / \sqrt{f_k}}{\sum_l p_{il} / \sqrt{f_l}}, \qquad f_k = \sum_i p_{ik}

    or, for "dec", with p squared and divided by f itself.

    Args:
        probabilities: p, one row per item; of the whole data set, or of a batch.
        kind: "depict" as in the formula; "dec" is sharper, and what the released code of DEPICT runs.

    Returns:
        The targets, without a graph. A cluster that no item is in gets 0.

    Raises:
        ShapeError: ``probabilities`` is not a matrix, or has no cluster.
        DtypeError: ``probabilities`` is not floating.
        InvalidInputError: a row is no distribution: NaN, negative, or with a sum further than 4e-3 from 1;
            ``kind`` is unknown.

    Source: Ghasedi Dizaji, Herandi, Deng, Cai and Huang, Deep Clustering via Joint Convolutional Autoencoder
        Embedding and Relative Entropy Minimization, ICCV 2017; "dec": Xie, Girshick and Farhadi, Unsupervised
        Deep Embedding for Clustering Analysis, ICML 2016, equation 3.

    Example:
        >>> import torch
        >>> probabilities = torch.tensor([[0.5, 0.5], [1.0, 0.0], [1.0, 0.0], [0.5, 0.5]])
        >>> cluster_target_distribution(probabilities, kind="dec")  # sizes 3 and 1: of 1/12 and 1/4
        tensor([[0.2500, 0.7500],
                [1.0000, 0.0000],
                [1.0000, 0.0000],
                [0.2500, 0.7500]])
    """
    check_choice("kind", kind, get_args(TargetKind))
    check_distributions("probabilities", probabilities)
    probabilities = probabilities.detach()
    size = probabilities.sum(0)
    power = 1.0 if kind == "depict" else 2.0
    # divided by the largest of its row first, the square of a small probability stays in range
    weight = (probabilities / probabilities.amax(1, keepdim=True)).pow(power)
    weight = weight * size.where(size > 0, 1.0).pow(-power / 2)
    return weight / weight.sum(1, keepdim=True)


def check_distributions(name: str, rows: Tensor) -> None:
    """Raise unless each row is of numbers of 0 or above that add up to 1, within 4e-3."""
    check_floating(name, rows)
    check_ndim(name, rows, "batch clusters")
    if rows.shape[1] == 0:
        raise ShapeError(f"{name}: got shape {tuple(rows.shape)}; wanted at least one cluster")
    check_finite(name, rows)
    if not checks_values(rows) or rows.shape[0] == 0:
        return
    if bool((rows < 0).any()):
        raise InvalidInputError(f"{name}: got {rows.min().item():g}; wanted probabilities of 0 or above")
    sums = rows.float().sum(1)
    worst = sums[(sums - 1).abs().argmax()].item()
    if abs(worst - 1) > _TOLERANCE:
        raise InvalidInputError(f"{name}: got a row that adds up to {worst:g}; wanted 1")
