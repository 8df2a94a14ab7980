"""Feature choice: each feature of a sparse autoencoder takes the tokens that match it best.

A token may have any number of features, as some are harder to reconstruct than others, and no feature is
dead."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossary_language._choice import check_choice_of, largest


@torch.no_grad()
def feature_choice_mask(
    score: Float[Tensor, "tokens features"], *, matches: int
) -> Bool[Tensor, "tokens features"]:
    """Where the tokens are that each feature takes.

    Args:
        score: pre-activations of the features, usually after a ReLU.
        matches: how many tokens each feature takes; all, where there are fewer. Of equal scores the token
            with the lower index comes first.

    Returns:
        True where an activation is kept: ``torch.where(mask, score, 0.0)`` passes the gradient there alone.

    Raises:
        ShapeError: ``score`` is not a matrix.
        DtypeError: ``score`` is not floating, or ``matches`` no int.
        InvalidInputError: a score is NaN, or ``matches`` negative.

    Source: Ayonrinde, Adaptive Sparse Allocation with Mutual Choice and Feature Choice Sparse Autoencoders,
        arXiv 2411.02124, 2024.

    Example:
        >>> import torch
        >>> feature_choice_mask(torch.tensor([[1.0, 2.0], [3.0, 0.0], [2.0, 2.0]]), matches=1)
        tensor([[False,  True],
                [ True, False],
                [False, False]])
    """
    check_choice_of(score, "matches", matches)
    return largest(score.T, min(matches, score.shape[0])).T
