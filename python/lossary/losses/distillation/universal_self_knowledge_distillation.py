"""Universal self-distillation: soft labels made of the network's own output, without any teacher.

The true class is weighted by how sure the network is of it beside the rest of the batch; the other classes
get shares that fall with their rank, by the network and by a weak classifier on features of a middle layer.
"""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice, check_non_negative
from lossary.losses.distillation._logits import (
    best_class,
    check_logits_pair,
    class_probabilities,
    class_scores,
    other_classes,
    other_cross_entropy,
    target_columns,
)
from lossary.ops.row_order import falling_order

RankScale = Literal["log_probability", "probability"]

_SMOOTHING = 0.1  # of the labels of the weak classifier
_STABILIZER = 1e-6


@full_precision
def universal_self_knowledge_distillation(
    logits: Float[Tensor, "batch classes"],
    weak_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    alpha: float = 1.0,
    beta: float = 0.1,
    mu: float = 0.005,
    rank_scale: RankScale = "log_probability",
) -> Float[Tensor, ""]:
    r"""Cross-entropies with the network's own soft labels, and of a weak classifier that helps to make them.

    .. math::
        L &= \frac{1}{N} \sum_i \Big[ -\alpha P_i \ln q_y - \beta \sum_{c \ne y} z_c \ln \hat q_c
             - \mu \sum_c u_c \ln w_c \Big] \\
        P_i &= q_{iy}^2 + 1 - \frac{1}{N} \sum_j q_{jy}^2, \quad u = 0.9\, e_y + 0.1 / C, \quad
        z_c \propto 1 / \mathrm{rank}(c)

    with q and w the softmax of the two logits, and the hat for that over the classes besides y. Classes are
    ranked, y among them, by the sum of w_c / (1 - w_y) and v_c / (1 - v_y), v being ln q or q and 1e-6 added
    below. P, z and u are constants of the gradient.

    Args:
        logits: of the network, one column per class, at least two.
        weak_logits: of a linear classifier on features of a middle layer, in the shape of ``logits``.
        target: y, the true class of each row.
        alpha: weight of the true class, 0 or above.
        beta: weight of the others, 0 or above.
        mu: weight of the weak classifier, 0 or above. The three are for ImageNet; CIFAR-100 has 0.1 each.
        rank_scale: v. "log_probability" is what the authors' code ranks by, "probability" what the quotient
            makes sense for.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has less than two classes, or another shape does not fit it:
            soft labels as of mixup are not taken.
        DtypeError: logits are not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is not a class; a weight is negative;
            ``rank_scale`` is unknown.

    Differs from the paper: the ranking follows the authors' code, which overwrites probabilities by their
        logarithms before it; ``rank_scale="probability"`` undoes that.

    Source: Yang, Zeng, Li, Zhang, Yuan and Li, From Knowledge Distillation to Self-Knowledge Distillation: A
        Unified Approach with Normalized Loss and Customized Soft Labels, ICCV 2023.

    Example:
        >>> import torch
        >>> logits = torch.zeros(1, 2)
        >>> # P is 1 for a batch of one, and of two classes one other is all of the rest: ln 2, and ln 2 again
        >>> universal_self_knowledge_distillation(logits, logits, torch.tensor([0]), mu=1.0)
        tensor(1.3863)
    """
    check_logits_pair(logits, weak_logits, names=("logits", "weak_logits"), least=2)
    columns = target_columns(target, logits, like="logits")
    for name, weight in (("alpha", alpha), ("beta", beta), ("mu", mu)):
        check_non_negative(name, weight)
    check_choice("rank_scale", rank_scale, get_args(RankScale))
    log_q, log_w = logits.log_softmax(1), weak_logits.to(logits.dtype).log_softmax(1)
    own = log_q.gather(1, columns).squeeze(1)
    sureness = own.detach().exp().square()
    soft = sureness + 1 - reduce(sureness, "mean")
    others = other_classes(logits, columns)
    shares = _shares_by_rank(log_q.detach(), log_w.detach(), columns, others, rank_scale)
    weak = (1 - _SMOOTHING) * log_w.gather(1, columns).squeeze(1) + _SMOOTHING * log_w.mean(1)
    values = -alpha * soft * own + beta * other_cross_entropy(logits, shares, others) - mu * weak
    return reduce(values, "mean")


def _shares_by_rank(
    log_q: Tensor, log_w: Tensor, columns: Tensor, others: Tensor, rank_scale: RankScale
) -> Tensor:
    """Shares of the other classes, in proportion to one over their rank among all, (batch, classes)."""
    score = _beside_target(log_w.exp(), columns)
    score = score + _beside_target(log_q if rank_scale == "log_probability" else log_q.exp(), columns)
    order = falling_order(score)
    places = torch.arange(1, score.shape[1] + 1, device=score.device, dtype=score.dtype)
    shares = torch.zeros_like(score).scatter(1, order, places.reciprocal().expand_as(score))
    shares = shares.where(others, 0.0)
    return shares / shares.sum(1, keepdim=True)


def _beside_target(values: Tensor, columns: Tensor) -> Tensor:
    return values / (1 - values.gather(1, columns) + _STABILIZER)


UniversalSelfKnowledgeDistillation = loss_module(universal_self_knowledge_distillation)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes of the network and of the weak classifier."""
    return {
        "logits": 2 * torch.randn(6, 5, generator=generator),
        "weak_logits": torch.randn(6, 5, generator=generator),
        "target": torch.tensor([3, 0, 4, 1, 1, 2]),
    }


def _of_network(adapt: Callable[..., Any]) -> Callable[..., Any]:
    """What the metric takes, of the network's own logits."""

    def adapted(logits: np.ndarray, target: np.ndarray, **_: Any) -> Any:
        return adapt(logits, target)

    return adapted


LOSS = LossSpec(
    function=universal_self_knowledge_distillation,
    module=UniversalSelfKnowledgeDistillation,
    paper=Paper(
        title=(
            "From Knowledge Distillation to Self-Knowledge Distillation: A Unified Approach with Normalized "
            "Loss and Customized Soft Labels"
        ),
        authors="Yang, Zeng, Li, Zhang, Yuan and Li",
        venue="ICCV",
        year=2023,
        url="https://arxiv.org/abs/2303.13005",
    ),
    differentiable=("logits", "weak_logits"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=_of_network(best_class)),
        ExactMetric(name="top_k_accuracy_score", adapt=_of_network(class_scores), options={"k": 2}),
        ExactMetric(name="expected_calibration_error", adapt=_of_network(class_probabilities)),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
        }
    ),
    aliases=("uskd",),
    exceptions={
        "gradcheck": "the soft labels are constants of the gradient, by definition, but not of the value"
    },
)
