"""Gradient ascent: makes a language model forget tokens by turning the sign of its cross-entropy.

The plainest unlearning, and a baseline: it has no lower bound, so the model is lost after a few epochs too
many. `negative_preference_optimization` stops by itself.
"""

from jaxtyping import Float, Integer
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from torch import Tensor

from lossary_language._tokens import four_rows, log_loss_of, token_cross_entropy


@full_precision
def gradient_ascent(
    logits: Float[Tensor, "batch steps vocabulary"],
    target: Integer[Tensor, "batch steps"],
    *,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    r"""Minus the mean cross-entropy of the tokens to forget; it is unbounded below.

    .. math:: L = \frac{1}{|T|} \sum_{(n,t) \in T} \log \mathrm{softmax}(z_{nt})_{y_{nt}}

    Args:
        logits: z, scores of the vocabulary at each step, aligned with ``target``.
        target: y, the tokens to forget; prompt and padding hold ``ignore_index``.
        ignore_index: the target of a position that does not count.

    Returns:
        A scalar of 0 or below: the mean over all tokens T of the batch that count; 0 without any.

    Raises:
        ShapeError: ``logits`` has not three axes, or no vocabulary; ``target`` is not of its positions.
        DtypeError: ``logits`` is not floating; ``target`` or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is outside the vocabulary.

    Source: Jang, Yoon, Yang, Cha, Lee, Logeswaran and Seo, Knowledge Unlearning for Mitigating Privacy Risks
        in Language Models, ACL 2023.

    Example:
        >>> import torch
        >>> gradient_ascent(torch.zeros(1, 2, 4), torch.tensor([[-100, 3]]))  # log 1/4
        tensor(-1.3863)
    """
    return -token_cross_entropy(logits, target, ignore_index=ignore_index)


GradientAscent = loss_module(gradient_ascent)


LOSS = LossSpec(
    function=gradient_ascent,
    module=GradientAscent,
    paper=Paper(
        title="Knowledge Unlearning for Mitigating Privacy Risks in Language Models",
        authors="Jang, Yoon, Yang, Cha, Lee, Logeswaran and Seo",
        venue="ACL",
        year=2023,
        url="https://arxiv.org/abs/2210.01504",
    ),
    differentiable=("logits",),
    example_inputs=four_rows,
    pairs_with=(log_loss_of(),),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
    aliases=("ga",),
)
