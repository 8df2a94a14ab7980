"""Martingale loss: learn what a process will earn, in continuous time, from what it did earn.

For the true value function, earnings so far plus expected earnings are a martingale: their best forecast at
any time is their value then. That is what is fitted here, and its minimiser is the best approximation of the
true values, however fine the time steps.
"""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from torch import Tensor

from lossary_physics._trajectories import discounted, four_trajectories


@full_precision
def martingale(
    value: Float[Tensor, "batch times"],
    reward: Float[Tensor, "batch times"],
    terminal: Float[Tensor, "batch"],
    *,
    dt: float = 1.0,
    discount: float = 0.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared distance of expected earnings from those that came, over all times of a trajectory.

    .. math::
        L = \frac{1}{2} \sum_{i=0}^{T-1} \Big( d_T h + \sum_{j \ge i} d_j r_j \Delta t - d_i J_i \Big)^2
            \Delta t, \qquad d_i = e^{-\beta i \Delta t}

    Its gradient is that of Monte Carlo regression on the earnings from each time on.

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
        Martingale Approach, JMLR 2022, section 3.

    Example:
        >>> import torch
        >>> value, reward = torch.tensor([[3.0, 3.0]]), torch.tensor([[1.0, 1.0]])
        >>> martingale(value, reward, torch.tensor([2.0]))  # 4 and 3 are earned: ((4 - 3)^2 + 0) / 2
        tensor(0.5000)
    """
    at_start = discounted(value, reward, terminal, dt=dt, discount=discount)
    earned = at_start.terminal + at_start.reward.flip(1).cumsum(1).flip(1)
    return reduce(0.5 * dt * (earned - at_start.value).square().sum(1), reduction)


Martingale = loss_module(martingale)

LOSS = LossSpec(
    function=martingale,
    module=Martingale,
    paper=Paper(
        title="Policy Evaluation and Temporal-Difference Learning in Continuous Time and Space: "
        "A Martingale Approach",
        authors="Jia and Zhou",
        venue="JMLR",
        year=2022,
        url="https://arxiv.org/abs/2108.06655",
        equation="section 3",
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
