"""AUC margin: the square surrogate of the ROC AUC, with its pull on the two class means cut off at a margin.

It needs no pairs: the mean over all pairs is the spread of the two classes and the distance of their means.
In its min-max form every sample counts on its own, so that mini-batches give unbiased gradients.
"""

from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
)
from lossary.errors import InvalidInputError
from lossary.losses.auc._inputs import ranked_samples, ten_scores

Form = Literal["closed", "minmax", "minmax_prior"]


@full_precision
def auc_margin(
    score: Float[Tensor, "batch"] | Float[Tensor, "batch 1"],
    target: Bool[Tensor, "*batch"] | Integer[Tensor, "*batch"] | Float[Tensor, "*batch"],
    *,
    margin: float = 1.0,
    form: Form = "closed",
    a: Float[Tensor, ""] | None = None,
    b: Float[Tensor, ""] | None = None,
    alpha: Float[Tensor, ""] | None = None,
) -> Float[Tensor, ""]:
    r"""Spread of each class, and by how much the mean of positives is not a margin above that of negatives.

    Without the cut at 0 this is the mean of (m - s_i + s_j)^2 over all pairs, which also pulls back easy
    samples.

    .. math::
        L &= \operatorname{Var}(s^+) + \operatorname{Var}(s^-) + \max(0, m + \bar s^- - \bar s^+)^2 \\
          &= \min_{a, b} \max_{\alpha \ge 0}
             \overline{(s^+ - a)^2} + \overline{(s^- - b)^2}
             + 2 \alpha (m + \bar s^- - \bar s^+) - \alpha^2

    Args:
        score: s, any real number; larger means more likely positive. A column (batch, 1) is read as (batch,).
        target: 0 or 1 (or bool), in the shape of ``score``.
        margin: m, how far the mean of positives should be above that of negatives.
        form: "closed", the first line; "minmax", what stands under min and max in the second, to be descended
            in ``score``, ``a`` and ``b`` and ascended in ``alpha``; "minmax_prior", the same times r (1 - r)
            with r the share of positives in the batch.
        a: the estimate of the mean of positives; None with form "closed", a 0-d tensor with the others.
        b: the estimate of the mean of negatives, likewise.
        alpha: the weight of the margin, at least 0, likewise.

    Returns:
        A scalar. A batch of one class gives 0.

    Raises:
        ShapeError: ``score`` is neither (batch,) nor (batch, 1), or ``target`` differs from it; ``a``, ``b``
            or ``alpha`` has an axis.
        DtypeError: ``score``, ``a``, ``b`` or ``alpha`` is not floating.
        InvalidInputError: ``margin`` is not above 0; ``form`` is none of the three; ``a``, ``b`` or ``alpha``
            is missing, or given with form "closed"; a value is NaN or infinite; ``target`` has values other
            than 0 and 1.

    Differs from the paper: the closed form, with the best a, b and alpha of the batch itself, is our default;
        the paper's is "minmax_prior", where we take r from the batch and not from the dataset.

    Source: Yuan, Yan, Sonka and Yang, Large-scale Robust Deep AUC Maximization: A New Surrogate Loss and
        Empirical Studies on Medical Image Classification, ICCV 2021.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([2.0, 1.0, 1.0]), torch.tensor([1, 1, 0])
        >>> auc_margin(score, target)  # 0.25 + 0 + max(0, 1 + 1 - 1.5)^2
        tensor(0.5000)
    """
    score, positive = ranked_samples(score, target)
    check_positive("margin", margin)
    check_choice("form", form, ("closed", "minmax", "minmax_prior"))
    _check_saddle(form, a=a, b=b, alpha=alpha)
    num_positive, num_negative = positive.sum(), (~positive).sum()

    def mean_positive(values: Tensor) -> Tensor:
        return values.where(positive, 0.0).sum() / num_positive.clamp(min=1)

    def mean_negative(values: Tensor) -> Tensor:
        return values.where(~positive, 0.0).sum() / num_negative.clamp(min=1)

    centre = score.detach().sum() / max(score.numel(), 1)  # an offset of all scores would cost digits
    score = score - centre
    high, low = mean_positive(score), mean_negative(score)
    gap = margin + low - high
    if a is None or b is None or alpha is None:
        spread = mean_positive((score - high).square()) + mean_negative((score - low).square())
        loss = spread + gap.relu().square()
    else:
        a, b = a - centre, b - centre
        spread = mean_positive((score - a).square()) + mean_negative((score - b).square())
        loss = spread + 2 * alpha * gap - alpha.square()
    if form == "minmax_prior":
        loss = loss * num_positive * num_negative / max(score.numel(), 1) ** 2
    return loss.where((num_positive > 0) & (num_negative > 0), 0.0)


