"""Mutual choice: the best matches of tokens and features of a sparse autoencoder, whichever they are.

Neither a token nor a feature has a share of its own of the budget. With k activations for each of N tokens
this is BatchTopK, at a budget of k N.
"""

import torch
from jaxtyping import Bool, Float
from lossary.errors import InvalidInputError
from torch import Tensor

from lossary_language._choice import check_choice_of, largest


@torch.no_grad()
def mutual_choice_mask(
    score: Float[Tensor, "tokens features"], *, budget: int
) -> Bool[Tensor, "tokens features"]:
    """Where the largest scores of a whole batch are.

    A single token has no batch to compete with: at inference, keep what exceeds a fixed threshold, the mean
    over batches of the smallest score that was kept.

    Args:
        score: pre-activations of the features, usually after a ReLU.
        budget: how many activations to keep, at most as many as there are. Of equal scores that of the token
            with the lower index comes first, and then that of the feature with the lower index.

    Returns:
        True where an activation is kept: ``torch.where(mask, score, 0.0)`` passes the gradient there alone.

    Raises:
        ShapeError: ``score`` is not a matrix.
        DtypeError: ``score`` is not floating, or ``budget`` no int.
        InvalidInputError: a score is NaN; ``budget`` is negative or above the number of scores.

    Source: Ayonrinde, Adaptive Sparse Allocation with Mutual Choice and Feature Choice Sparse Autoencoders,
        arXiv 2411.02124, 2024.

    Example:
        >>> import torch
        >>> mutual_choice_mask(torch.tensor([[1.0, 4.0], [3.0, 0.0], [2.0, 2.0]]), budget=3)
        tensor([[False,  True],
                [ True, False],
                [ True, False]])
    """
    check_choice_of(score, "budget", budget)
    if budget > score.numel():
        raise InvalidInputError(f"budget: got {budget}; wanted at most {score.numel()}, the number of scores")
    return largest(score.reshape(1, -1), budget).reshape(score.shape)
