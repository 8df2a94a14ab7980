"""Multi-kernel MMD: features of one domain distributed like those of another, at several scales at once.

A bank of Gaussian kernels around the mean squared distance spares the choice of a bandwidth.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_int, check_ndim, check_positive
from lossary.losses.distributions._points import check_same_dim, points_of, squared_distances


@full_precision
def multi_kernel_mmd(
    source: Float[Tensor, "batch dim"],
    target: Float[Tensor, "others dim"],
    *,
    kernel_mul: float = 2.0,
    kernel_num: int = 5,
    bandwidth: float | None = None,
) -> Float[Tensor, ""]:
    r"""Squared maximum mean discrepancy of two sets of features, under a sum of Gaussian kernels.

    .. math:: L = E\, k(s, s') + E\, k(t, t') - 2 E\, k(s, t), \quad
              k(a, b) = \sum_{m=0}^{n-1} e^{-\lVert a - b \rVert^2 / (b_0 c^m)}, \;
              b_0 = b c^{-\lfloor n / 2 \rfloor}

    over all pairs, also of a row with itself.

    Args:
        source: features s of one domain.
        target: features t of the other; there may be another number of rows.
        kernel_mul: c, the ratio of one bandwidth to the one before, above 0.
        kernel_num: n, how many kernels, at least 1.
        bandwidth: b, of squared distances, above 0; None takes their mean over all pairs of different rows,
            without a gradient.

    Returns:
        A scalar, at least 0.

    Raises:
        ShapeError: an argument is no matrix, is empty, or the columns differ.
        DtypeError: an argument is not floating, or ``kernel_num`` no int.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; an option is out of range.

    Source: Sun, Chong and Ochiai, Feature Distribution Matching for Federated Domain Generalization, ACML
        2022; the discrepancy: Gretton, Borgwardt, Rasch, Scholkopf and Smola, A Kernel Two-Sample Test, JMLR
        13, 2012.

    Example:
        >>> import torch
        >>> source, target = torch.tensor([[0.0]]), torch.tensor([[2.0]])
        >>> multi_kernel_mmd(source, target, kernel_num=1)  # the mean square is 4: 2 - 2 e^{-1}
        tensor(1.2642)
    """
    check_positive("kernel_mul", kernel_mul)
    check_int("kernel_num", kernel_num)
    check_positive("kernel_num", kernel_num)
    if bandwidth is not None:
        check_positive("bandwidth", bandwidth)
    check_ndim("source", source, "batch dim")
    check_ndim("target", target, "others dim")
    s, t = points_of("source", source), points_of("target", target)
    check_same_dim("target", t, s.shape[1], like="source")
    rows = torch.cat([s, t])
    squares = squared_distances("source", rows, rows)
    count = len(rows)
    mean = squares.detach().sum() / (count * (count - 1)) if bandwidth is None else bandwidth
    # of rows that are all the same the mean is 0, and any other one does
    scaled = squares / (mean.where(mean > 0, 1.0) if isinstance(mean, Tensor) else mean)
    exponents = [m - kernel_num // 2 for m in range(kernel_num)]
    kernels = torch.stack([(-scaled / kernel_mul**exponent).exp() for exponent in exponents]).sum(0)
    own = len(s)
    within = kernels[:own, :own].mean() + kernels[own:, own:].mean()
    return within - kernels[:own, own:].mean() - kernels[own:, :own].mean()


MultiKernelMmd = loss_module(multi_kernel_mmd)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five rows of one domain and seven of another, which is wider."""
    return {
        "source": torch.randn(5, 3, generator=generator),
        "target": 2 * torch.randn(7, 3, generator=generator),
    }


LOSS = LossSpec(
    function=multi_kernel_mmd,
    module=MultiKernelMmd,
    paper=Paper(
        title="Feature Distribution Matching for Federated Domain Generalization",
        authors="Sun, Chong and Ochiai",
        venue="ACML",
        year=2022,
        url="https://arxiv.org/abs/2203.11635",
    ),
    differentiable=("source", "target"),
    example_inputs=example_inputs,
    unpaired_reason="its metric is the accuracy of a classifier of domains, which would have to be trained",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("mk_mmd",),
    exceptions={
        "gradcheck": "the bandwidth follows the data without a gradient, which finite differences see"
    },
)
