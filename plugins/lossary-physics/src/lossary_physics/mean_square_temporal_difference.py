"""Mean squared temporal difference in continuous time: what not to minimise.

As the time step shrinks, the squares of temporal differences measure how much a process varies, not how wrong
its values are. `martingale` is the loss to train with; this one is the baseline that shows why.
`martingale_orthogonality` gives the moments of the same differences that vanish at the true values.
"""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from torch import Tensor

from lossary_physics._trajectories import discounted, four_trajectories


@full_precision
def mean_square_temporal_difference(
    value: Float[Tensor, "batch times"],
    reward: Float[Tensor, "batch times"],
    terminal: Float[Tensor, "batch"],
    *,
    dt: float = 1.0,
    discount: float = 0.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared differences between what a step earned and what was expected of it, per unit of time.

    .. math::
        L = \frac{1}{2} \sum_{i=0}^{T-1} \frac{e_i^2}{\Delta t}, \qquad
        e_i = d_{i+1} J_{i+1} - d_i J_i + d_i r_i \Delta t, \quad d_i = e^{-\beta i \Delta t}, \quad J_T = h

    The gradient flows through both values of a difference. The minimiser is biased towards values of little
    variation, the more so the finer the time steps: train with `martingale`.

    Args:
        value: J, what the model expects at the times 0, dt, ..., (T - 1) dt.
        reward: r, the rate of earnings from each of these times to the next; it receives no gradient.
        terminal: h, the payoff at the end, T dt; nor does it.
        dt: the time step, above 0.
        discount: beta, the rate per unit of time, 0 or above.
        reduction: "mean" or "sum" over trajectories, or "none".

    Returns:
        A scalar, or one value per trajectory under "none".

    Raises:
        ShapeError: ``value`` is no matrix or has no entry; another shape does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a number is NaN or infinite; ``dt`` is not above 0, or ``discount`` negative.

    Source: Jia and Zhou, Policy Evaluation and Temporal-Difference Learning in Continuous Time and Space: A
        Martingale Approach, JMLR 2022, section 4.

    Example:
        >>> import torch
        >>> value, reward = torch.tensor([[3.0, 3.0]]), torch.tensor([[1.0, 1.0]])
        >>> mean_square_temporal_difference(value, reward, torch.tensor([2.0]))  # ((3 - 3 + 1)^2 + 0) / 2
        tensor(0.5000)
    """
    at_start = discounted(value, reward, terminal, dt=dt, discount=discount)
    return reduce(at_start.temporal_difference().square().sum(1) / (2 * dt), reduction)


MeanSquareTemporalDifference = loss_module(mean_square_temporal_difference)


LOSS = LossSpec(
    function=mean_square_temporal_difference,
    module=MeanSquareTemporalDifference,
    paper=Paper(
        title="Policy Evaluation and Temporal-Difference Learning in Continuous Time and Space: "
        "A Martingale Approach",
        authors="Jia and Zhou",
        venue="JMLR",
        year=2022,
        url="https://arxiv.org/abs/2108.06655",
        equation="section 4",
    ),
    differentiable=("value",),
    example_inputs=four_trajectories,
    unpaired_reason="the exact metric is the error of the values against the true ones, which are no input",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
