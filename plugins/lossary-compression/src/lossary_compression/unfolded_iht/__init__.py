"""Iterative hard thresholding with a fixed number of layers: what stays in the signal is not shrunk."""

from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_int, check_non_negative
from lossary.errors import InvalidInputError
from torch import Tensor

from lossary_compression._linear_model import check_layers, unfold


@full_precision
def unfolded_iht(
    measurement: Float[Tensor, "batch measurements"],
    matrix: Float[Tensor, "measurements dim"],
    step_sizes: Float[Tensor, "layers"],
    *,
    sparsity: int | None = None,
    penalty: float = 0.1,
) -> Float[Tensor, "batch dim"]:
    r"""Recover sparse signals from few measurements by gradient steps and hard thresholds, from 0.

    .. math:: x_{k+1} = H_k \big( x_k + b_k A^\top (y - A x_k) \big)

    H_k keeps the entries above :math:`\sqrt{2 \lambda b_k}` in absolute value, or the ``sparsity`` largest of
    each signal, and sets the others to 0. Make ``step_sizes`` a parameter, and train it against the true
    signals or, without them, by `l0_least_squares`.

    Args:
        measurement: y.
        matrix: A.
        step_sizes: b, one for each layer, 0 or above.
        sparsity: how many entries of each signal to keep, of equal ones those of lower index; None keeps
            those above the threshold.
        penalty: lambda, 0 or above; without meaning where ``sparsity`` is given.

    Returns:
        The signals, with a graph through the entries that were kept; the thresholds carry no gradient.
        Without a layer they are 0.

    Raises:
        ShapeError: the shapes do not fit together, or there is no row.
        DtypeError: a tensor is not floating; ``sparsity`` is no int.
        InvalidInputError: a value is NaN or infinite; a step or ``penalty`` is negative; ``sparsity`` is not
            from 1 to the number of columns of ``matrix``.

    Source: Blumensath and Davies, Iterative Thresholding for Sparse Approximations, Journal of Fourier
        Analysis and Applications 14, 2008; Nagahisa, Hayakawa and Iiguni, Comparison between
        Supervised and Unsupervised Learning in Deep Unfolded Sparse Signal Recovery, arXiv 2025.

    Example:
        >>> import torch
        >>> measurement, step_sizes = torch.tensor([[2.0, -0.1, 1.0]]), torch.ones(1)
        >>> unfolded_iht(measurement, torch.eye(3), step_sizes, sparsity=1)
        tensor([[2., 0., 0.]])
        >>> unfolded_iht(measurement, torch.eye(3), step_sizes)  # above the root of 2 * 0.1
        tensor([[2., 0., 1.]])
    """
    check_non_negative("penalty", penalty)
    check_layers(measurement, matrix, step_sizes)
    if sparsity is None:
        cuts = (2 * penalty * step_sizes.detach()).sqrt()
        return unfold(measurement, matrix, step_sizes, lambda z, layer: z.where(z.abs() > cuts[layer], 0.0))
    check_int("sparsity", sparsity)
    if not 1 <= sparsity <= matrix.shape[1]:
        raise InvalidInputError(
            f"sparsity: got {sparsity}; wanted 1 to {matrix.shape[1]}, as many as matrix has columns"
        )
    return unfold(measurement, matrix, step_sizes, lambda z, _: z.where(_ranks(z) < sparsity, 0.0))


def _ranks(values: Tensor) -> Tensor:
    """The place of each entry among those of its row, the largest in absolute value first."""
    return values.detach().abs().argsort(dim=1, descending=True, stable=True).argsort(dim=1)
