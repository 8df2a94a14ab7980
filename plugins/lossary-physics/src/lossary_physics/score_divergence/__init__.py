"""Divergence of a score network: exact, or estimated along random probes, with a graph for training."""

import torch
from jaxtyping import Float
from lossary.authoring.validation import check_floating, check_int, check_shape, check_tensor
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor


def score_divergence(
    score: Float[Tensor, "batch *rest"],
    inputs: Float[Tensor, "batch *rest"],
    probe: Float[Tensor, "probes batch *rest"] | None = None,
    *,
    create_graph: bool = True,
) -> Float[Tensor, "batch"]:
    r"""Divergence of the score at each sample.

    .. math:: \sum_i \frac{\partial s_i}{\partial x_i} = \mathbb{E}_v \big[ v^\top J v \big]

    Args:
        score: s, computed from ``inputs`` by a network that treats samples one by one (no batch statistics).
        inputs: x, with ``requires_grad``.
        probe: v, random draws of mean 0 and covariance 1, such as `rademacher_probe`: one backward pass each.
            None is exact, with a backward pass for each entry of a sample.
        create_graph: keep a graph of the result, which training needs.

    Returns:
        The divergence, or the mean over the probes of its unbiased estimates.

    Raises:
        ShapeError: the shapes do not fit, or there is no probe.
        DtypeError: a tensor is not floating.
        InvalidInputError: ``inputs`` does not require a gradient, or ``score`` was not computed from it.

    Source: Hutchinson, A stochastic estimator of the trace of the influence matrix for Laplacian smoothing
        splines, Communications in Statistics 18, 1989, for probes; Song, Garg, Shi and Ermon, Sliced Score
        Matching, UAI 2019, for scores.

    Example:
        >>> import torch
        >>> inputs = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> score_divergence(-inputs**2, inputs).detach()  # -2 x - 2 y
        tensor([ -6., -14.])
    """
    check_floating("inputs", inputs)
    if inputs.ndim == 0:
        raise ShapeError("inputs: got shape (); wanted (batch, ...)")
    check_floating("score", score)
    check_shape("score", score, tuple(inputs.shape), like="inputs")
    if probe is not None:
        check_floating("probe", probe)
        if probe.ndim == 0 or probe.shape[0] == 0:
            raise ShapeError(f"probe: got shape {tuple(probe.shape)}; wanted (probes, ...) with at least one")
        check_shape("probe", probe, (probe.shape[0], *inputs.shape), like="inputs for each probe")
        probe = probe.detach()
    if not inputs.requires_grad:
        raise InvalidInputError("inputs: got a tensor without a graph; wanted inputs.requires_grad_()")
    if not score.requires_grad:
        raise InvalidInputError("score: got a tensor without a graph; wanted one computed from inputs")

    def gradient(total: Tensor) -> Tensor | None:
        (found,) = torch.autograd.grad(
            total, inputs, retain_graph=True, create_graph=create_graph, allow_unused=True
        )
        return None if found is None else found.unsqueeze(-1).flatten(1)

    if probe is None:
        columns = score.unsqueeze(-1).flatten(1).unbind(1)
        slopes = [gradient(column.sum()) for column in columns]
        parts = [slope[:, axis] for axis, slope in enumerate(slopes) if slope is not None]
    else:
        products = [gradient((score * direction).sum()) for direction in probe]
        parts = [
            (product * direction.unsqueeze(-1).flatten(1)).sum(1) / len(probe)
            for product, direction in zip(products, probe, strict=True)
            if product is not None
        ]
    if not parts:
        raise InvalidInputError(
            "score: got a tensor that does not depend on inputs; wanted one computed from it"
        )
    return torch.stack(parts).sum(0)


def rademacher_probe(
    inputs: Float[Tensor, "batch *rest"], num_probes: int = 1, *, generator: torch.Generator | None = None
) -> Float[Tensor, "probes batch *rest"]:
    """Draw probes of -1 and 1 with equal chance, which estimate a divergence with the least variance.

    Args:
        inputs: gives shape, dtype and device.
        num_probes: how many for each sample.
        generator: where the draws come from; None is torch's own.

    Raises:
        DtypeError: ``inputs`` is no tensor, or ``num_probes`` no int.
        InvalidInputError: ``num_probes`` is below 1.

    Example:
        >>> import torch
        >>> probe = rademacher_probe(torch.zeros(4, 2), 3)
        >>> probe.shape, probe.abs().unique()
        (torch.Size([3, 4, 2]), tensor([1.]))
    """
    check_tensor("inputs", inputs)
    check_int("num_probes", num_probes)
    if num_probes < 1:
        raise InvalidInputError(f"num_probes: got {num_probes}; wanted 1 or above")
    probe = torch.randint(0, 2, (num_probes, *inputs.shape), generator=generator, device=inputs.device)
    return (2 * probe - 1).to(inputs.dtype)
