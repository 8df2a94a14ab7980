"""TRADES: right on inputs as they are, and of one mind about inputs that an attacker has moved.

`beta` trades the accuracy on clean inputs for that under attack. The caller makes the attacked inputs: those
within reach whose predictions diverge most.
"""

from jaxtyping import Float, Integer
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
from lossary.losses.robustness._logits import (
    attacked_decisions,
    attacked_rows,
    clean_decisions,
    supervised_divergence,
)


@full_precision
def trades(
    natural_logits: Float[Tensor, "batch classes"],
    adversarial_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    beta: float = 6.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy on inputs as they are, and how far an attack moves the predicted probabilities.

    .. math:: L_i = -\ln p(y_i \mid x_i)
              + \beta \sum_c p(c \mid x_i) \ln \frac{p(c \mid x_i)}{p(c \mid x_i^*)}

    With the energies E(x, c) = -logit c and E(x) = -log sum exp logits of `classifier_energy` the divergence
    is the mean of E(x*, c) - E(x, c) over p(c | x), plus E(x) - E(x*).

    Args:
        natural_logits: of the inputs x.
        adversarial_logits: of the attacked inputs x*, in the shape of ``natural_logits``. Attack with the
            model in evaluation mode and take both logits in training mode.
        target: y, the right class of each row.
        beta: 0 or above; 0 is cross-entropy, 6 the paper's setting on CIFAR-10.
        reduction: "mean" or "sum" over rows, or "none".

    Returns:
        A scalar, or one value per row under "none". An empty batch gives 0. Both logits receive a gradient,
        also through the divergence.

    Raises:
        ShapeError: ``natural_logits`` is not a matrix or has no class, or another shape does not fit it.
        DtypeError: logits are not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is not a class; ``beta`` is negative.

    Source: Zhang, Yu, Jiao, Xing, El Ghaoui and Jordan, Theoretically Principled Trade-off between Robustness
        and Accuracy, ICML 2019, equation 5.

    Example:
        >>> import torch
        >>> natural, attacked = torch.tensor([[0.0, 0.0]]), torch.tensor([[100.0, 0.0]])
        >>> trades(natural, attacked, torch.tensor([0]), beta=1.0)  # ln 2 + (100 / 2 - ln 2)
        tensor(50.)
    """
    values = supervised_divergence(
        natural_logits, adversarial_logits, target, beta=beta, learn_attacked=False
    )
    return reduce(values, reduction)


Trades = loss_module(trades)

LOSS = LossSpec(
    function=trades,
    module=Trades,
    paper=Paper(
        title="Theoretically Principled Trade-off between Robustness and Accuracy",
        authors="Zhang, Yu, Jiao, Xing, El Ghaoui and Jordan",
        venue="ICML",
        year=2019,
        url="https://arxiv.org/abs/1901.08573",
        equation="equation 5",
    ),
    differentiable=("natural_logits", "adversarial_logits"),
    example_inputs=attacked_rows,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=clean_decisions),
        ExactMetric(name="accuracy_score", adapt=attacked_decisions),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
