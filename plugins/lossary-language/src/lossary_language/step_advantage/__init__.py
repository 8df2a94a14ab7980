"""Advantage of each step of a solution: how much likelier it made a right answer."""

from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_floating, check_ndim, check_unit_interval
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def step_advantage(q_values: Float[Tensor, "batch values"]) -> Float[Tensor, "batch steps"]:
    r"""By how much each step changes the probability that the solution ends right.

    .. math:: A_i = Q_i - Q_{i-1}

    The first step whose advantage is low is where a wrong solution went wrong: the place at which to cut it
    for `per_step_preference_optimization`, and to weigh it down by `advantage_weighted_likelihood`.

    Args:
        q_values: Q, the share of right answers among completions sampled from the policy: of the bare problem
            first, and then after each step. The paper samples a handful of completions.

    Returns:
        One column less than ``q_values``, each value from -1 to 1.

    Raises:
        ShapeError: ``q_values`` is not a matrix of at least one column.
        DtypeError: ``q_values`` is not floating.
        InvalidInputError: a value is outside [0, 1] or NaN.

    Source: Setlur, Garg, Geng, Garg, Smith and Kumar, RL on Incorrect Synthetic Data Scales the Efficiency of
        LLM Math Reasoning by Eight-Fold, NeurIPS 2024.

    Example:
        >>> import torch
        >>> step_advantage(torch.tensor([[0.5, 1.0, 0.25]]))
        tensor([[ 0.5000, -0.7500]])
    """
    check_floating("q_values", q_values)
    check_ndim("q_values", q_values, "batch values")
    if q_values.shape[1] == 0:
        raise ShapeError(f"q_values: got shape {tuple(q_values.shape)}; wanted the value of the bare problem")
    check_unit_interval("q_values", q_values)
    return q_values.diff(dim=1)
