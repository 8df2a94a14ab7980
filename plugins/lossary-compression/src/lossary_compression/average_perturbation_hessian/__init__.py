"""How much the output of a network minds a change of each value of a block's output."""

from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_positive, check_shape
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def average_perturbation_hessian(
    gradient_plus: Float[Tensor, "batch *rest"],
    gradient_minus: Float[Tensor, "batch *rest"],
    *,
    step: float | None = None,
    average: bool = True,
) -> Float[Tensor, "samples *rest"]:
    r"""Importance of each value of a block's output, from gradients on either side of it.

    .. math:: h = \frac{1}{N} \sum_n \left| \frac{g_n^+ - g_n^-}{2 \delta} \right|

    g is the gradient, with respect to the block's output shifted by +delta or -delta in every entry, of the
    KL divergence of the whole network's prediction from what it was without the shift. The difference is the
    sum over a row of the Hessian. Weighs `hessian_weighted_reconstruction`.

    Args:
        gradient_plus: the gradient at the output plus delta.
        gradient_minus: the gradient at the output minus delta.
        step: delta, above 0; None leaves the division by 2 delta out, for where only ratios count.
        average: over the batch; False gives the importance of each sample.

    Returns:
        0 or above, (1, ...), or (batch, ...) without ``average``.

    Raises:
        ShapeError: the shapes differ, or there is no row.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; ``step`` is not above 0.

    Source: Wu, Zhang, Chen, Guo, Huang and Wang, APHQ-ViT: Post-Training Quantization with Average
        Perturbation Hessian Based Reconstruction for Vision Transformers, CVPR 2025. Its steps of
        1e-6 need float64.

    Example:
        >>> import torch
        >>> plus, minus = torch.tensor([[1.0, 2.0], [3.0, 2.0]]), torch.tensor([[0.0, 2.0], [5.0, 2.0]])
        >>> average_perturbation_hessian(plus, minus)  # the means of 1 and 2, and of 0 and 0
        tensor([[1.5000, 0.0000]])
    """
    check_floating("gradient_plus", gradient_plus)
    check_floating("gradient_minus", gradient_minus)
    if gradient_plus.ndim == 0 or gradient_plus.shape[0] == 0:
        raise ShapeError(
            f"gradient_plus: got shape {tuple(gradient_plus.shape)}; wanted (batch, ...) with a row at least"
        )
    check_shape("gradient_minus", gradient_minus, tuple(gradient_plus.shape), like="gradient_plus")
    check_finite("gradient_plus", gradient_plus)
    check_finite("gradient_minus", gradient_minus)
    importance = (gradient_plus - gradient_minus).abs()
    if step is not None:
        check_positive("step", step)
        importance = importance / (2 * step)
    return importance.mean(0, keepdim=True) if average else importance
