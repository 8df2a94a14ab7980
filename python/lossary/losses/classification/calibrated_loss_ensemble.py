"""Calibrated loss ensemble: a fresh random loss for every batch, convex and calibrated, against overfitting.

Gradient descent sees a margin loss only through its slopes, so random negative slopes that rise with the
margin are a random loss.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_positive,
    check_real,
    check_shape,
    check_tensor,
)
from lossary.losses.classification._margins import decisions, margins

_LOGARITHM = 1e-6  # how near to 0 the Box-Cox exponent is taken for 0


@full_precision
def calibrated_loss_ensemble(
    logits: Float[Tensor, "batch"] | Float[Tensor, "batch 1"],
    target: Bool[Tensor, "*batch"] | Integer[Tensor, "*batch"] | Float[Tensor, "*batch"],
    noise: Float[Tensor, "batch"],
    *,
    box_cox: float = 0.0,
    floor: float = 1e-6,
) -> Float[Tensor, ""]:
    r"""Carrier of the gradient of a random margin loss, whose slopes come from the noise.

    .. math::
        L = \frac{1}{N} \sum_i G_i \, y_i z_i, \qquad
        G_{(m)} = -\frac{\min(1, e)_{[m]}}{\max(1, y z_{(m)})} - \varepsilon, \qquad
        e_i = (1 + \lambda \xi_i)_+^{1 / \lambda}, \quad y_i = 2 t_i - 1

    where the m-th smallest margin y z takes the m-th largest of min(1, e); beyond a margin of 1 the slope
    falls with it. The slopes have no gradient. The value can be negative and is not comparable between steps:
    log a fixed loss beside it.

    Args:
        logits: z, any real number; positive means class 1. A column (batch, 1) is read as (batch,).
        target: t, 0 or 1 (or bool), in the shape of ``logits``.
        noise: xi, a draw from the standard normal distribution; `CalibratedLossEnsemble` draws it.
        box_cox: lambda, the exponent of the inverse Box-Cox transform. 0 makes the slopes log-normal; below
            it most are the steepest, -1, as of the hinge.
        floor: epsilon, above 0, by which every slope stays below 0.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: ``logits`` is neither (batch,) nor (batch, 1), or another argument does not fit it.
        DtypeError: ``logits`` or ``noise`` is not floating, or ``target`` no tensor.
        InvalidInputError: a value is NaN or infinite; ``target`` has values other than 0 and 1; ``floor`` is
            not above 0.

    Source: Dai, EnsLoss: Stochastic Calibrated Loss Ensembles for Preventing Overfitting in Classification,
        ICML 2025.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([0.5, -0.5]), torch.tensor([1, 1])
        >>> noise = torch.tensor([-20.0, 3.0])  # slopes of 0 and -1, the steeper for the smaller margin
        >>> calibrated_loss_ensemble(logits, target, noise)  # (0 * 0.5 + -1 * -0.5) / 2
        tensor(0.2500)
    """
    check_real("box_cox", box_cox)
    check_positive("floor", floor)
    check_floating("logits", logits)
    check_tensor("target", target)
    if logits.ndim == 2 and logits.shape[1] == 1:
        if target.ndim == 2:
            check_shape("target", target, tuple(logits.shape), like="logits")
            target = target.squeeze(1)
        logits = logits.squeeze(1)
    margin = margins(logits, target)
    check_floating("noise", noise)
    check_shape("noise", noise, tuple(margin.shape), like="logits")
    check_finite("noise", noise)

    noise = noise.detach().to(margin.dtype)
    exponent = noise if abs(box_cox) < _LOGARITHM else (box_cox * noise).clamp(min=-1).log1p() / box_cox
    steepness = exponent.exp().clamp(max=1).sort(descending=True).values
    position = margin.detach()
    order = position.sort(dim=0, stable=True).indices
    slope = torch.zeros_like(position).scatter(0, order, -steepness) / position.clamp(min=1) - floor
    return reduce(slope * margin, "mean")


class CalibratedLossEnsemble(nn.Module):
    """`calibrated_loss_ensemble` that draws the noise itself.

    Args:
        box_cox: as there.
        floor: as there.
        generator: where the draws come from, on the device of the logits; None takes torch's own.

    Attributes:
        box_cox: the present exponent, which `resample` redraws; it is part of the state.

    Example:
        >>> import torch
        >>> criterion = CalibratedLossEnsemble(generator=torch.Generator().manual_seed(0))
        >>> logits = torch.tensor([2.0, -1.0], requires_grad=True)
        >>> criterion(logits, torch.tensor([1, 1])).backward()
        >>> (logits.grad < 0).all()  # every slope is below 0, so both scores of class 1 rise
        tensor(True)
    """

    def __init__(
        self, *, box_cox: float = 0.0, floor: float = 1e-6, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        check_real("box_cox", box_cox)
        check_positive("floor", floor)
        self.box_cox = box_cox
        self.floor = floor
        self.generator = generator

    def forward(self, logits: Tensor, target: Tensor, noise: Tensor | None = None) -> Tensor:
        """The carrier of the gradient; ``noise`` (batch,) is drawn in float32 unless given for this call."""
        if noise is None:
            check_floating("logits", logits)
            noise = torch.randn(
                logits.shape[:1], generator=self.generator, device=logits.device, dtype=torch.float32
            )
        return calibrated_loss_ensemble(logits, target, noise, box_cox=self.box_cox, floor=self.floor)

    def resample(self) -> None:
        """Draw the exponent uniformly from [-1, 1], as the authors do every few epochs."""
        device = "cpu" if self.generator is None else self.generator.device
        self.box_cox = 2 * torch.rand((), generator=self.generator, device=device).item() - 1

    def get_extra_state(self) -> dict[str, float]:
        """The exponent."""
        return {"box_cox": self.box_cox}

    def set_extra_state(self, state: dict[str, float]) -> None:
        """Take the exponent of a saved state."""
        self.box_cox = state["box_cox"]

    def extra_repr(self) -> str:
        """The options."""
        return f"box_cox={self.box_cox!r}, floor={self.floor!r}, generator={self.generator!r}"


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight scores with margins below 1, where the slopes do not depend on them."""
    return {
        "logits": 1.8 * torch.rand(8, generator=generator) - 0.9,
        "target": torch.tensor([1, 0, 0, 1, 0, 1, 0, 0]),
        "noise": torch.randn(8, generator=generator),
    }


LOSS = LossSpec(
    function=calibrated_loss_ensemble,
    module=CalibratedLossEnsemble,
    paper=Paper(
        title="EnsLoss: Stochastic Calibrated Loss Ensembles for Preventing Overfitting in Classification",
        authors="Dai",
        venue="ICML",
        year=2025,
        url="https://proceedings.mlr.press/v267/dai25d.html",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=decisions),
        ExactMetric(name="roc_auc_score", adapt=lambda logits, target, **_: (target, logits)),
    ),
    properties=frozenset({Property.BATCH_ORDER_FREE}),
    aliases=("ensloss",),
)
