"""Forget-template divergence: unlearning with forget data alone, towards a template answer.

The model learns to prefer the template, such as "I don't know", as far as an f-divergence between the two
answers rewards it. It needs no retained data and no reference model, and its gradients are bounded.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float, Integer
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice
from torch import Tensor
from torch.nn import functional

from lossary_language._tokens import check_vocabulary, four_rows, token_log_prob

Divergence = Literal[
    "total_variation",
    "kullback_leibler",
    "reverse_kullback_leibler",
    "pearson",
    "jensen_shannon",
    "squared_hellinger",
    "neyman",
    "jeffreys",
]


@full_precision
def forget_template_divergence(
    template_logits: Float[Tensor, "template steps vocabulary"],
    template_target: Integer[Tensor, "template steps"],
    forget_logits: Float[Tensor, "forget forget_steps vocabulary"],
    forget_target: Integer[Tensor, "forget forget_steps"],
    *,
    divergence: Divergence = "total_variation",
    average_first: bool = False,
    count_ignored: bool = False,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    r"""How much the answers to forget are still believed, less how much the template answers are.

    .. math:: L = -\frac{1}{N} \sum_n g(P^e_n) + \frac{1}{N} \sum_n f^*(g(P^f_n)), \quad
              P_n = \frac{1}{|T_n|} \sum_{t \in T_n} \mathrm{softmax}(z_{nt})_{y_{nt}}

    P is a mean of probabilities, not of their logarithms: P^e of the template, P^f of the answer to forget.
    Minimising L maximises the variational bound of the f-divergence, whose conjugate is f*.

    Args:
        template_logits: scores of the vocabulary after each question, along the template answer.
        template_target: its tokens, aligned; prompt and padding hold ``ignore_index``.
        forget_logits: scores after the same questions along the answers to forget.
        forget_target: their tokens.
        divergence: g(v) and f*(g(v)); "total_variation" has tanh(v) / 2 for both, "kullback_leibler" v and
            exp(v - 1), "pearson" v and v + v^2 / 4, and so on. In "reverse_kullback_leibler",
            "squared_hellinger" and "neyman" g falls, so that training goes the other way, away from the
            template; the paper evaluates none of these.
        average_first: average P over the batch before g and f*, as the authors' code does; otherwise after.
        count_ignored: divide by all steps, as the authors' code does; otherwise by those that count.
        ignore_index: the target of a position that does not count.

    Returns:
        A scalar. An answer without a token that counts has P = 0.

    Raises:
        ShapeError: logits have not three axes, or no vocabulary, or another one than the other side; a target
            is not of the positions of its logits.
        DtypeError: logits are not floating; a target or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is outside the vocabulary; ``divergence`` is
            unknown.

    Differs from the official code: "neyman" has 2 - 2 exp(v/2), f* of g(v) as in all other rows, where the
        code takes f* of v. "jeffreys" is the code's cubic in place of a Lambert W function.

    Source: Wang et al., LLM Unlearning via Loss Adjustment with Only Forget Data, ICLR 2025; conjugates:
        Nowozin, Cseke and Tomioka, f-GAN, NeurIPS 2016.

    Example:
        >>> import torch
        >>> sure, target = torch.tensor([[[100.0, 0.0]]]), torch.tensor([[0]])
        >>> unsure = torch.zeros(1, 1, 2)  # P^e = 1/2 and P^f = 1
        >>> forget_template_divergence(unsure, target, sure, target, divergence="pearson")  # -1/2 + 1 + 1/4
        tensor(0.7500)
    """
    check_choice("divergence", divergence, get_args(Divergence))
    mean_probability = partial(_mean_probability, ignore_index=ignore_index, count_ignored=count_ignored)
    template = mean_probability(template_logits, template_target, side="template_")
    forget = mean_probability(forget_logits, forget_target, side="forget_")
    check_vocabulary("forget_logits", forget_logits, template_logits, like="template_logits")
    reward, price = _DIVERGENCES[divergence]
    return _mean(price, forget, first=average_first) - _mean(reward, template, first=average_first)


def _mean_probability(
    logits: Tensor, target: Tensor, *, side: str, ignore_index: int, count_ignored: bool
) -> Tensor:
    """Mean probability of the tokens of each row, (batch,)."""
    log_prob, counts = token_log_prob(logits, target, ignore_index=ignore_index, side=side)
    total = log_prob.exp().where(counts, 0.0).sum(1)
    return total / (max(target.shape[1], 1) if count_ignored else counts.sum(1).clamp(min=1))


def _mean(function: Callable[[Tensor], Tensor], probability: Tensor, *, first: bool) -> Tensor:
    if first and probability.shape[0]:
        return function(probability.mean())
    return reduce(function(probability), "mean")


def _half_tanh(v: Tensor) -> Tensor:
    return v.tanh() / 2


_LOG_2 = math.log(2)

# g and f* o g of each divergence
_DIVERGENCES: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "total_variation": (_half_tanh, _half_tanh),
    "kullback_leibler": (lambda v: v, lambda v: (v - 1).exp()),
    "reverse_kullback_leibler": (lambda v: -v.exp(), lambda v: -1 - v),
    "pearson": (lambda v: v, lambda v: v + v.square() / 4),
    "jensen_shannon": (
        lambda v: _LOG_2 - functional.softplus(-v),
        lambda v: functional.softplus(v) - _LOG_2,
    ),
    "squared_hellinger": (lambda v: -v.expm1(), lambda v: (-v).expm1()),
    "neyman": (lambda v: -v.expm1(), lambda v: -2 * (v / 2).expm1()),
    "jeffreys": (lambda v: v, lambda v: v + v.square() / 4 + v.pow(3) / 16),
}


ForgetTemplateDivergence = loss_module(forget_template_divergence)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """A template and an answer to forget for each of four questions, some of their steps ignored."""
    return four_rows(generator, "template_", steps=2) | four_rows(generator, "forget_")


LOSS = LossSpec(
    function=forget_template_divergence,
    module=ForgetTemplateDivergence,
    paper=Paper(
        title="LLM Unlearning via Loss Adjustment with Only Forget Data",
        authors="Wang et al.",
        venue="ICLR",
        year=2025,
        url="https://arxiv.org/abs/2410.11143",
    ),
    differentiable=("template_logits", "forget_logits"),
    example_inputs=example_inputs,
    unpaired_reason=(
        "forget_quality judges what it leads to, from wrong answers and a model trained anew, which a batch "
        "does not hold"
    ),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
    aliases=("flat",),
)
