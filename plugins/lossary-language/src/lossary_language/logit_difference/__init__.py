"""Logit difference: a language model forgets what an assistant remembers, and nothing else."""

import math

from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_real, check_shape
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor


@full_precision
def logit_difference(
    base_logits: Float[Tensor, "*batch vocabulary"],
    assistant_logits: Float[Tensor, "*batch vocabulary"],
    *,
    weight: float = -0.8,
    top_filter: float = 0.0,
) -> Float[Tensor, "*batch vocabulary"]:
    r"""Logits of a model from which those of an assistant are taken.

    .. math:: z = z_\mathrm{base} + w \, z_\mathrm{assistant}

    For use while generating; no model is changed. The assistant learns by cross-entropy on what is to be
    forgotten plus 5 times `uniform_prediction` on what is to be kept, where it then changes nothing.

    Args:
        base_logits: those of the model.
        assistant_logits: those of the assistant.
        weight: w, negative to forget: -0.8 for facts about people and -0.7 for copyrighted text in the paper.
        top_filter: a, from 0 to 1. Only tokens that the model finds likely are changed: the a V likeliest,
            one at least, and those within a factor a of the likeliest; so that nothing unlikely is lifted. 0
            changes all.

    Returns:
        Logits in the shape of ``base_logits``.

    Raises:
        ShapeError: ``base_logits`` has no token, or the shapes differ.
        DtypeError: a tensor is not floating.
        InvalidInputError: a logit is NaN or infinite; ``weight`` is no number, or ``top_filter`` is outside
            [0, 1].

    Differs from the official code: where a V is below 1, that filters nothing.

    Source: Ji, Liu, Zhang, Liu, Kompella, Liu and Chang, Reversing the Forget-Retain Objectives: An Efficient
        LLM Unlearning Framework from Logit Difference, NeurIPS 2024.

    Example:
        >>> import torch
        >>> base, assistant = torch.tensor([3.0, 2.0, -4.0]), torch.tensor([2.0, 0.0, -5.0])
        >>> logit_difference(base, assistant, weight=-1.0)
        tensor([1., 2., 1.])
        >>> logit_difference(base, assistant, weight=-1.0, top_filter=0.1)
        tensor([ 1.,  2., -4.])
    """
    check_floating("base_logits", base_logits)
    if base_logits.ndim == 0 or base_logits.shape[-1] == 0:
        raise ShapeError(
            f"base_logits: got shape {tuple(base_logits.shape)}; wanted a last axis with a token at least"
        )
    check_floating("assistant_logits", assistant_logits)
    check_shape("assistant_logits", assistant_logits, tuple(base_logits.shape), like="base_logits")
    check_finite("base_logits", base_logits)
    check_finite("assistant_logits", assistant_logits)
    check_real("weight", weight)
    check_real("top_filter", top_filter)
    if not 0 <= top_filter <= 1:
        raise InvalidInputError(f"top_filter: got {top_filter!r}; wanted a number from 0 to 1")
    if top_filter > 0:
        likely = base_logits.topk(max(1, math.floor(top_filter * base_logits.shape[-1]))).values
        least = likely[..., -1:].minimum(likely[..., :1] + math.log(top_filter))
        assistant_logits = assistant_logits.where(base_logits >= least, 0.0)
    return (base_logits + weight * assistant_logits).to(base_logits.dtype)
