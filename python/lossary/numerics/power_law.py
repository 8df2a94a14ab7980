"""Power laws with a constant: how losses fall with parameters, compute or tokens, and towards what."""

from typing import Any, NamedTuple

import numpy as np

from lossary.errors import InvalidInputError
from lossary.numerics.curve_fitting import best_fit, determination
from lossary.numerics.vectors import Doubles, check_bounds, finite_vector

# How far below the lowest loss the constant is looked for, as a share of that loss.
_STARTS = 40
_LEAST_REDUCIBLE = 1e-3
_REFINED = 3


class PowerLawFit(NamedTuple):
    """A fitted power law.

    Attributes:
        irreducible: the loss that no size goes below.
        scale: the size at which the rest is 1.
        exponent: how fast the rest falls.
        r2: of the losses, 1 at best.
    """

    irreducible: float
    scale: float
    exponent: float
    r2: float


def power_law_plus_constant(
    x: Any, *, irreducible: float = 2.0, scale: float = 1e6, exponent: float = 0.1
) -> Doubles:
    r"""The losses that a scaling law predicts: a constant and a power that falls.

    .. math:: L(x) = L_\infty + \left( \frac{x_0}{x} \right)^{\alpha}

    The constant stands for the entropy of the data, the power for the divergence of the model from it. A
    rest of r is reached at x₀ r^(-1/alpha).

    Args:
        x: (n,), parameters, compute or tokens, above 0.
        irreducible: L∞, 0 or above; the three defaults are an example without meaning.
        scale: x₀, above 0.
        exponent: alpha, above 0.

    Returns:
        (n,) losses.

    Raises:
        InvalidInputError: a value is NaN, infinite or outside its range.
        ShapeError: not one axis.
        DtypeError: ``x`` is not an array-like, or an option not a number.

    Source: Henighan, Kaplan, Katz et al., Scaling Laws for Autoregressive Generative Modeling, arXiv
        2010.14701, 2020, equation 1.1.

    Example:
        >>> power_law_plus_constant([1.0, 4.0, 16.0], irreducible=2.0, scale=4.0, exponent=0.5).tolist()
        [4.0, 3.0, 2.5]
    """
    sizes = _sizes(x)
    check_bounds("irreducible", irreducible, least=0.0)
    check_bounds("scale", scale, above=0.0)
    check_bounds("exponent", exponent, above=0.0)
    power: Doubles = np.exp(exponent * (np.log(scale) - np.log(sizes)))
    return irreducible + power


def fit_power_law(x: Any, loss: Any, *, robust_delta: float | None = None) -> PowerLawFit:
    r"""The power law with a constant that fits losses best.

    For each of many constants below the lowest loss, the logarithm of the rest is a line in log x; the best
    of these lines are refined in all three numbers. Of many curves, pass the lowest loss of each size.

    Args:
        x: (n,), parameters, compute or tokens, above 0; four or more, three of them different.
        loss: (n,), above 0.
        robust_delta: None for least squares of losses, or the Huber threshold of differences of log losses,
            above 0, so that single failed runs count little.

    Returns:
        A `PowerLawFit`, for `power_law_plus_constant`.

    Raises:
        InvalidInputError: a value is NaN, infinite or outside its range; too few sizes; losses that nowhere
            fall, or so slowly that the scale is no float64.
        ShapeError: not one axis, or lengths that differ.
        DtypeError: an argument is not an array-like, or ``robust_delta`` not a number.

    Source: Henighan, Kaplan, Katz et al., Scaling Laws for Autoregressive Generative Modeling, arXiv
        2010.14701, 2020.

    Example:
        >>> sizes = [1.0, 4.0, 16.0, 64.0]
        >>> fitted = fit_power_law(sizes, [4.0, 3.0, 2.5, 2.25])
        >>> [round(number, 4) for number in fitted]
        [2.0, 4.0, 0.5, 1.0]
    """
    sizes = _sizes(x)
    losses = finite_vector("loss", loss, length=len(sizes), like="x")
    different = len(np.unique(sizes))
    if different < 3 or len(sizes) < 4:
        raise InvalidInputError(
            f"x: got {len(sizes)} points of {different} sizes; wanted 4 or more, of 3 or more sizes"
        )
    if robust_delta is not None:
        check_bounds("robust_delta", robust_delta, above=0.0)
    if losses.min() <= 0:
        raise InvalidInputError(f"loss: got {losses.min():g}; wanted losses above 0")
    if (np.diff(losses[np.argsort(sizes, kind="stable")]) >= 0).all():
        raise InvalidInputError("loss: got losses that nowhere fall with x; wanted ones that fall")
    center = float(np.log(sizes).mean())
    position = np.log(sizes) - center
    is_robust = robust_delta is not None

    def residuals(parameters: Doubles) -> tuple[Doubles, Doubles] | None:
        irreducible, height, exponent = parameters
        with np.errstate(over="ignore"):
            power = np.exp(height - exponent * position)
        predicted = irreducible + power
        if not np.isfinite(predicted).all() or predicted.min() <= 0:
            return None
        jacobian = np.stack([np.ones_like(power), power, -position * power], 1)
        if is_robust:
            return np.log(predicted / losses), jacobian / predicted[:, None]
        return predicted - losses, jacobian

    lowest = float(losses.min())
    starts = []
    for share in np.geomspace(1.0, _LEAST_REDUCIBLE, _STARTS):
        irreducible = lowest * (1 - share)
        slope, height = np.polyfit(position, np.log(losses - irreducible), 1)
        starts.append(np.array([irreducible, height, max(-slope, 1e-6)]))
    starts.sort(key=lambda start: float(np.square((residuals(start) or (np.array([np.inf]),))[0]).sum()))
    fit = best_fit(
        residuals,
        starts[:_REFINED],
        lower=np.array([0.0, -np.inf, 1e-12]),
        delta=np.inf if robust_delta is None else robust_delta,
    )
    assert fit is not None  # lines through finite logarithms are finite
    irreducible, height, exponent = map(float, fit.parameters)
    with np.errstate(over="ignore"):
        scale = float(np.exp(height / exponent + center))
    if not 0 < scale < np.inf:
        raise InvalidInputError("loss: got losses that hardly fall with x; wanted ones that fall")
    predicted = irreducible + np.exp(height - exponent * position)
    return PowerLawFit(irreducible, scale, exponent, determination(losses, predicted))


def _sizes(x: Any) -> Doubles:
    sizes = finite_vector("x", x)
    if len(sizes) and sizes.min() <= 0:
        raise InvalidInputError(f"x: got {sizes.min():g}; wanted sizes above 0")
    return sizes
