"""Brownian diffusion: a random push to the embeddings of each image, the same to all its views.

A force and no objective: its value means nothing and its mean over draws is 0, but the pushes keep the
embeddings from settling on each other. Use it with a weight of about 0.1 beside an attracting loss such as
`multiview_centroid`.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossary.authoring import LossSpec, Paper, Property, full_precision
from lossary.authoring.validation import check_finite, check_floating, check_shape
from lossary.losses.self_supervised._draws import NormalDraws
from lossary.losses.self_supervised._views import check_views
from lossary.ops.directions import unit_rows


@full_precision
def brownian_diffusive(
    views: Float[Tensor, "views batch dim"], noise: Float[Tensor, "batch dim"]
) -> Float[Tensor, ""]:
    r"""Mean cosine of the views of each image with one random direction.

    .. math:: L = \frac{1}{V N} \sum_{v, n} \cos(z_{vn}, \epsilon_n), \quad \epsilon_n \sim N(0, I)

    Args:
        views: z, the embeddings of some views of each image.
        noise: one draw per image, a new one at every step; the module draws it. No gradient flows into it.

    Returns:
        A scalar in [-1, 1]. A row of zeros counts as 0, and no images give 0.

    Raises:
        ShapeError: ``views`` has not three axes, or no view or column; ``noise`` is not (batch, dim).
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite.

    Differs from the paper: reconstructed from its abstract and first figure; its own equation was not seen.

    Source: Moon et al., An Embedding-Dynamic Approach to Self-supervised Learning, WACV 2023.

    Example:
        >>> import torch
        >>> views = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
        >>> brownian_diffusive(views, torch.tensor([[3.0, 4.0]]))  # (0.6 + 0.8) / 2
        tensor(0.7000)
    """
    check_views("views", views)
    check_floating("noise", noise)
    check_shape("noise", noise, tuple(views.shape[1:]), like="one view")
    check_finite("noise", noise)
    cosine = (unit_rows(views) * unit_rows(noise.detach())).sum(2)
    return cosine.sum() / max(cosine.numel(), 1)


class BrownianDiffusive(nn.Module):
    """`brownian_diffusive` with noise of its own.

    Args:
        generator: where the noise comes from; None draws the same on all workers, other noise at every call,
            and goes on from a state dict.

    Example:
        >>> import torch
        >>> criterion = BrownianDiffusive(generator=torch.Generator().manual_seed(0))
        >>> bool(-1 <= criterion(torch.ones(2, 3, 4)) <= 1)
        True
    """

    def __init__(self, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.draws = NormalDraws(generator)

    def forward(self, views: Tensor, noise: Tensor | None = None) -> Tensor:
        """The loss of (views, batch, dim); ``noise`` takes the place of what would be drawn."""
        if noise is None:
            check_views("views", views)
            noise = self.draws(tuple(views.shape[1:]), views)
        return brownian_diffusive(views, noise)

    def extra_repr(self) -> str:
        """The options."""
        return f"generator={self.draws.generator!r}"


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three views of five images, and their noise."""
    return {
        "views": torch.randn(3, 5, 4, generator=generator),
        "noise": torch.randn(5, 4, generator=generator),
    }


LOSS = LossSpec(
    function=brownian_diffusive,
    module=BrownianDiffusive,
    paper=Paper(
        title="An Embedding-Dynamic Approach to Self-supervised Learning",
        authors="Moon et al.",
        venue="WACV",
        year=2023,
        url="https://arxiv.org/abs/2207.03552",
    ),
    differentiable=("views",),
    example_inputs=example_inputs,
    unpaired_reason="a random force, whose value means nothing",
    properties=frozenset(
        {
            Property.AT_MOST_ONE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    exceptions={
        "empty_batch": "its first axis is that of views, of which there must be one; without images it is 0"
    },
)
