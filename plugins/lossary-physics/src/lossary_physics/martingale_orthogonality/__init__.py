"""Moments of temporal differences, by which values are learned that have no bias: TD(0), TD(lambda), GTD."""

import torch
from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape
from torch import Tensor

from lossary_physics._trajectories import discounted


@full_precision
def martingale_orthogonality(
    value: Float[Tensor, "batch times"],
    reward: Float[Tensor, "batch times"],
    terminal: Float[Tensor, "batch"],
    test: Float[Tensor, "batch times tests"],
    *,
    dt: float = 1.0,
    discount: float = 0.0,
) -> Float[Tensor, "tests"]:
    r"""Moments of temporal differences with test processes, which vanish at the true value function.

    .. math:: m_k = \frac{1}{B} \sum_b \sum_i \xi_{bik} e_{bi}

    With the gradients of the values as tests, ``weight += step * moments`` is TD(0), and the solution of
    "all moments are 0" that of least squares; with traces of past gradients it is TD(lambda). A loss of it is
    m W m, where W is the inverse second moment of the tests.

    Args:
        value: as in `mean_square_temporal_difference`.
        reward: likewise.
        terminal: likewise.
        test: xi, known at the start of each step; it receives no gradient.
        dt: as in `mean_square_temporal_difference`.
        discount: likewise.

    Returns:
        One moment per test process, with the graph of ``value``.

    Raises:
        ShapeError: ``value`` is no matrix or has no entry; another shape does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a number is NaN or infinite; ``dt`` is not above 0, or ``discount`` negative.

    Source: Jia and Zhou, Policy Evaluation and Temporal-Difference Learning in Continuous Time and Space: A
        Martingale Approach, JMLR 2022, section 4.

    Example:
        >>> import torch
        >>> value, reward = torch.tensor([[3.0, 3.0]]), torch.tensor([[1.0, 1.0]])
        >>> test = torch.tensor([[[1.0, 0.0], [1.0, 2.0]]])
        >>> martingale_orthogonality(value, reward, torch.tensor([2.0]), test)  # of differences 1 and 0
        tensor([1., 0.])
    """
    at_start = discounted(value, reward, terminal, dt=dt, discount=discount)
    check_floating("test", test)
    check_ndim("test", test, "batch times tests")
    check_shape("test", test, (*value.shape, test.shape[2]), like="value")
    check_finite("test", test)
    moments = torch.einsum("btk,bt->k", test.detach().to(value.dtype), at_start.temporal_difference())
    return moments / value.shape[0]
