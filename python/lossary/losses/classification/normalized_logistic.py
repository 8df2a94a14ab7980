"""Normalized logistic: gradient steps of logistic regression whose length does not fade with the errors.

The steps make a fast perceptron of gradient descent: on separable data they may be as large as one likes.
"""

from jaxtyping import Bool, Float, Integer
from torch import Tensor
from torch.nn import functional

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.losses.classification._margins import decisions, eight_decisions, margins


@full_precision
def normalized_logistic(
    logits: Float[Tensor, "batch"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
) -> Float[Tensor, ""]:
    r"""Carrier of the logistic gradient over the mean doubt, that is with weights that add up to one.

    .. math::
        L = -\sum_i w_i \, y_i z_i, \qquad w_i = \frac{c_i}{\sum_j c_j}, \quad
        c_i = \frac{1}{1 + e^{y_i z_i}}, \quad y_i = 2 t_i - 1

    The weights have no gradient. The value is therefore not comparable between steps; at large steps the loss
    itself is no measure of progress either, so watch the accuracy.

    Args:
        logits: z, any real number; positive means class 1.
        target: t, 0 or 1 (or bool).

    Returns:
        A scalar, whose gradient is -w_i y_i. An empty batch gives 0.

    Raises:
        ShapeError: ``logits`` is not (batch,), or ``target`` has another shape.
        DtypeError: ``logits`` is not floating, or ``target`` no tensor.
        InvalidInputError: a logit is NaN or infinite; ``target`` has values other than 0 and 1.

    Differs from the paper: it states the gradient, for linear models; the carrier is ours, for any model.

    Source: Tyurin, From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with
        Large Step Sizes, AAAI 2025, section 6.

    Example:
        >>> import torch
        >>> normalized_logistic(torch.tensor([3.0, 3.0]), torch.tensor([1, 1]))  # weights of 1/2
        tensor(-3.)
    """
    margin = margins(logits, target)
    # By logarithms: where all are right by far, every c leaves the range of numbers and the weights do not.
    weight = functional.logsigmoid(-margin.detach()).softmax(0)
    return -(weight * margin).sum()


NormalizedLogistic = loss_module(normalized_logistic)

LOSS = LossSpec(
    function=normalized_logistic,
    module=NormalizedLogistic,
    paper=Paper(
        title="From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large "
        "Step Sizes",
        authors="Tyurin",
        venue="AAAI",
        year=2025,
        url="https://arxiv.org/abs/2412.08424",
        equation="section 6",
    ),
    differentiable=("logits",),
    example_inputs=eight_decisions,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=decisions),),
    properties=frozenset({Property.BATCH_ORDER_FREE}),
    exceptions={
        "gradcheck": "the weights have no gradient, so finite differences of the value see more than it",
    },
)