def _check_saddle(form: str, **variables: Tensor | None) -> None:
    """What the min-max forms are descended and ascended in: three numbers for these, none for the closed."""
    for name, value in variables.items():
        if form == "closed":
            if value is not None:
                raise InvalidInputError(
                    f"{name}: got a {type(value).__name__} with form='closed'; wanted None"
                )
            continue
        if value is None:
            raise InvalidInputError(f"{name}: got None with form={form!r}; wanted a tensor without axes")
        check_floating(name, value)
        check_ndim(name, value, "")
        check_finite(name, value)


class AucMargin(nn.Module):
    """`auc_margin` with a, b and alpha as parameters, which start at 0; the closed form has none.

    The loss is a saddle: descend it in the scores, a and b; ascend it in alpha, which stays at 0 or above.

    Args:
        margin: how far the mean of positives should be above that of negatives.
        form: as for `auc_margin`.

    Example:
        >>> import torch
        >>> criterion = AucMargin(form="minmax")
        >>> down = torch.optim.SGD([criterion.a, criterion.b], lr=0.1)
        >>> up = torch.optim.SGD(criterion.ascend_parameters(), lr=0.1, maximize=True)
        >>> criterion(torch.tensor([2.0, 1.0]), torch.tensor([1, 0])).backward()
        >>> down.step(), up.step()
        (None, None)
        >>> for parameter in criterion.ascend_parameters():
        ...     parameter.data.clamp_(min=0)
        tensor(0.)
        >>> criterion.a  # 0.1 of the slope -2 (2 - 0)
        Parameter containing:
        tensor(0.4000, requires_grad=True)
    """

    a: nn.Parameter | None
    b: nn.Parameter | None
    alpha: nn.Parameter | None

    def __init__(self, *, margin: float = 1.0, form: Form = "closed") -> None:
        super().__init__()
        self.margin = margin
        self.form = form
        for name in ("a", "b", "alpha"):
            self.register_parameter(name, None if form == "closed" else nn.Parameter(torch.zeros(())))

    def forward(
        self,
        score: Tensor,
        target: Tensor,
        *,
        a: Tensor | None = None,
        b: Tensor | None = None,
        alpha: Tensor | None = None,
    ) -> Tensor:
        """`auc_margin` of the batch; a, b and alpha are the module's unless given for this call."""
        given = {"a": a, "b": b, "alpha": alpha}
        saddle = {name: getattr(self, name) if value is None else value for name, value in given.items()}
        return auc_margin(score, target, margin=self.margin, form=self.form, **saddle)

    def ascend_parameters(self) -> list[nn.Parameter]:
        """Parameters to be ascended, and clamped at 0 or above after each step: alpha, if there is one."""
        return [] if self.alpha is None else [self.alpha]

    def extra_repr(self) -> str:
        """The options."""
        return f"margin={self.margin!r}, form={self.form!r}"


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Ten scores, four of them of positives, in the min-max form, which uses every input."""
    return ten_scores(generator) | {
        "form": "minmax",
        "a": torch.randn((), generator=generator),
        "b": torch.randn((), generator=generator),
        "alpha": torch.rand((), generator=generator),
    }


LOSS = LossSpec(
    function=auc_margin,
    module=AucMargin,
    paper=Paper(
        title=(
            "Large-scale Robust Deep AUC Maximization: A New Surrogate Loss and Empirical Studies on Medical "
            "Image Classification"
        ),
        authors="Yuan, Yan, Sonka and Yang",
        venue="ICCV",
        year=2021,
        url="https://arxiv.org/abs/2012.03173",
    ),
    differentiable=("score", "a", "b", "alpha"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="roc_auc_score", adapt=lambda score, target, **_: (target.ravel(), score.ravel())),
    ),
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
    aliases=("aucm",),
)
