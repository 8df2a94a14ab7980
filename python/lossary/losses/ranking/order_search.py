"""Order search: a set has no order, so the model may emit it in the one that it finds easiest.

The caller scores candidate orders of each set; the loss says which of them count. Training goes from all of
them to the likeliest: "uniform" for a while, then "sample" or "max".
"""

import math
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Picture,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_choice,
    check_class_index,
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError

Mode = Literal["max", "uniform", "marginal", "sample"]


@full_precision
def order_search(
    log_prob: Float[Tensor, "batch orders"],
    choice: Integer[Tensor, "batch"] | None = None,
    *,
    mode: Mode = "max",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely a set is when it may be emitted in any of several orders.

    .. math:: L = -\max_k \log p(Y_{\pi_k} \mid X)

    Args:
        log_prob: the logarithm of the probability of each candidate order.
        choice: for "sample", which order was drawn, as by `sample_order`.
        mode: "max": the likeliest order, of equal ones the first. "uniform": the mean over orders, with which
            the authors start. "marginal": the logarithm of the mean probability. "sample": the order drawn,
            so that training does not settle on one early.
        reduction: "mean", "sum", or "none".

    Returns:
        A scalar, or (batch,) values under "none".

    Raises:
        ShapeError: ``log_prob`` is no matrix or has no order, or ``choice`` has another length.
        DtypeError: ``log_prob`` is not floating, or ``choice`` not integer.
        InvalidInputError: the batch is empty; a value is NaN or infinite; ``mode`` is unknown, or "sample"
            without ``choice``; ``choice`` is no order.

    Differs from the paper: "marginal" is ours.

    Source: Vinyals, Bengio and Kudlur, Order Matters: Sequence to Sequence for Sets, ICLR 2016, section 5.

    Example:
        >>> import torch
        >>> log_prob = torch.tensor([[0.5, 0.25]]).log()
        >>> order_search(log_prob)  # log 2
        tensor(0.6931)
        >>> order_search(log_prob, mode="uniform")  # (log 2 + log 4) / 2
        tensor(1.0397)
    """
    check_choice("mode", mode, get_args(Mode))
    num_orders = _check_orders(log_prob)
    if choice is not None:
        check_class_index("choice", choice, num_orders)
        check_shape("choice", choice, tuple(log_prob.shape[:1]), like="the rows of log_prob")
    match mode:
        case "max":
            likelihood = _of_order(log_prob, log_prob.detach().argmax(1))
        case "uniform":
            likelihood = log_prob.mean(1)
        case "marginal":
            likelihood = log_prob.logsumexp(1) - math.log(num_orders)
        case "sample":
            if choice is None:
                raise InvalidInputError("choice: got None with mode='sample'; wanted the order of each row")
            likelihood = _of_order(log_prob, choice)
    return reduce(-likelihood, reduction)


def sample_order(
    log_prob: Tensor, *, temperature: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Draw an order for each row, likelier ones more often.

    Args:
        log_prob: (batch, orders), as for `order_search`.
        temperature: above 0; the probabilities are softmax(log_prob / temperature).
        generator: of the device of ``log_prob``.

    Returns:
        (batch,), int64, for ``choice``.

    Raises:
        ShapeError: ``log_prob`` is no matrix or has no order.
        DtypeError: ``log_prob`` is not floating.
        InvalidInputError: the batch is empty, a value is NaN or infinite, or ``temperature`` not above 0.

    Example:
        >>> import torch
        >>> sample_order(torch.tensor([[0.0, -200.0], [-200.0, 0.0]]))
        tensor([0, 1])
    """
    _check_orders(log_prob)
    check_positive("temperature", temperature)
    log_prob = log_prob.detach().double()
    probability = ((log_prob - log_prob.amax(1, keepdim=True)) / temperature).softmax(1)
    return probability.multinomial(1, generator=generator).squeeze(1)


def _check_orders(log_prob: Tensor) -> int:
    """The number of orders; raise unless rows and orders are there, and finite."""
    check_floating("log_prob", log_prob)
    check_ndim("log_prob", log_prob, "batch orders")
    if log_prob.shape[1] == 0:
        raise ShapeError(f"log_prob: got shape {tuple(log_prob.shape)}; wanted at least one order")
    if log_prob.shape[0] == 0:
        raise InvalidInputError("log_prob: got an empty batch; wanted at least one row")
    check_finite("log_prob", log_prob)
    return log_prob.shape[1]


def _of_order(log_prob: Tensor, order: Tensor) -> Tensor:
    return log_prob.gather(1, order.long().unsqueeze(1)).squeeze(1)


OrderSearch = loss_module(order_search)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four sets, each in six orders."""
    return {"log_prob": -4 * torch.rand(4, 6, generator=generator)}


def likeliest_order(log_prob: np.ndarray, **_: Any) -> dict[str, Any]:
    """The event that the set comes in its likeliest order, and its probability."""
    return {"y_true": np.ones(len(log_prob)), "y_proba": np.exp(log_prob.max(1)), "labels": np.array([0, 1])}


def _sharpened(example: dict[str, Any], power: Tensor) -> dict[str, Any]:
    return {"log_prob": (power * example["log_prob"]).log_softmax(1)}


LOSS = LossSpec(
    function=order_search,
    module=OrderSearch,
    paper=Paper(
        title="Order Matters: Sequence to Sequence for Sets",
        authors="Vinyals, Bengio and Kudlur",
        venue="ICLR",
        year=2016,
        url="https://arxiv.org/abs/1511.06391",
        equation="section 5",
    ),
    differentiable=("log_prob",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="log_loss", adapt=likeliest_order),),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE, Property.REJECTS_EMPTY_BATCH}
    ),
    # Against the gradient the probabilities would exceed 1.
    picture=Picture(inputs=_sharpened, low=0.1, high=4.0, words="power of the probabilities of the orders"),
)
