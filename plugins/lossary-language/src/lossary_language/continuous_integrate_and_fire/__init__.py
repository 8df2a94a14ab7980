"""Continuous integrate-and-fire: from frames of speech to one vector per token, without attention.

Each frame has a weight. Where the weights have added up to the threshold a token fires, and the frame on the
boundary is shared between the token that ends in it and the next.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from torch import Tensor
from torch.nn import functional


class ContinuousIntegrateAndFire(NamedTuple):
    """The tokens of each utterance.

    Attributes:
        embedding: one vector per token, 0 beyond the last.
        count: how many tokens there are.
        fires: for each frame what had added up in it, at or above the threshold where a token fires.
    """

    embedding: Float[Tensor, "batch tokens dim"]
    count: Int[Tensor, "batch"]  # type: ignore[assignment]  # hides the method of tuples
    fires: Float[Tensor, "batch frames"]


@full_precision
def continuous_integrate_and_fire(
    hidden: Float[Tensor, "batch frames dim"],
    weights: Float[Tensor, "batch frames"],
    *,
    threshold: float = 1.0,
    slack: float = 0.0,
) -> ContinuousIntegrateAndFire:
    r"""Weighted sums of frames, one for each stretch in which the weights add up to the threshold.

    .. math:: c_l = \sum_t \left| [S_{t-1}, S_t] \cap [\beta (l - 1), \beta l] \right| h_t, \qquad
              S_t = \sum_{s \le t} \alpha_s

    In training, scale the weights of an utterance by its number of tokens over their sum before the call,
    with a ``slack`` of 1e-6 so that the last token is not missed by rounding; `token_count_mae` teaches the
    sum. What is left over at the end is dropped: at inference, append a frame of zeros with a weight of 0.45
    or so, which rounds it. Where a token fires is no number that could have a gradient; all else has one.

    Args:
        hidden: h, the frames.
        weights: alpha, from 0 to ``threshold`` each; 0 for padding.
        threshold: beta.
        slack: by how much the sum of weights may miss the threshold, below half of it.

    Returns:
        The tokens, padded to the utterance that has most, their number, and the sum in each frame.

    Raises:
        ShapeError: ``hidden`` has not three axes, or ``weights`` is not one value per frame.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; a weight is negative or above the threshold;
            ``threshold`` is not above 0; ``slack`` is negative, or half of the threshold or more.

    Differs from the official code: the sums are computed at once, in float64, and not frame by frame. It
        subtracts 1 where a token fires, and not the threshold, and pads to the rounded sum of the weights.

    Source: Dong and Xu, CIF: Continuous Integrate-and-Fire for End-to-End Speech Recognition, ICASSP 2020;
        Gao, Zhang, McLoughlin and Yan, Paraformer: Fast and Accurate Parallel Transformer for
        Non-autoregressive End-to-End Speech Recognition, Interspeech 2022.

    Example:
        >>> import torch
        >>> hidden = torch.tensor([[[1.0], [2.0], [3.0]]])
        >>> tokens = continuous_integrate_and_fire(hidden, torch.tensor([[0.5, 0.75, 0.75]]))
        >>> tokens.embedding  # 0.5 * 1 + 0.5 * 2, and 0.25 * 2 + 0.75 * 3
        tensor([[[1.5000],
                 [2.7500]]])
        >>> tokens.fires
        tensor([[0.5000, 1.2500, 1.0000]])
    """
    check_floating("hidden", hidden)
    check_ndim("hidden", hidden, "batch frames dim")
    check_floating("weights", weights)
    check_shape("weights", weights, tuple(hidden.shape[:2]), like="the frames of hidden")
    check_finite("hidden", hidden)
    check_positive("threshold", threshold)
    check_non_negative("slack", slack)
    if slack >= threshold / 2:
        raise InvalidInputError(f"slack: got {slack!r}; wanted less than half of threshold, {threshold!r}")
    if checks_values(weights) and not bool(((weights >= 0) & (weights <= threshold)).all()):
        raise InvalidInputError(
            f"weights: got values from {weights.min().item():g} to {weights.max().item():g}; wanted them in "
            f"[0, {threshold:g}], the threshold"
        )

    weight = weights.double()
    reached = weight.cumsum(1)  # S; in float64, so that long utterances fire where they should
    tokens = ((reached.detach() + slack) / threshold).floor().long()  # ended with each frame
    # One at most ends in a frame, as no weight is above the threshold; rounding of the sums may say two.
    frame = torch.arange(1, weights.shape[1] + 1, device=tokens.device)
    tokens = (tokens - frame).clamp(max=0).cummin(1).values + frame
    before = functional.pad(tokens, (1, 0))[:, :-1]
    fired = tokens > before
    fires = reached - threshold * before.to(reached.dtype)  # of integers it would be in float32
    left_over = (fires - threshold).where(fired, 0.0)  # of the frame, for the next token

    count = tokens.amax(1) if tokens.shape[1] else tokens.new_zeros(tokens.shape[0])
    most = int(count.max()) if count.numel() else 0
    batch, _, dim = hidden.shape
    embedding = hidden.new_zeros(batch, most + 1, dim)
    for share, token in ((weight - left_over, before), (left_over, tokens)):
        place = token.unsqueeze(2).expand_as(hidden)
        embedding = embedding.scatter_add(1, place, share.to(hidden.dtype).unsqueeze(2) * hidden)
    # The place after the last token of an utterance holds what was left over.
    ended = torch.arange(most, device=count.device) < count.unsqueeze(1)
    embedding = embedding[:, :most].where(ended.unsqueeze(2), 0.0)
    return ContinuousIntegrateAndFire(embedding, count, fires.to(weights.dtype))
