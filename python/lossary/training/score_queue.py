"""A queue of past scores: a mini-batch ranked against up to a million earlier samples, at its own cost.

A batch of 1,024 with one positive in a hundred has ten positives, and its pairs say little about the ranking
of the dataset. Scores change slowly, so those of the last batches stand in for the rest.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_binary,
    check_choice,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.ops.all_pairs import all_pairs
from lossary.ops.pair_rows import accumulator
from lossary.training.score_cells import ScoreCells

SMOOTH_SURROGATES = ("logistic", "sigmoid", "square", "exponential")


class ScoreQueue(nn.Module):
    r"""Surrogate of the ROC AUC between a mini-batch and the scores of the batches before it.

    .. math:: L = \frac{1}{|D|} \sum_{(i, j) \in D} \phi\Big(\frac{s_i - s_j}{T}\Big)

    D holds the pairs of a positive i and a negative j of which at least one is in the batch; the other may be
    remembered. Gradients reach the batch alone. In training mode the batch is remembered after the loss is
    taken, in place of the oldest samples; evaluation mode only reads.

    Among the pairs of one batch the gradients by all scores sum to 0. Against remembered scores they do not:
    where a batch has another share of positives than the queue, all of its scores are pushed to one side.
    With small batches, draw them stratified, or centre the scores of each.

    Remembered scores act through a few weighted points for each cell of half a temperature, to rounding
    (about 1e-14 of the loss and of the largest gradient), so a step costs O(batch + occupied cells). The
    points are updated as samples come and go, and made anew when the temperature changes or the queue has
    gone round, which costs O(size). Where they would outnumber the scores, as with a few scores or a
    temperature far below their spread, the scores act themselves, in O(size) a step. The ``state_dict`` holds
    the samples; the points follow from them.

    Args:
        size: how many samples to remember.
        dtype: in which scores are remembered.

    Attributes:
        scores: (size,) the remembered scores, a ring.
        positive: (size,) which of them are of positives.
        pushed: how many samples have come in so far.

    Raises:
        DtypeError: ``size`` is not an int, or ``dtype`` not floating.
        InvalidInputError: ``size`` is not above 0.

    Source: a memory of features for pairs beyond the batch: Wang, Zhang, Huang and Scott, Cross-Batch Memory
        for Embedding Learning, CVPR 2020; the pairwise loss as in `lossary.losses.auc.mann_whitney`. The
        summary by cells is ours.

    Example:
        >>> import torch
        >>> queue = ScoreQueue(1000)
        >>> queue(torch.tensor([0.0, -1.0]), torch.tensor([0, 0]))  # no positive yet
        tensor(0.)
        >>> # one positive at 0, against 0 and -1: (log 2 + log(1 + exp(-1))) / 2
        >>> queue(torch.tensor([0.0]), torch.tensor([1]))
        tensor(0.5032)
        >>> len(queue)
        3
    """

    scores: Tensor
    positive: Tensor
    pushed: Tensor

    def __init__(self, size: int, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        check_int("size", size)
        check_positive("size", size)
        scores = torch.zeros(size, dtype=dtype)
        check_floating("dtype", scores)
        self.register_buffer("scores", scores)
        self.register_buffer("positive", torch.zeros(size, dtype=torch.bool))
        self.register_buffer("pushed", torch.zeros((), dtype=torch.int64))
        self._forget_cells()

    def __len__(self) -> int:
        """How many samples are remembered."""
        return min(int(self.pushed), self.scores.numel())

    @full_precision
    def forward(
        self,
        score: Float[Tensor, "batch"],
        target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
        *,
        temperature: float = 1.0,
        surrogate: str = "logistic",
    ) -> Float[Tensor, ""]:
        """The mean over the pairs that have a sample of the batch; 0 with a graph when there is none.

        Args:
            score: larger means more likely positive.
            target: 0 or 1 (or bool), in the shape of ``score``.
            temperature: what differences of scores are divided by, above 0.
            surrogate: "logistic", "sigmoid", "square" (with margin 1) or "exponential".

        Raises:
            ShapeError: ``score`` is not (batch,), or ``target`` differs from it.
            DtypeError: ``score`` is not floating.
            InvalidInputError: ``score`` has NaN or infinite values, ``target`` values other than 0 and 1;
                ``temperature`` is not above 0; ``surrogate`` is none of the four, for example a hinge, whose
                kink no summary keeps.
        """
        check_floating("score", score)
        check_ndim("score", score, "batch")
        check_shape("target", target, tuple(score.shape), like="score")
        check_binary("target", target)
        check_finite("score", score)
        check_positive("temperature", temperature)
        check_choice("surrogate", surrogate, SMOOTH_SURROGATES)
        positive = target != 0
        wide = score.to(accumulator(score))
        options: dict[str, Any] = {"temperature": float(temperature), "surrogate": surrogate}
        self._summarize(float(temperature))
        num_positives, num_negatives = positive.sum(), (~positive).sum()
        total = all_pairs(wide, positive, **options) * (num_positives * num_negatives)
        num_pairs = num_positives * num_negatives
        for own, others_are_positive in ((positive, False), (~positive, True)):
            points, weight, count = self._points(wide, positive=others_are_positive)
            total = total + _sum_of_pairs(
                wide[own], points, weight, options, points_are_positive=others_are_positive
            )
            num_pairs = num_pairs + own.sum() * count
        if self.training:
            self._push(score.detach(), positive)
        return (total / num_pairs.clamp(min=1)).to(score.dtype)

    def extra_repr(self) -> str:
        """The options."""
        return f"size={self.scores.numel()}, dtype={self.scores.dtype}"

    def _forget_cells(self) -> None:
        self._cells: ScoreCells | None = None
        self._temperature = 0.0  # of the last attempt at a summary
        self._pushed_since = 0

    def _summarize(self, temperature: float) -> None:
        """Make the summary anew where it is due: going round, it would gather the rounding of its updates."""
        if temperature == self._temperature and self._pushed_since < self.scores.numel():
            return
        self._temperature, self._pushed_since = temperature, 0
        self._cells = ScoreCells(temperature, self.scores)
        filled = len(self)
        self._update(self.scores[:filled], self.positive[:filled])

    def _update(self, score: Tensor, positive: Tensor, *, remove: bool = False) -> None:
        if self._cells is None:
            return
        if not self._cells.fits(score):
            self._cells = None
            return
        self._cells.add(score, positive, remove=remove)
        if self._cells.num_nodes > self.scores.numel():
            self._cells = None

    def _points(self, like: Tensor, *, positive: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Points and weights that stand for the remembered scores of a class, and how many these are."""
        filled = len(self)
        if self._cells is not None and self._cells.num_nodes < filled:
            return *self._cells.points(positive=positive), self._cells.count(positive=positive)
        points = self.scores[:filled][self.positive[:filled] == positive].to(like.dtype)
        weight = torch.ones_like(points)
        return points, weight, weight.sum()

    @torch.no_grad()
    def _push(self, score: Tensor, positive: Tensor) -> None:
        size, finite = self.scores.numel(), score.isfinite()
        score, positive = score[finite][-size:].to(self.scores.dtype), positive[finite][-size:]
        slots = (self.pushed + torch.arange(score.numel(), device=score.device)) % size
        leaving = slots[slots < len(self)]
        self._update(self.scores[leaving], self.positive[leaving], remove=True)
        self.scores[slots], self.positive[slots] = score, positive
        self._update(score, positive)
        self.pushed += score.numel()
        self._pushed_since += score.numel()

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self._forget_cells()

    def _apply(self, *arguments: Any, **options: Any) -> "ScoreQueue":
        super()._apply(*arguments, **options)  # type: ignore[no-untyped-call]
        self._forget_cells()  # the scores may have another dtype or device
        return self


def _sum_of_pairs(
    own: Tensor, points: Tensor, weight: Tensor, options: dict[str, Any], *, points_are_positive: bool
) -> Tensor:
    """The surrogate summed over the pairs of ``own`` scores and weighted points.

    The operator takes weights that are not negative: the points below 0 are summed apart, and subtracted.
    """
    total = own.new_zeros(())
    for sign in (1, -1):
        chosen = sign * weight > 0
        other, mass = points[chosen], sign * weight[chosen]
        ones = torch.ones_like(own)
        is_point = torch.cat([torch.zeros_like(own), torch.ones_like(other)]) > 0
        mean = all_pairs(
            torch.cat([own, other]),
            is_point == points_are_positive,
            weight=torch.cat([ones, mass]),
            **options,
        )
        total = total + sign * mean * own.numel() * mass.sum()
    return total
