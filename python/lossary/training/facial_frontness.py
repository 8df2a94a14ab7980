"""Facial frontness: how nearly a face looks into the camera, from three landmarks."""

from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape


@full_precision
def facial_frontness(
    left_eye_x: Float[Tensor, "batch"], right_eye_x: Float[Tensor, "batch"], nose_x: Float[Tensor, "batch"]
) -> Float[Tensor, "batch"]:
    r"""How near the nose is to the middle of the eyes: 1 in the middle, 0 below or beyond an eye.

    .. math:: \rho = \max \Big( 0, 1 - \frac{2 |n - (l + r) / 2|}{|r - l|} \Big)

    Args:
        left_eye_x: l, the horizontal coordinate of one eye, in any unit.
        right_eye_x: r, that of the other.
        nose_x: n, that of the nose.

    Returns:
        A value in [0, 1] per face; 0 where the eyes coincide.

    Raises:
        ShapeError: a tensor is not a vector, or they differ in length.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite.

    Example:
        >>> import torch
        >>> facial_frontness(torch.tensor([0.0, 0.0]), torch.tensor([4.0, 4.0]), torch.tensor([2.0, 1.0]))
        tensor([1.0000, 0.5000])
    """
    for name, value in (("left_eye_x", left_eye_x), ("right_eye_x", right_eye_x), ("nose_x", nose_x)):
        check_floating(name, value)
        check_ndim(name, value, "batch")
        check_shape(name, value, tuple(left_eye_x.shape), like="left_eye_x")
        check_finite(name, value)
    between = (right_eye_x - left_eye_x).abs()
    aside = (nose_x - (left_eye_x + right_eye_x) / 2).abs()
    share = 2 * aside / between.where(between > 0, 1.0)
    return (1 - share).clamp(min=0).where(between > 0, 0.0)
