"""Weighted energy adversarial training: robust training that leans on the inputs least typical for the model.

To a classifier read as an energy-based model an input of high energy in magnitude is a typical one; such
inputs are fitted soon, and then overfitted. They weigh less here.
"""

from typing import Literal, get_args

from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn import functional

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
from lossary.authoring.validation import check_choice
from lossary.losses.robustness._logits import (
    attacked_decisions,
    attacked_rows,
    clean_decisions,
    supervised_divergence,
)

Variant = Literal["natural", "adversarial"]


@full_precision
def weighted_energy_adversarial(
    natural_logits: Float[Tensor, "batch classes"],
    adversarial_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    beta: float = 6.0,
    variant: Variant = "natural",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy and divergence under attack, each row weighed down by the magnitude of its energy.

    .. math::
        L_i = w_i \left[ -\ln p(y_i \mid \tilde x_i) + \beta \sum_c p(c \mid x_i)
              \ln \frac{p(c \mid x_i)}{p(c \mid x_i^*)} \right], \quad
        w_i = \frac{1}{\ln(1 + e^{|E(x_i)|})}, \quad E(x) = -\ln \sum_c e^{f_c(x)}

    Weights are constants of the gradient, at most 1 / ln 2.

    Args:
        natural_logits: f(x), of the inputs as they are.
        adversarial_logits: f(x*), of the attacked inputs, in the shape of ``natural_logits``.
        target: y, the right class of each row.
        beta: 0 or above.
        variant: which logits the cross-entropy is of: "natural" as in `trades`, or "adversarial".
        reduction: "mean" divides by the number of rows, not by the weights; "sum", or "none".

    Returns:
        A scalar, or one value per row under "none". An empty batch gives 0.

    Raises:
        ShapeError: ``natural_logits`` is not a matrix or has no class, or another shape does not fit it.
        DtypeError: logits are not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is not a class; ``beta`` is negative;
            ``variant`` is none of the two.

    Differs from the official code: there e^|E| leaves the range of float32 from energies of 88 on, so that
        such rows drop out; and it adds 1e-12 to probabilities before their logarithm.

    Source: Mirza, Briglia, Beadini and Masi, Shedding More Light on Robust Classifiers under the lens of
        Energy-based Models, ECCV 2024.

    Example:
        >>> import torch
        >>> natural, attacked = torch.tensor([[-0.6931, -0.6931]]), torch.tensor([[0.0, 0.0]])
        >>> weighted_energy_adversarial(natural, attacked, torch.tensor([0]))  # no energy: ln 2 / ln 2
        tensor(1.0000)
    """
    check_choice("variant", variant, get_args(Variant))
    values = supervised_divergence(
        natural_logits, adversarial_logits, target, beta=beta, learn_attacked=variant == "adversarial"
    )
    energy = natural_logits.detach().logsumexp(1).abs()
    return reduce(values / functional.softplus(energy), reduction)


WeightedEnergyAdversarial = loss_module(weighted_energy_adversarial)

LOSS = LossSpec(
    function=weighted_energy_adversarial,
    module=WeightedEnergyAdversarial,
    paper=Paper(
        title="Shedding More Light on Robust Classifiers under the lens of Energy-based Models",
        authors="Mirza, Briglia, Beadini and Masi",
        venue="ECCV",
        year=2024,
        url="https://arxiv.org/abs/2407.06315",
    ),
    differentiable=("natural_logits", "adversarial_logits"),
    example_inputs=attacked_rows,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=clean_decisions),
        ExactMetric(name="accuracy_score", adapt=attacked_decisions),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE}),
    aliases=("weat",),
    exceptions={
        "gradcheck": "the weights are constants of the gradient, by definition, but not of the value"
    },
)
