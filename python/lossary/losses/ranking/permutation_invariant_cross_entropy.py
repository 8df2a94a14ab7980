"""Permutation-invariant cross-entropy: outputs in any order against a set of labels.

For models that emit all items of a set at once. Each position is matched to an item so that the whole is the
likeliest, exactly, and then trained by cross-entropy.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.assignment import assignment


@full_precision
def permutation_invariant_cross_entropy(
    logits: Float[Tensor, "batch positions classes"],
    target: Integer[Tensor, "batch positions"],
    *,
    normalize_length: bool = False,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of the items of a set in the order of emission that makes them likeliest.

    .. math:: L = \min_\pi \sum_t -\log \mathrm{softmax}(z_t)_{y_{\pi(t)}}

    The minimum over all orders is an assignment problem (`lossary.ops.assignment`), solved exactly on the CPU
    whatever the device of the inputs; its solution gets no gradient.

    Args:
        logits: z, one row per position; they are independent of each other given the input.
        target: y, the items of the set, in any order; an item may be there more than once.
        normalize_length: divide by the number of items.
        ignore_index: entries of ``target`` with this value are no items. The n items of a set are matched
            with the first n positions.
        reduction: "mean" over the sets that have an item, "sum", or "none".

    Returns:
        A scalar, or (batch,) values under "none". A set without an item gives 0.

    Raises:
        ShapeError: ``logits`` has not three axes, or no position; ``target`` does not fit it.
        DtypeError: ``logits`` is not floating, or ``target`` or ``ignore_index`` not integer.
        InvalidInputError: the batch is empty, a logit is NaN or infinite, or ``target`` is no class.

    Differs from the paper: it searches the orders of an autoregressive model, one by one (`order_search`);
        this is the case of independent positions, in which the search is exact.

    Source: Vinyals, Bengio and Kudlur, Order Matters: Sequence to Sequence for Sets, ICLR 2016, section 5.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[[0.6, 0.4], [0.1, 0.9]]]).log()
        >>> permutation_invariant_cross_entropy(logits, torch.tensor([[1, 0]]))  # -log(0.6 * 0.9)
        tensor(0.6162)
    """
    check_floating("logits", logits)
    check_ndim("logits", logits, "batch positions classes")
    if logits.shape[1] == 0:
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted at least one position")
    if logits.shape[0] == 0:
        raise InvalidInputError("logits: got an empty batch; wanted at least one set")
    check_int("ignore_index", ignore_index)
    check_class_index("target", target, logits.shape[2], ignore_index=ignore_index)
    check_shape("target", target, tuple(logits.shape[:2]), like="the positions of logits")
    check_finite("logits", logits)

    log_prob = logits.log_softmax(2)
    item, counts = _matched(log_prob.detach(), target, ignore_index)
    steps = -log_prob.gather(2, item.unsqueeze(2)).squeeze(2)
    sizes = counts.sum(1)
    values = steps.where(counts, 0.0).sum(1)
    if normalize_length:
        values = values / sizes.clamp(min=1)
    return reduce(values, reduction, mask=sizes > 0)


def _matched(log_prob: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """The item that each position gets in the likeliest order, and which positions get one."""
    target = target.long()  # uint8 would read the class 156 as the ignored -100
    ignored = target == ignore_index
    items_first = ignored.to(torch.uint8).sort(dim=1, stable=True).indices
    items = target.where(~ignored, torch.zeros_like(target)).gather(1, items_first)
    counts = ~ignored.gather(1, items_first)
    cost = -log_prob.gather(2, items.unsqueeze(1).expand(-1, log_prob.shape[1], -1))
    return items.gather(1, assignment(cost, counts.sum(1))), counts


PermutationInvariantCrossEntropy = loss_module(permutation_invariant_cross_entropy)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three sets of up to four items of six classes."""
    target = torch.tensor([[3, 0, 5, 1], [2, -100, 2, 4], [5, 1, 0, -100]])
    return {"logits": torch.randn(3, 4, 6, generator=generator), "target": target}


def matched_items(logits: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, ...]:
    """The item matched with each position that has one, and the class that the model emits there."""
    log_prob = torch.from_numpy(logits).log_softmax(2)
    item, counts = (value.numpy() for value in _matched(log_prob, torch.from_numpy(target), -100))
    return item[counts], logits.argmax(2)[counts]


LOSS = LossSpec(
    function=permutation_invariant_cross_entropy,
    module=PermutationInvariantCrossEntropy,
    paper=Paper(
        title="Order Matters: Sequence to Sequence for Sets",
        authors="Vinyals, Bengio and Kudlur",
        venue="ICLR",
        year=2016,
        url="https://arxiv.org/abs/1511.06391",
        equation="section 5",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=matched_items),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("set_loss",),
)
