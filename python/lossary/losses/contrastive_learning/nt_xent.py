"""NT-Xent, the loss of SimCLR: the other view of an item against all other rows of both views.

Unlike InfoNCE between two sets, an item's view is compared with those of its own kind as well, so a batch of
N items gives 2 N - 2 negatives.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
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
from lossary.authoring.validation import check_mask, check_positive, check_shape
from lossary.losses.contrastive_learning._views import (
    check_view_pair,
    of_partners,
    other_rows,
    rank_views,
    view_scores,
)
from lossary.ops.masked_softmax import masked_log_softmax


@full_precision
def nt_xent(
    view1: Float[Tensor, "batch dim"],
    view2: Float[Tensor, "batch dim"],
    exclude: Bool[Tensor, "rows rows"] | None = None,
    *,
    temperature: float = 0.5,
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far the other view of each item is from standing out among all rows of both views.

    .. math:: L_i = -\log \frac{e^{\langle z_i, z_{p(i)} \rangle / \tau}}
              {\sum_{k \neq i} e^{\langle z_i, z_k \rangle / \tau}}

    with the rows z of both views, and p(i) the other view of row i. It is
    `lossary.losses.contrastive_learning.info_nce` of these rows without each row's product with itself.

    Args:
        view1: one embedding of each item.
        view2: another one of the same items, in the same order.
        exclude: True where row k is no negative of row i, such as one of the same pseudo label; rows are
            those of ``view1`` and then those of ``view2``. p(i) stays whatever it says. None excludes none.
        temperature: τ, above 0. 0.5 is what SimCLR has for CIFAR; the paper's notebooks have 0.1.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        reduction: "mean" or "sum" over the rows of both views, or "none".

    Returns:
        A scalar, or (2 batch,) under "none": the rows of ``view1`` first. With one item it is 0. A row of
        zeros has cosines of 0.

    Raises:
        ShapeError: ``view1`` is not a matrix or has no column; ``view2`` has another shape; ``exclude`` is
            not (2 batch, 2 batch).
        DtypeError: a view is not floating, or ``exclude`` not bool.
        InvalidInputError: a value is NaN or infinite; dot products overflow; ``temperature`` is not above 0.

    Source: Chen, Kornblith, Norouzi and Hinton, A Simple Framework for Contrastive Learning of Visual
        Representations, ICML 2020, equation 1. ``exclude`` is the idea of Chakraborty, Gosthipaty and Paul,
        G-SimCLR: Self-Supervised Contrastive Learning with Guided Projection via Pseudo Labelling, 2020,
        which keeps items of one pseudo label in different batches.

    Example:
        >>> import torch
        >>> view = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> nt_xent(view, view, temperature=1.0)  # cosine 1 against two of 0: log(1 + 2 / e)
        tensor(0.5514)
    """
    check_positive("temperature", temperature)
    check_view_pair(view1, view2)
    scores = view_scores(view1, view2, normalize=normalize)
    mask = other_rows(scores)
    if exclude is not None:
        check_mask("exclude", exclude)
        check_shape("exclude", exclude, tuple(scores.shape), like="the rows of both views")
        partner = mask.new_ones(len(view1)).diag(len(view1))
        mask = mask & (~exclude | partner | partner.T)
    log_share = masked_log_softmax(scores, mask, temperature=temperature)
    return reduce(-of_partners(log_share), reduction)


NtXent = loss_module(nt_xent)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two views of five items."""
    return {
        "view1": torch.randn(5, 4, generator=generator),
        "view2": torch.randn(5, 4, generator=generator),
    }


LOSS = LossSpec(
    function=nt_xent,
    module=NtXent,
    paper=Paper(
        title="A Simple Framework for Contrastive Learning of Visual Representations",
        authors="Chen, Kornblith, Norouzi and Hinton",
        venue="ICML",
        year=2020,
        url="https://arxiv.org/abs/2002.05709",
        equation="equation 1",
    ),
    differentiable=("view1", "view2"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=rank_views, options={"k": 1}),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
