"""Aggregate response: learn from the mean response of bags of samples, where the single responses are hidden.

A bag may be held to its mean alone, or each of its samples to the mean of the bag, which pulls the samples of
a bag together; one weight goes from the one to the other.
"""

from typing import Any, Literal, get_args

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn import functional

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_int,
    check_integer,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
    check_unit_interval,
    checks_values,
)
from lossary.errors import InvalidInputError

Pointwise = Literal["square", "logistic"]


def bag_mean(
    values: Float[Tensor, "batch"], bag: Integer[Tensor, "batch"], num_bags: int
) -> Float[Tensor, "bags"]:
    """The mean of the values of each bag.

    Args:
        values: one per sample.
        bag: the bag of each sample, from 0 to ``num_bags`` - 1; none may stay empty.
        num_bags: 0 or above.

    Raises:
        ShapeError: ``values`` is not (batch,), or ``bag`` has another shape.
        DtypeError: ``values`` is not floating, ``bag`` not integer, or ``num_bags`` no int.
        InvalidInputError: a value is NaN or infinite, a bag is out of range, or one is empty.

    Example:
        >>> import torch
        >>> bag_mean(torch.tensor([1.0, 3.0, 7.0]), torch.tensor([0, 0, 1]), 2)
        tensor([2., 7.])
    """
    check_floating("values", values)
    check_ndim("values", values, "batch")
    check_finite("values", values)
    bag, size = _bags(values, bag, num_bags)
    return _sums(values, bag, num_bags) / size


def private_bag_response(
    response: Float[Tensor, "batch"],
    bag: Integer[Tensor, "batch"],
    num_bags: int,
    *,
    clip: float,
    epsilon: float,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "bags"]:
    """Means of bags under label differential privacy: clipped responses, and Laplace noise on their mean.

    Args:
        response: one per sample.
        bag: the bag of each sample, as for `bag_mean`.
        num_bags: 0 or above.
        clip: c, above 0; responses are cut to [-c, c], so that one of n moves a mean by 2 c / n at most.
        epsilon: the privacy budget, above 0; the scale of the noise is 2 c / (n epsilon).
        generator: where the noise comes from; None takes torch's own.

    Raises:
        ShapeError, DtypeError: as for `bag_mean`.
        InvalidInputError: as there; ``clip`` or ``epsilon`` is not above 0.

    Source: Javanmard, Chen, Mirrokni, Badanidiyuru and Fu, Learning from Aggregate Responses: Instance Level
        versus Bag Level Loss Functions, ICLR 2024.

    Example:
        >>> import torch
        >>> response, bag = torch.tensor([9.0, 1.0, 3.0]), torch.tensor([0, 0, 1])
        >>> private_bag_response(response, bag, 2, clip=5.0, epsilon=1e9).round(decimals=3)
        tensor([3., 3.])
    """
    check_positive("clip", clip)
    check_positive("epsilon", epsilon)
    check_floating("response", response)
    means = bag_mean(response.clamp(-clip, clip), bag, num_bags)
    _, size = _bags(response, bag, num_bags)
    draws = torch.empty(2, *means.shape, dtype=means.dtype, device=means.device)
    draws.exponential_(generator=generator)
    laplace = draws[0] - draws[1]
    return means + 2 * clip / epsilon * laplace / size


