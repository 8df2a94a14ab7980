"""Iterative soft thresholding with a fixed number of layers: a sparse recovery network of few parameters."""

import torch
from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_floating, check_non_negative, check_shape
from torch import Tensor

from lossary_compression._linear_model import check_layers, check_per_layer, unfold


@full_precision
def unfolded_ista(
    measurement: Float[Tensor, "batch measurements"],
    matrix: Float[Tensor, "measurements dim"],
    step_sizes: Float[Tensor, "layers"],
    *,
    penalty: float = 0.1,
    thresholds: Float[Tensor, "layers"] | None = None,
) -> Float[Tensor, "batch dim"]:
    r"""Recover sparse signals from few measurements by gradient steps and soft thresholds, from 0.

    .. math:: x_{k+1} = S_{t_k} \big( x_k + b_k A^\top (y - A x_k) \big), \qquad t_k = \lambda b_k

    S_t is `soft_threshold`. Make ``step_sizes`` a parameter, and train it against the true signals or,
    without them, by `lasso`. Constant steps of ``1 / torch.linalg.matrix_norm(matrix, 2) ** 2`` converge to
    the least `lasso`, slowly.

    Args:
        measurement: y.
        matrix: A.
        step_sizes: b, one for each layer, 0 or above.
        penalty: lambda, 0 or above.
        thresholds: t in place of lambda b, one for each layer, 0 or above; None takes lambda b.

    Returns:
        The signals, with a graph to ``step_sizes``, ``thresholds``, ``matrix`` and ``measurement``. Without a
        layer they are 0.

    Raises:
        ShapeError: the shapes do not fit together, or there is no row.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; a step, a threshold or ``penalty`` is negative.

    Source: Daubechies, Defrise and De Mol, An iterative thresholding algorithm for linear inverse problems
        with a sparsity constraint, Communications on Pure and Applied Mathematics 57, 2004; Nagahisa,
        Hayakawa and Iiguni, Comparison between Supervised and Unsupervised Learning in Deep Unfolded Sparse
        Signal Recovery, arXiv 2025.

    Example:
        >>> import torch
        >>> step_sizes = torch.tensor([0.5], requires_grad=True)
        >>> unfolded_ista(torch.tensor([[2.0, -0.1]]), torch.eye(2), step_sizes).detach()  # 0.5 y, less 0.05
        tensor([[0.9500, 0.0000]])
    """
    check_non_negative("penalty", penalty)
    check_layers(measurement, matrix, step_sizes)
    if thresholds is None:
        cuts = penalty * step_sizes
    else:
        check_floating("thresholds", thresholds)
        check_shape("thresholds", thresholds, tuple(step_sizes.shape), like="step_sizes")
        check_per_layer("thresholds", thresholds)
        cuts = thresholds
    return unfold(measurement, matrix, step_sizes, lambda z, layer: soft_threshold(z, cuts[layer]))


def soft_threshold(
    values: Float[Tensor, "..."], threshold: Float[Tensor, "..."] | float
) -> Float[Tensor, "..."]:
    """Move values towards 0 by the threshold, no further than to 0.

    Args:
        values: of any shape.
        threshold: 0 or above, a number or what broadcasts to the shape of ``values``.

    Returns:
        Of the shape of ``values``; where a value is within the threshold, 0 without a gradient.

    Raises:
        DtypeError: ``values`` are not floating.

    Example:
        >>> import torch
        >>> soft_threshold(torch.tensor([3.0, -0.5, -2.0]), 1.0)
        tensor([ 2.,  0., -1.])
    """
    check_floating("values", values)
    cut = torch.as_tensor(threshold, dtype=values.dtype, device=values.device)
    return values - values.clamp(-cut, cut)  # no -0, as a sign would give
