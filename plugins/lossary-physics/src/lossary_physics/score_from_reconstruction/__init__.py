"""The score that a denoising autoencoder has learned: where its reconstructions point to."""

from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_positive, check_shape
from torch import Tensor


@full_precision
def score_from_reconstruction(
    inputs: Float[Tensor, "..."], reconstruction: Float[Tensor, "..."], *, sigma: float
) -> Float[Tensor, "..."]:
    r"""Gradient of the data's log-density, as a denoising autoencoder estimates it.

    .. math:: \nabla \log p(x) \approx \frac{r(x) - x}{\sigma^2}

    With a noisy input in place of x, the squared error of denoising is 2 sigma^4 times
    `denoising_score_matching` of this score, with its weighting "none".

    Args:
        inputs: x, any shape.
        reconstruction: r(x), from an autoencoder trained to remove noise, or one whose reconstruction is
            contractive with the strength sigma^2.
        sigma: standard deviation of that noise, above 0; the estimate is exact in the limit of a small one.

    Returns:
        The score, in the shape of ``inputs``, with the graphs of both tensors.

    Raises:
        ShapeError: the shapes differ.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``sigma`` is not above 0.

    Source: Alain and Bengio, What Regularized Auto-Encoders Learn from the Data-Generating Distribution,
        JMLR 15, 2014.

    Example:
        >>> import torch
        >>> score_from_reconstruction(torch.tensor([2.0]), torch.tensor([1.5]), sigma=0.5)  # -0.5 / 0.25
        tensor([-2.])
    """
    check_positive("sigma", sigma)
    check_floating("inputs", inputs)
    check_finite("inputs", inputs)
    check_floating("reconstruction", reconstruction)
    check_shape("reconstruction", reconstruction, tuple(inputs.shape), like="inputs")
    check_finite("reconstruction", reconstruction)
    return (reconstruction.to(inputs.dtype) - inputs) / sigma / sigma  # sigma^2 may be 0 in float32