@full_precision
def aggregate_response(
    prediction: Float[Tensor, "batch"],
    bag: Integer[Tensor, "batch"],
    bag_response: Float[Tensor, "bags"],
    *,
    instance_weight: float = 0.0,
    loss: Pointwise = "square",
) -> Float[Tensor, ""]:
    r"""Loss of the mean prediction of each bag, mixed with the mean loss of its single predictions.

    .. math::
        L = \frac{1}{B} \sum_b \Big[ (1 - \rho) \, \ell \Big( \bar y_b, \frac{1}{n_b} \sum_{i \in b} f_i \Big)
            + \rho \, \frac{1}{n_b} \sum_{i \in b} \ell(\bar y_b, f_i) \Big]

    With the square the second term is the first plus the variance of the predictions within the bag.

    Args:
        prediction: f, one per sample; logits with "logistic".
        bag: the bag of each sample, from 0 to the number of bags - 1; none may stay empty.
        bag_response: the mean of the hidden responses of each bag, in [0, 1] with "logistic"; it receives no
            gradient.
        instance_weight: rho, from 0, the unbiased loss of bags, to 1, that of single predictions.
        loss: l. "square", or "logistic": the cross-entropy of the mean response against the probability, of
            a bag the mean probability.

    Returns:
        A scalar, the mean over the bags. Without a bag it is 0.

    Raises:
        ShapeError: ``prediction`` or ``bag_response`` has not one axis, or ``bag`` another shape.
        DtypeError: ``prediction`` or ``bag_response`` is not floating, or ``bag`` not integer.
        InvalidInputError: a value is NaN or infinite; a bag is out of range or empty; a response is outside
            [0, 1] with "logistic"; ``instance_weight`` is outside [0, 1]; ``loss`` is unknown.

    Differs from the paper: bags of unequal size and the logistic form are ours.

    Source: Javanmard, Chen, Mirrokni, Badanidiyuru and Fu, Learning from Aggregate Responses: Instance Level
        versus Bag Level Loss Functions, ICLR 2024.

    Example:
        >>> import torch
        >>> prediction, bag = torch.tensor([1.0, 3.0]), torch.tensor([0, 0])
        >>> response = torch.tensor([4.0])
        >>> aggregate_response(prediction, bag, response)  # (4 - 2)^2
        tensor(4.)
        >>> aggregate_response(prediction, bag, response, instance_weight=1.0)  # and a variance of 1
        tensor(5.)
    """
    check_choice("loss", loss, get_args(Pointwise))
    check_non_negative("instance_weight", instance_weight)
    if instance_weight > 1:
        raise InvalidInputError(f"instance_weight: got {instance_weight!r}; wanted a number from 0 to 1")
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "batch")
    check_floating("bag_response", bag_response)
    check_ndim("bag_response", bag_response, "bags")
    check_finite("prediction", prediction)
    check_finite("bag_response", bag_response)
    if loss == "logistic":
        check_unit_interval("bag_response", bag_response)
    num_bags = bag_response.shape[0]
    bag, size = _bags(prediction, bag, num_bags)
    response = bag_response.detach().to(prediction.dtype)

    if loss == "square":
        means = _sums(prediction, bag, num_bags) / size
        of_bags = (response - means).square()
        single = (response[bag] - prediction).square()
    else:
        positive, negative = functional.logsigmoid(prediction), functional.logsigmoid(-prediction)
        log_mean = _log_sums_of_exp(positive, bag, num_bags) - size.log()
        log_rest = _log_sums_of_exp(negative, bag, num_bags) - size.log()
        of_bags = -(response * log_mean + (1 - response) * log_rest)
        single = functional.softplus(prediction) - response[bag] * prediction
    if instance_weight == 0:
        return reduce(of_bags, "mean")
    of_samples = _sums(single, bag, num_bags) / size
    return reduce((1 - instance_weight) * of_bags + instance_weight * of_samples, "mean")


def _bags(values: Tensor, bag: Tensor, num_bags: int) -> tuple[Tensor, Tensor]:
    """The bag of each sample as int64, and the number of samples in each bag."""
    check_integer("bag", bag)
    check_shape("bag", bag, tuple(values.shape), like="the samples")
    check_int("num_bags", num_bags)
    check_non_negative("num_bags", num_bags)
    bag = bag.long()
    if checks_values(bag) and bool(((bag < 0) | (bag >= num_bags)).any()):
        wrong = bag[(bag < 0) | (bag >= num_bags)][0].item()
        raise InvalidInputError(f"bag: got bag {wrong}; wanted 0 to {num_bags - 1}")
    size = _sums(torch.ones_like(values), bag, num_bags)
    if checks_values(size) and bool((size == 0).any()):
        raise InvalidInputError(f"bag: bag {size.argmin().item()} is empty; wanted a sample at least in each")
    return bag, size


def _sums(values: Tensor, bag: Tensor, num_bags: int) -> Tensor:
    return values.new_zeros(num_bags).index_add(0, bag, values)


def _log_sums_of_exp(exponents: Tensor, bag: Tensor, num_bags: int) -> Tensor:
    """Logarithms of the sums of e^x over each bag, (bags,)."""
    lowest = exponents.new_full((num_bags,), -torch.inf)
    largest = lowest.scatter_reduce(0, bag, exponents.detach(), "amax")
    return largest + _sums((exponents - largest[bag]).exp(), bag, num_bags).log()


AggregateResponse = loss_module(aggregate_response)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight predictions in three bags."""
    return {
        "prediction": torch.randn(8, generator=generator),
        "bag": torch.tensor([0, 1, 2, 0, 1, 1, 2, 0]),
        "bag_response": torch.randn(3, generator=generator),
    }


LOSS = LossSpec(
    function=aggregate_response,
    module=AggregateResponse,
    paper=Paper(
        title="Learning from Aggregate Responses: Instance Level versus Bag Level Loss Functions",
        authors="Javanmard, Chen, Mirrokni, Badanidiyuru and Fu",
        venue="ICLR",
        year=2024,
        url="https://openreview.net/forum?id=E60SIDItyT",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "the responses of single samples are hidden; judge the model where they are known, by the mean "
        "squared error, or by log_loss with the logistic form"
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
