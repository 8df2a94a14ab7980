"""Dynamic bad pair mining: weigh down positive pairs whose loss has been suspiciously low, or high.

In contrastive learning a pair that was easy all along is likely noise that both views share, and one that was
hard all along likely no pair.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError


class PairWeights(NamedTuple):
    """What each pair counts.

    Attributes:
        weight: to multiply the loss of the pair with; 1 unless it is flagged.
        noisy: True where the past losses are suspiciously low.
        faulty: True where they are suspiciously high.
    """

    weight: Float[Tensor, "pairs"]
    noisy: Bool[Tensor, "pairs"]
    faulty: Bool[Tensor, "pairs"]


@full_precision
def dynamic_bad_pair_weights(
    history: Float[Tensor, "epochs pairs"],
    loss: Float[Tensor, "pairs"],
    *,
    total_epochs: int,
    noisy_threshold: float = 2.0,
    faulty_threshold: float = 2.0,
    bounded: bool = False,
) -> PairWeights:
    r"""Weights of positive pairs from the losses of earlier epochs.

    .. math::
        m_n = \frac{1}{E} \sum_{e=1}^{E} \frac{e}{T} \ell_{e, n}, \qquad
        w_n = \mathcal{N}(\ell_n; \mu, \sigma^2) \text{ if } m_n \le \mu - a \sigma
        \text{ or } m_n \ge \mu + b \sigma, \text{ else } 1

    Here mu and sigma are the mean and the population standard deviation of m over the pairs. Train with the
    mean of weight times loss. The density exceeds 1 where sigma is below 0.4, so that it may raise the weight
    of a flagged pair, and it compares the loss with a mean of discounted ones: ``bounded`` does not.

    Args:
        history: the loss of each pair in each epoch so far; NaN where it was not recorded.
        loss: that of now.
        total_epochs: T, how long training will last.
        noisy_threshold: a, 0 or above; the authors take 2.
        faulty_threshold: b, 0 or above; the authors take 2, or 3 for electrocardiograms.
        bounded: leave out the factor of the density, which makes its largest value 1.

    Returns:
        Weights and flags, without a graph. Before the first epoch, where all m are alike up to rounding, and
        of pairs that were never recorded, the weight is 1.

    Raises:
        ShapeError: ``history`` is not a matrix, or ``loss`` does not fit it.
        DtypeError: a tensor is not floating, or ``total_epochs`` no int.
        InvalidInputError: ``loss`` is NaN or infinite, ``history`` infinite; ``total_epochs`` is not above 0;
            a threshold is negative.

    Differs from the official code: nobody is flagged where all m are alike, where it flags everyone and
        divides by 0; NaN in the history; ``bounded``.

    Source: Lan, Yan, Hong and Feng, Towards Enhancing Time Series Contrastive Learning: A Dynamic Bad Pair
        Mining Approach, ICLR 2024.

    Example:
        >>> import torch
        >>> history = torch.tensor([[1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 5.0]])
        >>> dynamic_bad_pair_weights(history, history[0], total_epochs=1).faulty[-3:]
        tensor([False, False,  True])
    """
    check_floating("history", history)
    check_ndim("history", history, "epochs pairs")
    check_floating("loss", loss)
    check_shape("loss", loss, (history.shape[1],), like="the pairs of history")
    check_finite("loss", loss)
    if checks_values(history) and bool(history.isinf().any()):
        raise InvalidInputError("history: got infinite values; wanted finite ones, or NaN")
    check_int("total_epochs", total_epochs)
    check_positive("total_epochs", total_epochs)
    recorded = ~history.isnan()
    epochs = torch.arange(1, history.shape[0] + 1, dtype=history.dtype, device=history.device)
    discounted = (epochs / total_epochs).unsqueeze(1) * history.detach().where(recorded, 0.0)
    statistics = _statistics(discounted.sum(0), recorded.sum(0))
    return _weights(statistics, loss.detach(), noisy_threshold, faulty_threshold, bounded=bounded)


class DynamicBadPairMining(nn.Module):
    """Keeps the discounted sum of losses of each pair of a dataset, and weighs pairs by them.

    The weights of an epoch are those of `dynamic_bad_pair_weights` over the whole dataset, from the epochs
    before it. A call with a later epoch than before begins that epoch.

    Args:
        num_samples: how many pairs the dataset has.
        total_epochs: how long training will last.
        warmup_epochs: in the first so many epochs all weights are 1.
        noisy_threshold: as in `dynamic_bad_pair_weights`.
        faulty_threshold: as in `dynamic_bad_pair_weights`.
        bounded: as in `dynamic_bad_pair_weights`.

    Attributes:
        discounted: sum of the losses of each pair, each times its epoch's share of all epochs.
        count: how many losses of it were recorded.
        past: their ratio when the epoch began; NaN for a pair without a loss.
        center: mean of ``past``.
        deviation: its population standard deviation.
        epoch: the running one.

    Raises:
        DtypeError: a count is no int.
        InvalidInputError: ``num_samples`` or ``total_epochs`` is not above 0; ``warmup_epochs`` or a
            threshold is negative.

    Example:
        >>> import torch
        >>> mining = DynamicBadPairMining(7, total_epochs=2, warmup_epochs=1)
        >>> loss, index = torch.tensor([1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 5.0]), torch.arange(7)
        >>> bool((mining(loss, index, 0) == 1).all())
        True
        >>> (mining(loss, index, 1) < 1).nonzero().squeeze(1)
        tensor([6])
    """

    discounted: Tensor
    count: Tensor
    past: Tensor
    center: Tensor
    deviation: Tensor
    epoch: Tensor

    def __init__(
        self,
        num_samples: int,
        total_epochs: int,
        warmup_epochs: int = 50,
        *,
        noisy_threshold: float = 2.0,
        faulty_threshold: float = 2.0,
        bounded: bool = False,
    ) -> None:
        super().__init__()
        for name, value in (("num_samples", num_samples), ("total_epochs", total_epochs)):
            check_int(name, value)
            check_positive(name, value)
        check_int("warmup_epochs", warmup_epochs)
        check_non_negative("warmup_epochs", warmup_epochs)
        check_non_negative("noisy_threshold", noisy_threshold)
        check_non_negative("faulty_threshold", faulty_threshold)
        self.total_epochs, self.warmup_epochs = total_epochs, warmup_epochs
        self.noisy_threshold, self.faulty_threshold = noisy_threshold, faulty_threshold
        self.bounded = bounded
        self.register_buffer("discounted", torch.zeros(num_samples))
        self.register_buffer("count", torch.zeros(num_samples, dtype=torch.int64))
        self.register_buffer("past", torch.full((num_samples,), math.nan))
        self.register_buffer("center", torch.zeros(()))
        self.register_buffer("deviation", torch.zeros(()))
        self.register_buffer("epoch", torch.zeros((), dtype=torch.int64))

    @full_precision
    @torch.no_grad()
    def forward(
        self, loss: Float[Tensor, "batch"], index: Integer[Tensor, "batch"], epoch: int
    ) -> Float[Tensor, "batch"]:
        """The weights of pairs, whose losses are then recorded in training mode.

        Args:
            loss: of each pair of the batch, now.
            index: which pairs of the dataset they are.
            epoch: the running one, from 0.

        Returns:
            One weight per pair, without a graph.

        Raises:
            ShapeError: ``loss`` is not (batch,), or ``index`` has another length.
            DtypeError: ``loss`` is not floating, ``index`` not integer, or ``epoch`` no int.
            InvalidInputError: a loss is NaN or infinite; an index is no pair; ``epoch`` is earlier than
                before.
        """
        check_floating("loss", loss)
        check_ndim("loss", loss, "batch")
        check_finite("loss", loss)
        check_shape("index", index, tuple(loss.shape), like="loss")
        check_class_index("index", index, self.count.shape[0])
        check_int("epoch", epoch)
        if epoch < int(self.epoch):
            raise InvalidInputError(f"epoch: got {epoch}; wanted {int(self.epoch)} or a later one")
        if epoch > int(self.epoch):
            self.epoch.fill_(epoch)
            for buffer, value in zip(
                (self.past, self.center, self.deviation),
                _statistics(self.discounted, self.count),
                strict=True,
            ):
                buffer.copy_(value)
        index = index.long()
        statistics = _Statistics(self.past[index], self.center, self.deviation)
        found = _weights(statistics, loss, self.noisy_threshold, self.faulty_threshold, bounded=self.bounded)
        if self.training:
            share = (epoch + 1) / self.total_epochs
            self.discounted.index_add_(0, index, (share * loss).to(self.discounted.dtype))
            self.count.index_add_(0, index, torch.ones_like(index))
        return found.weight if epoch >= self.warmup_epochs else torch.ones_like(loss)


class _Statistics(NamedTuple):
    past: Tensor
    center: Tensor
    deviation: Tensor


def _statistics(discounted: Tensor, count: Tensor) -> _Statistics:
    known = count > 0
    past = (discounted / count.clamp(min=1)).where(known, 0.0)
    num_known = known.sum().clamp(min=1)
    center = past.sum() / num_known
    deviation = ((past - center).square().where(known, 0.0).sum() / num_known).sqrt()
    return _Statistics(past.where(known, math.nan), center, deviation)


def _weights(
    statistics: _Statistics, loss: Tensor, noisy_threshold: float, faulty_threshold: float, *, bounded: bool
) -> PairWeights:
    check_non_negative("noisy_threshold", noisy_threshold)
    check_non_negative("faulty_threshold", faulty_threshold)
    past, center, deviation = statistics
    differ = deviation > 64 * torch.finfo(deviation.dtype).eps * center.abs()
    noisy = differ & (past <= center - noisy_threshold * deviation)  # not where it is NaN
    faulty = differ & (past >= center + faulty_threshold * deviation)
    deviation = deviation.where(differ, 1.0).to(loss.dtype)
    density = torch.exp(-((loss - center.to(loss.dtype)) / deviation).square() / 2)
    if not bounded:
        density = density / (deviation * math.sqrt(2 * math.pi))
    return PairWeights(density.where(noisy | faulty, 1.0), noisy, faulty)
