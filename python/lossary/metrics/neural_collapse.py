"""Neural collapse: how near the last layer is to one point per class, all of them equally far apart."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import numeric, one_axis, to_numpy
from lossary.metrics.class_rows import Indices, class_indices, class_means
from lossary.metrics.embeddings import check_features, distances, vectors
from lossary.metrics.options import check_choice

Doubles = NDArray[np.float64]


class NeuralCollapse(NamedTuple):
    """What `neural_collapse` returns; all are 0 at perfect collapse.

    Attributes:
        nc1: scatter within the classes in units of that between them, divided by the number of classes.
        nc2_weight: distance of the normed Gram matrix of the classifier's rows from that of the frame.
        nc2_feature: likewise of the class means.
        nc3: likewise of the products of the classifier's rows with the class means.
        nc3_duality: squared distance of the normed classifier from the normed class means.
        feature_norm_cv: deviation of the lengths of the centred class means, in units of their mean.
        weight_norm_cv: likewise of the classifier's rows.
        feature_angle: mean distance of the cosines between class means from that of the frame.
        weight_angle: likewise of the classifier's rows.
        nc4: share of the samples whose class is another one by the classifier than by the nearest mean.
    """

    nc1: float
    nc2_weight: float
    nc2_feature: float
    nc3: float
    nc3_duality: float
    feature_norm_cv: float
    weight_norm_cv: float
    feature_angle: float
    weight_angle: float
    nc4: float


def neural_collapse(
    embeddings: Any, labels: Any, weight: Any, *, geometry: Any = "etf", bias: Any = None
) -> NeuralCollapse:
    r"""How far a last layer is from collapse to a frame of one point per class; lower is nearer.

    .. math:: \mathrm{NC}_1 = \frac{1}{C} \operatorname{tr} (S_W S_B^{+}), \qquad
              \mathrm{NC}_{2, 3} = \Big\lVert \frac{A B^T}{\lVert A B^T \rVert_F} - F \Big\rVert_F

    A and B are the classifier, the class means, or one of each; F is the frame, of norm 1.

    Args:
        embeddings: what the last layer gets, (n_samples, n_features).
        labels: the class of each, (n_samples,): 0 to n_classes - 1, none without a sample.
        weight: of the last layer, (n_classes, n_features); after several linear layers their product.
        geometry: the frame. "etf" is the simplex of balanced classes, with class means less the mean of all
            samples; "orthogonal" has a right angle between any two, with the means themselves, as training
            without a bias gives for imbalanced classes; a sequence of positive numbers, (n_classes,), is
            orthogonal with these squared lengths.
        bias: of the last layer, (n_classes,), for ``nc4``; None is 0.

    Returns:
        NeuralCollapse: nc1, nc2_weight, nc2_feature, nc3, nc3_duality, feature_norm_cv, weight_norm_cv,
        feature_angle, weight_angle and nc4.

    Raises:
        UndefinedMetricError: all class means are the same, or one is zero, centred for the simplex.
        InvalidInputError: NaN or infinity; a class without a sample, or beyond the weight's; a zero row of
            the weight; an unknown geometry, or lengths that are not above 0.
        ShapeError: shapes or lengths that do not fit; fewer than two classes.
        DtypeError: an argument of another type.

    Source: Dang, Tran, Osher, Tran-The, Ho and Nguyen, Neural Collapse in Deep Linear Networks: From Balanced
        to Imbalanced Data, ICML 2023; Papyan, Han and Donoho, Prevalence of neural collapse during the
        terminal phase of deep learning training, PNAS 117, 2020.

    Example:
        >>> found = neural_collapse([[1.0], [3.0], [-1.0], [-3.0]], [0, 0, 1, 1], [[1.0], [-1.0]])
        >>> round(found.nc1, 6), found.nc4  # variance 1 within classes and 4 between them, over two classes
        (0.125, 0.0)
    """
    rows = vectors("embeddings", embeddings).astype(np.float64)
    classifier = vectors("weight", weight).astype(np.float64)
    check_features("weight", classifier, rows, like="the embeddings")
    classes = len(classifier)
    if classes < 2:
        raise ShapeError(f"weight: got {classes} class; wanted at least two")
    if not classifier.any(axis=1).all():
        raise InvalidInputError("weight: got a row of zeros; wanted rows with a direction")
    codes = class_indices("labels", labels, len(rows))
    if codes.max() >= classes:
        raise InvalidInputError(f"labels: got class {codes.max()}; wanted 0 to {classes - 1}, as weight")
    frame, is_simplex = _frame(geometry, classes)
    offsets = np.zeros(classes) if bias is None else _numbers("bias", bias, classes)
    means = class_means("labels", rows, codes, classes)
    centred = means - rows.mean(axis=0)
    features = centred if is_simplex else means
    rounding = 16 * np.finfo(np.float64).eps * np.abs(rows).max()
    if np.abs(centred).max() <= rounding:
        raise UndefinedMetricError("embeddings: got class means that are all the same; wanted some apart")
    if np.abs(features).max(axis=1).min() <= rounding:
        raise UndefinedMetricError("embeddings: got a class mean of zero; wanted means with a direction")
    cosine = -1 / (classes - 1) if is_simplex else 0.0
    return NeuralCollapse(
        nc1=_within(rows - means[codes], centred) / classes,
        nc2_weight=_from_frame(classifier, classifier, frame),
        nc2_feature=_from_frame(features, features, frame),
        nc3=_from_frame(classifier, features, frame),
        nc3_duality=float(np.square(_normed(classifier) - _normed(features)).sum()),
        feature_norm_cv=_spread(centred),
        weight_norm_cv=_spread(classifier),
        feature_angle=_angle(features, cosine),
        weight_angle=_angle(classifier, cosine),
        nc4=_disagreement(rows @ classifier.T + offsets, rows, means),
    )


def _frame(geometry: Any, classes: int) -> tuple[Doubles, bool]:
    """The Gram matrix that collapse has, of norm 1, and whether it is that of the simplex."""
    if isinstance(geometry, str) or geometry is None:
        check_choice("geometry", geometry, ("etf", "orthogonal"))
        if geometry == "etf":
            return (np.eye(classes) - 1 / classes) / np.sqrt(classes - 1), True
        return np.eye(classes) / np.sqrt(classes), False
    lengths = _numbers("geometry", geometry, classes)
    if not (lengths > 0).all():
        raise InvalidInputError(f"geometry: got {lengths.min():g}; wanted numbers above 0")
    return np.diag(_normed(lengths)), False


def _numbers(name: str, given: Any, classes: int) -> Doubles:
    array = one_axis(name, numeric(name, to_numpy(name, given))).astype(np.float64)
    if len(array) != classes:
        raise ShapeError(f"{name}: got {len(array)} numbers; wanted {classes}, as the classes of weight")
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    return array


def _within(residuals: Doubles, centred: Doubles) -> float:
    """Trace of the scatter within classes times the pseudo-inverse of that between them.

    It is taken in the span of the class means, without a matrix of n_features by n_features.
    """
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    # The cutoff of the pseudo-inverse is one of squares.
    kept = singular**2 > centred.shape[1] * np.finfo(np.float64).eps * singular[0] ** 2
    projected = (residuals @ axes[kept].T) / singular[kept]
    return float(len(centred) * np.square(projected).sum() / len(residuals))


def _normed(array: Doubles) -> Doubles:
    normed: Doubles = array / np.linalg.norm(array)
    return normed


def _from_frame(left: Doubles, right: Doubles, frame: Doubles) -> float:
    product = _normed(left) @ _normed(right).T
    length = np.linalg.norm(product)
    return float(np.linalg.norm(product / (length or 1.0) - frame))


def _spread(rows: Doubles) -> float:
    lengths = np.linalg.norm(rows, axis=1)
    return float(lengths.std() / lengths.mean())


def _angle(rows: Doubles, cosine: float) -> float:
    directions = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    first, second = np.triu_indices(len(rows), 1)
    return float(np.abs((directions @ directions.T)[first, second] - cosine).mean())


def _disagreement(logits: Doubles, rows: Doubles, means: Doubles) -> float:
    nearest: Indices = distances(rows, means).argmin(axis=1)
    return float((logits.argmax(axis=1) != nearest).mean())
