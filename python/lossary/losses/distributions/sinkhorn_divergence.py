"""Sinkhorn divergence: drawn segmentations that vary as those of experts do, by optimal transport.

Also for other sets of points. Unlike kernels it moves points over any distance, and unlike the plain cost of
transport with entropy it is 0 for equal sets.
"""

from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_int, check_positive
from lossary.errors import InvalidInputError
from lossary.losses.distributions._mask_sets import MASK_SET_METRICS, both_sets, example_inputs
from lossary.losses.distributions._points import squared_distances
from lossary.ops.distances import pair_distances
from lossary.ops.sinkhorn import sinkhorn_potentials


@full_precision
def sinkhorn_divergence(
    prediction: Float[Tensor, "batch points *space"],
    target: Float[Tensor, "batch others *space"],
    *,
    p: int = 2,
    blur: float = 0.05,
    debias: bool = True,
    reduction: Reduction = "mean",
    max_iterations: int = 10000,
    tolerance: float = 1e-11,
) -> Float[Tensor, "..."]:
    r"""Cost of moving one set onto another, with entropy, less the half of what each costs to stay.

    .. math:: L = T(x, y) - \frac{1}{2} T(x, x) - \frac{1}{2} T(y, y), \quad
              T(x, y) = \min_P \sum_{ij} P_{ij} C(x_i, y_j) + \varepsilon KL(P \,\|\, u \otimes u)

    over plans P with uniform margins u, where C is half the squared distance, or the distance.

    Args:
        prediction: x, a set of points, such as segmentations, for each image; their axes are flattened.
        target: y, a set of points for each image; there may be another number of them.
        p: 2 for squared distances, 1 for distances.
        blur: the distance within which points are not told apart, above 0; its power p is the weight ε of the
            entropy.
        debias: False leaves out what the sets cost to stay; equal sets then have a loss above 0.
        reduction: "mean" or "sum" over images, or "none".
        max_iterations: after so many a `lossary.errors.ConvergenceWarning` tells that it has not converged.
        tolerance: the change of the dual potentials at which it has, above 0.

    Returns:
        A scalar, or (batch,) values under "none", at least 0 with ``debias``. The gradient is that of the
        plan found, as at the optimum the potentials have none.

    Raises:
        ShapeError: fewer than three axes, nothing to compare, or shapes that do not fit.
        DtypeError: an argument is not floating, or ``max_iterations`` no int.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; an option is out of range.

    Differs from the paper: the iterations run until they converge. The package it uses stops after its
        schedule, up to a tenth below at the default blur.

    Source: Chatterjee et al., PULASki: Learning inter-rater variability using statistical distances to
        improve probabilistic segmentation, arXiv 2312.15686, 2023; the divergence: Feydy et al.,
        Interpolating between Optimal Transport and MMD using Sinkhorn Divergences, AISTATS 2019.

    Example:
        >>> import torch
        >>> sinkhorn_divergence(torch.zeros(1, 1, 2), torch.tensor([[[3.0, 4.0]]]))  # 5^2 / 2
        tensor(12.5000)
    """
    if p not in (1, 2) or isinstance(p, bool):
        raise InvalidInputError(f"p: got {p!r}; wanted 1 or 2")
    check_positive("blur", blur)
    check_positive("tolerance", tolerance)
    check_int("max_iterations", max_iterations)
    check_positive("max_iterations", max_iterations)
    x, y = both_sets(prediction, target)

    def transport(points: Tensor, others: Tensor, *, symmetric: bool = False) -> Tensor:
        cost = (
            squared_distances("prediction", points, others) / 2 if p == 2 else pair_distances(points, others)
        )
        still = cost.detach()
        entropy = blur**p
        f, g = sinkhorn_potentials(
            still, entropy=entropy, symmetric=symmetric, max_iterations=max_iterations, tolerance=tolerance
        )
        plan = ((f.unsqueeze(2) + g.unsqueeze(1) - still) / entropy).exp() / (still.shape[1] * still.shape[2])
        return f.mean(1) + g.mean(1) + (plan * (cost - still)).sum((1, 2))

    values = transport(x, y)
    if debias:
        values = values - (transport(x, x, symmetric=True) + transport(y, y, symmetric=True)) / 2
    return reduce(values, reduction)


SinkhornDivergence = loss_module(sinkhorn_divergence)


LOSS = LossSpec(
    function=sinkhorn_divergence,
    module=SinkhornDivergence,
    paper=Paper(
        title=(
            "PULASki: Learning inter-rater variability using statistical distances to improve probabilistic "
            "segmentation"
        ),
        authors="Chatterjee et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2312.15686",
    ),
    differentiable=("prediction", "target"),
    example_inputs=example_inputs,
    pairs_with=MASK_SET_METRICS,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
