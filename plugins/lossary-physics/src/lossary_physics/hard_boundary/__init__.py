"""Hard boundary: a network's output, made to have the wanted values on a boundary of any shape."""

from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_floating, check_ndim, check_real, check_shape
from torch import Tensor


@full_precision
def hard_boundary(
    prediction: Float[Tensor, "points fields"],
    distance: Float[Tensor, "points"],
    boundary_value: Float[Tensor, "points fields"] | float,
) -> Float[Tensor, "points fields"]:
    r"""A solution that has the wanted values where the distance is 0, whatever the network says.

    .. math:: u(x) = g(x) + d(x) \, N(x)

    Args:
        prediction: N, the network's output, one column for each field.
        distance: d, a smooth function that is 0 on the boundary and nowhere else, such as
            `boundary_distance`. Of several boundaries, take the product d_1 d_2, or d_1 d_2 / (d_1 + d_2),
            which keeps the slope of 1 at each.
        boundary_value: g, any smooth function with the wanted values on the boundary, or one number.

    Returns:
        The solution at the points, with the graphs of all tensors.

    Raises:
        ShapeError: ``prediction`` is no matrix; ``distance`` is not one value per point; ``boundary_value``
            has not the shape of ``prediction``.
        DtypeError: a tensor is not floating; ``boundary_value`` is neither a tensor nor a number.

    Source: Lagaris, Likas and Fotiadis, Artificial neural networks for solving ordinary and partial
        differential equations, IEEE Transactions on Neural Networks 9, 1998; for flows Pal, Mukherjee, Dutta
        and Choudhury, Solving Navier-Stokes Equations Using Data-free Physics-Informed Neural Networks With
        Hard Boundary Conditions, arXiv 2025.

    Example:
        >>> import torch
        >>> hard_boundary(torch.tensor([[7.0], [7.0]]), torch.tensor([0.0, 0.5]), 1.0)
        tensor([[1.0000],
                [4.5000]])
    """
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "points fields")
    check_floating("distance", distance)
    check_shape("distance", distance, (prediction.shape[0],), like="axis 0 of prediction")
    if isinstance(boundary_value, Tensor):
        check_floating("boundary_value", boundary_value)
        check_shape("boundary_value", boundary_value, tuple(prediction.shape), like="prediction")
    else:
        check_real("boundary_value", boundary_value)
    return (boundary_value + distance.unsqueeze(1) * prediction).to(prediction.dtype)
