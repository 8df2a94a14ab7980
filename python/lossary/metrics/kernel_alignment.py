"""How alike two representations of the same samples are, or a kernel and a target: cosines of kernels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import numeric, to_numpy
from lossary.metrics.embeddings import vectors
from lossary.metrics.options import check_flag

Doubles = NDArray[np.float64]

# What centring leaves of constants is rounding, in units of the largest number.
_ROUNDING = 64 * np.finfo(np.float64).eps


def linear_cka(x: Any, y: Any, *, debiased: bool = False) -> float:
    r"""Centred kernel alignment of two representations of the same samples; 1 is the same up to rotation.

    .. math:: \frac{\lVert X^T Y \rVert_F^2}{\lVert X^T X \rVert_F \, \lVert Y^T Y \rVert_F}

    of the centred matrices. Rotating, scaling and shifting either changes nothing.

    Args:
        x: (n_samples, n_features), such as the activations of a layer.
        y: (n_samples, n_other_features), those of another layer or model.
        debiased: take the unbiased estimates of the three terms instead, whose value does not grow with the
            number of features; it can be a little below 0, and needs four samples.

    Returns:
        A float in [0, 1]; at most about 1 with ``debiased``.

    Raises:
        UndefinedMetricError: all rows of a matrix are the same; with ``debiased``, the estimate of how much a
            matrix varies is not above 0.
        InvalidInputError: NaN or infinity.
        ShapeError: not two axes, or none of something; numbers of samples that differ; fewer than four with
            ``debiased``.
        DtypeError: an argument of another type.

    Source: Kornblith, Norouzi, Lee and Hinton, Similarity of Neural Network Representations Revisited, ICML
        2019; debiased: Song, Smola, Gretton, Bedo and Borgwardt, Feature Selection via Dependence
        Maximization, JMLR 13, 2012.

    Example:
        >>> x, turned_doubled_and_moved = [[1, 0], [0, 1], [0, 0]], [[5, 9], [3, 7], [5, 7]]
        >>> round(linear_cka(x, turned_doubled_and_moved), 6)
        1.0
    """
    check_flag("debiased", debiased)
    first, second = vectors("x", x), vectors("y", y)
    if len(first) != len(second):
        raise ShapeError(f"y: got {len(second)} samples; wanted {len(first)}, as x")
    if debiased and len(first) < 4:
        raise ShapeError(f"x: got {len(first)} samples; wanted at least 4 with debiased")
    rows = [_centred_rows(name, array) for name, array in (("x", first), ("y", second))]
    products = _debiased_products(*rows) if debiased else _products(*rows)
    for name, product in zip("xy", products[1:], strict=True):
        if not product > 0:
            raise UndefinedMetricError(
                f"{name}: got rows whose debiased variation is {product:g}; wanted it above 0"
            )
    value = products[0] / np.sqrt(products[1]) / np.sqrt(products[2])
    return float(value if debiased else min(value, 1.0))


def kernel_target_alignment(kernel: Any, target: Any, *, centered: bool = True) -> float:
    r"""Cosine of a kernel matrix with that of the target; higher means that the kernel knows the target.

    .. math:: \frac{\langle K, Y Y^T \rangle_F}{\lVert K \rVert_F \, \lVert Y Y^T \rVert_F}

    Of a tangent kernel over training it tells lazy learning, where it stays, from the learning of features,
    where it grows.

    Args:
        kernel: K, (n_samples, n_samples), symmetric.
        target: y, (n_samples,) or (n_samples, n_outputs).
        centered: take the means of rows and columns off both first; False is the form of the paper.

    Returns:
        A float in [-1, 1], in [0, 1] for a kernel without negative eigenvalues.

    Raises:
        UndefinedMetricError: the kernel or the target is zero, with ``centered`` once it is centred.
        InvalidInputError: NaN or infinity; a kernel that is not symmetric to 1e-6 of its largest number.
        ShapeError: a kernel that is not square; a target of another length.
        DtypeError: an argument of another type.

    Source: Kumar, Bordelon, Gershman and Pehlevan, Grokking as the Transition from Lazy to Rich Training
        Dynamics, ICLR 2024; Cristianini, Shawe-Taylor, Elisseeff and Kandola, On Kernel-Target Alignment,
        NIPS 2001.

    Example:
        >>> kernel_target_alignment([[1.0, -1.0], [-1.0, 1.0]], [1.0, -1.0])
        1.0
        >>> value = kernel_target_alignment([[1.0, 0.0], [0.0, 3.0]], [1.0, 1.0], centered=False)
        >>> round(value, 4)  # 4 / sqrt(10) / 2
        0.6325
    """
    check_flag("centered", centered)
    matrix = vectors("kernel", kernel).astype(np.float64)
    if matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"kernel: got shape {matrix.shape}; wanted (n_samples, n_samples)")
    matrix = _scaled("kernel", matrix)
    if np.abs(matrix - matrix.T).max() > 1e-6:
        raise InvalidInputError("kernel: got a matrix that is not symmetric; wanted it symmetric")
    given = numeric("target", to_numpy("target", target))
    columns = _scaled("target", vectors("target", given[:, None] if given.ndim == 1 else given))
    if len(columns) != len(matrix):
        raise ShapeError(f"target: got {len(columns)} samples; wanted {len(matrix)}, as kernel")
    if centered:
        matrix = matrix - matrix.mean(axis=0)
        matrix = matrix - matrix.mean(axis=1, keepdims=True)
        columns = columns - columns.mean(axis=0)
    for name, array in (("kernel", matrix), ("target", columns)):
        if np.abs(array).max() <= _ROUNDING:
            raise UndefinedMetricError(f"{name}: got one that is zero once centred; wanted one that varies")
    # Y Y^T is never formed: its product with K and its norm take the columns alone.
    product = np.einsum("ip,ij,jp->", columns, matrix, columns, optimize=True)
    length = np.linalg.norm(matrix) * np.linalg.norm(columns.T @ columns)
    return float(np.clip(product / length, -1.0, 1.0))


def _scaled(name: str, array: Any) -> Doubles:
    """The array divided by its largest number, which keeps squares in range."""
    wide: Doubles = array.astype(np.float64)  # a copy
    largest = np.abs(wide).max()
    if not largest:
        raise UndefinedMetricError(f"{name}: got only zeros; wanted a number that is not")
    wide /= largest
    return wide


def _centred_rows(name: str, array: Any) -> Doubles:
    """Rows less their mean, divided by the largest number that is left."""
    wide = array.astype(np.float64)
    largest = np.abs(wide).max() or 1.0
    centred = wide / largest
    centred = centred - centred.mean(axis=0)
    if np.abs(centred).max() <= _ROUNDING:
        raise UndefinedMetricError(f"{name}: got rows that are all the same; wanted rows that vary")
    return _scaled(name, centred)


def _products(x: Doubles, y: Doubles) -> tuple[float, float, float]:
    """Inner products of the kernels of centred rows: of x and y, x and x, y and y."""
    if len(x) < min(x.shape[1], y.shape[1]):
        first, second = x @ x.T, y @ y.T
        return tuple(float(np.vdot(*pair)) for pair in ((first, second), (first, first), (second, second)))  # type: ignore[return-value]
    pairs = ((x, y), (x, x), (y, y))
    return tuple(float(np.square(left.T @ right).sum()) for left, right in pairs)  # type: ignore[return-value]


def _debiased_products(x: Doubles, y: Doubles) -> tuple[float, float, float]:
    """Unbiased estimates of the same, from kernels without their diagonals, up to one factor for all."""
    n = len(x)
    kernels = []
    for rows in (x, y):
        kernel = rows @ rows.T
        np.fill_diagonal(kernel, 0)
        kernels.append(kernel)

    def product(left: Doubles, right: Doubles) -> float:
        sums = left.sum(axis=0), right.sum(axis=0)
        whole = sums[0].sum() * sums[1].sum() / ((n - 1) * (n - 2))
        return float(np.vdot(left, right) + whole - 2 / (n - 2) * (sums[0] @ sums[1]))

    def variation(kernel: Doubles) -> float:
        value = product(kernel, kernel)  # a squared length, which is 0 up to rounding or is not
        return value if value > _ROUNDING * np.vdot(kernel, kernel) else 0.0

    first, second = kernels
    return product(first, second), variation(first), variation(second)
