"""Causal residual: an equation in time is learned from the start on, each moment once the earlier ones fit.

A network that fits all times at once can satisfy the equation late while it is wrong early, and then never
recovers. Here the weight of each moment falls with the loss of all moments before it. `CausalSchedule` raises
the sharpness of that rule as training goes on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, final

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision
from lossary.authoring.validation import (
    check_between,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_non_negative,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor, nn
from torch.nn import functional


class CausalResidualTerms(NamedTuple):
    """The causal loss and the weights that made it.

    Attributes:
        loss: the scalar to minimise.
        weights: one weight per moment, detached.
    """

    loss: Float[Tensor, ""]
    weights: Float[Tensor, "times"]


def causal_residual(
    residual: Float[Tensor, "points *rest"],
    time: Float[Tensor, "points"] | None = None,
    initial_loss: Float[Tensor, ""] | None = None,
    *,
    epsilon: float = 1.0,
    initial_weight: float = 1.0,
    initial_in_weights: bool = True,
    num_chunks: int | None = None,
) -> Float[Tensor, ""]:
    r"""Squared residual of an equation in time, each moment weighted by how well the earlier ones fit.

    .. math::
        L = \frac{1}{T} \sum_{i=1}^{T} w_i L_i + L_0, \qquad
        w_i = \exp \Big( -\epsilon \sum_{k=0}^{i-1} L_k \Big)

    L_i is the mean squared residual at moment i, and L_0 the misfit of the initial data. The weights are
    constants for the gradient.

    Args:
        residual: left side minus right side of the equation. Without ``time``, axis 0 is the grid of
            increasing times, and the other axes are space or components.
        time: the time of each point (each entry of axis 0) when the points are scattered; they are sorted and
            cut into ``num_chunks`` moments of near-equal size.
        initial_loss: misfit of the initial and boundary data, a scalar of 0 or above; None is 0.
        epsilon: sharpness of the weights; 0 weighs all moments alike.
        initial_weight: factor of ``initial_loss`` in L_0.
        initial_in_weights: False leaves L_0 out of the weights.
        num_chunks: number of moments for scattered points; needed with ``time`` and only then.

    Returns:
        A scalar. `causal_residual_terms` returns the weights as well.

    Raises:
        ShapeError: ``residual`` has no point; ``time`` is not one value per point; ``initial_loss`` is no
            scalar.
        DtypeError: a tensor is not floating; ``num_chunks`` is no int.
        InvalidInputError: a value is NaN or infinite; ``epsilon``, ``initial_weight`` or ``initial_loss`` is
            negative; ``time`` and ``num_chunks`` do not come together; there are more chunks than points.

    Differs from the paper: the misfit of the initial data is the first loss of the sum in the weights, as in
        the paper's algorithm; some of the authors' examples leave it out (``initial_in_weights=False``).
        Scattered points are an addition.

    Source: Wang, Sankaran and Perdikaris, Respecting causality is all you need for training physics-informed
        neural networks, arXiv 2022, section 3.

    Example:
        >>> import torch
        >>> residual = torch.tensor([[1.0], [2.0]])  # two moments: losses 1 and 4, weights 1 and exp(-1)
        >>> causal_residual(residual)  # (1 + 4 exp(-1)) / 2
        tensor(1.2358)
    """
    return causal_residual_terms(
        residual,
        time,
        initial_loss,
        epsilon=epsilon,
        initial_weight=initial_weight,
        initial_in_weights=initial_in_weights,
        num_chunks=num_chunks,
    ).loss


@full_precision
def causal_residual_terms(
    residual: Float[Tensor, "points *rest"],
    time: Float[Tensor, "points"] | None = None,
    initial_loss: Float[Tensor, ""] | None = None,
    *,
    epsilon: float = 1.0,
    initial_weight: float = 1.0,
    initial_in_weights: bool = True,
    num_chunks: int | None = None,
) -> CausalResidualTerms:
    """Give the loss of `causal_residual`, whose arguments and errors it shares, with its weights."""
    check_floating("residual", residual)
    if residual.ndim == 0 or residual.numel() == 0:
        raise ShapeError(
            f"residual: got shape {tuple(residual.shape)}; wanted (points, ...) with a value at least"
        )
    check_finite("residual", residual)
    check_non_negative("initial_weight", initial_weight)

    time_loss = residual.square().unsqueeze(-1).flatten(1).mean(1)  # one value per entry of axis 0
    if time is not None:
        chunks = _checked_chunks(time, num_chunks, residual.shape[0])
        ordered = time_loss.gather(0, time.detach().argsort(stable=True))
        time_loss = torch.stack([chunk.mean() for chunk in ordered.tensor_split(chunks)])
    elif num_chunks is not None:
        raise InvalidInputError(f"num_chunks: got {num_chunks} without time; wanted both or neither")

    start = time_loss.new_zeros(())
    if initial_loss is not None:
        _check_initial_loss(initial_loss)
        start = initial_weight * initial_loss.to(time_loss.dtype)
    weights = causal_weights(time_loss, epsilon=epsilon, initial_loss=start if initial_in_weights else None)
    # Squares that overflow are infinite; where the weight is 0 they count nothing, not 0 times infinity.
    weighted = torch.where(weights == 0, 0.0, weights * time_loss)
    return CausalResidualTerms(weighted.mean() + start, weights)


@full_precision
def causal_weights(
    time_loss: Float[Tensor, "times"], *, epsilon: float, initial_loss: Float[Tensor, ""] | None = None
) -> Float[Tensor, "times"]:
    """Weigh each moment by how well all moments before it fit.

    Args:
        time_loss: the loss of each moment, in the order of time, 0 or above.
        epsilon: sharpness; 0 weighs all moments alike.
        initial_loss: misfit of the initial data with its factor, which counts as the first loss; None is 0.

    Returns:
        exp(-epsilon * sum of the earlier losses) for each moment, without a graph.

    Raises:
        ShapeError: ``time_loss`` is not one value per moment, or ``initial_loss`` no scalar.
        DtypeError: a tensor is not floating.
        InvalidInputError: a loss is NaN; ``epsilon`` or ``initial_loss`` is negative.

    Example:
        >>> import torch
        >>> causal_weights(torch.tensor([1.0, 2.0, 3.0]), epsilon=0.5)  # exp of 0, -0.5 and -1.5
        tensor([1.0000, 0.6065, 0.2231])
    """
    check_floating("time_loss", time_loss)
    check_ndim("time_loss", time_loss, "times")
    check_non_negative("epsilon", epsilon)
    time_loss = time_loss.detach()
    if checks_values(time_loss) and not bool((time_loss >= 0).all()):
        raise InvalidInputError("time_loss: got values that are negative or NaN; wanted losses of 0 or above")
    # Shifted by one moment; the sum minus the own loss would lose what is small beside a large own loss.
    earlier = functional.pad(time_loss.cumsum(0), (1, 0))[: time_loss.shape[0]]
    if initial_loss is not None:
        _check_initial_loss(initial_loss)
        earlier = earlier + initial_loss.detach()
    # Clamped, because epsilon = 0 times an overflown sum is no number.
    return torch.exp(-epsilon * earlier.clamp(max=torch.finfo(earlier.dtype).max))


def causal_converged(weights: Float[Tensor, "times"], *, threshold: float = 0.99) -> bool:
    """Whether every moment has come to count, the stopping rule of causal training.

    Args:
        weights: the weights of `causal_residual_terms`, or the module's ``.weights``.
        threshold: what the smallest weight must exceed.

    Returns:
        True when the smallest weight is above ``threshold``.

    Raises:
        ShapeError: ``weights`` is not one value per moment.
        DtypeError: ``weights`` is not floating.
        InvalidInputError: ``threshold`` is not between 0 and 1.

    Example:
        >>> import torch
        >>> causal_converged(torch.tensor([1.0, 0.999, 0.98]))
        False
    """
    check_floating("weights", weights)
    check_ndim("weights", weights, "times")
    if weights.numel() == 0:
        raise ShapeError(f"weights: got shape {tuple(weights.shape)}; wanted a weight at least")
    check_between("threshold", threshold, 0.0, 1.0)
    return bool(weights.min() > threshold)


class CausalSchedule:
    """Sharpness of the causal weights over training: move to the next once all moments count at this one.

    Args:
        epsilons: the values of ``epsilon`` in order; the paper raises it tenfold at a time.
        threshold: as in `causal_converged`.

    Attributes:
        epsilon: the value to use now.
        finished: whether training has converged at the last value.

    Raises:
        InvalidInputError: there is no value, a value is negative, or ``threshold`` is not between 0 and 1.

    Example:
        >>> import torch
        >>> schedule = CausalSchedule((0.1, 1.0))
        >>> schedule.step(torch.tensor([1.0, 0.5])), schedule.epsilon
        (False, 0.1)
        >>> schedule.step(torch.tensor([1.0, 0.995])), schedule.epsilon
        (True, 1.0)
    """

    def __init__(
        self, epsilons: Sequence[float] = (1e-2, 1e-1, 1.0, 10.0, 100.0), threshold: float = 0.99
    ) -> None:
        if len(epsilons) == 0:
            raise InvalidInputError("epsilons: got no value; wanted one at least")
        for epsilon in epsilons:
            check_non_negative("epsilons", epsilon)
        check_between("threshold", threshold, 0.0, 1.0)
        self._epsilons = tuple(epsilons)
        self._threshold = threshold
        self._stage = 0
        self.finished = False

    @property
    def epsilon(self) -> float:
        """The sharpness to use now."""
        return self._epsilons[self._stage]

    def step(self, weights: Float[Tensor, "times"]) -> bool:
        """Look at the weights of an iteration.

        Args:
            weights: the weights of `causal_residual_terms`, or the module's ``.weights``.

        Returns:
            True when ``epsilon`` moved on to the next value.

        Raises:
            LossaryError: as `causal_converged` says.
        """
        if not causal_converged(weights, threshold=self._threshold):
            return False
        if self._stage + 1 == len(self._epsilons):
            self.finished = True
            return False
        self._stage += 1
        return True

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands, for a checkpoint."""
        return {"stage": self._stage, "finished": self.finished}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a checkpoint of a schedule with the same ``epsilons``.

        Args:
            state: what `state_dict` returned.

        Raises:
            InvalidInputError: ``state`` is not what `state_dict` returned, or this schedule has fewer
                values than its stage.
        """
        if not {"stage", "finished"} <= state.keys():
            raise InvalidInputError(
                f"state: got {', '.join(map(repr, state)) or 'nothing'}; wanted what state_dict returned"
            )
        if not 0 <= state["stage"] < len(self._epsilons):
            raise InvalidInputError(
                f"state: got stage {state['stage']}; wanted 0 to {len(self._epsilons) - 1}, as epsilons"
            )
        self._stage = state["stage"]
        self.finished = state["finished"]


@final
class CausalResidual(nn.Module):
    """Module of `causal_residual`, which see; ``.weights`` keeps the weights of the last call.

    Options are attributes, so a schedule may set ``epsilon`` between calls.
    """

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        initial_weight: float = 1.0,
        initial_in_weights: bool = True,
        num_chunks: int | None = None,
    ) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.initial_weight = initial_weight
        self.initial_in_weights = initial_in_weights
        self.num_chunks = num_chunks
        self.weights: Tensor | None = None

    def forward(
        self,
        residual: Float[Tensor, "points *rest"],
        time: Float[Tensor, "points"] | None = None,
        initial_loss: Float[Tensor, ""] | None = None,
    ) -> Float[Tensor, ""]:
        """Give the loss, and keep its weights."""
        loss, self.weights = causal_residual_terms(residual, time, initial_loss, **self._options())
        return loss

    def extra_repr(self) -> str:
        """Options, as in the constructor."""
        return ", ".join(f"{name}={value!r}" for name, value in self._options().items())

    def _options(self) -> dict[str, Any]:
        return {
            "epsilon": self.epsilon,
            "initial_weight": self.initial_weight,
            "initial_in_weights": self.initial_in_weights,
            "num_chunks": self.num_chunks,
        }


def _checked_chunks(time: Tensor, num_chunks: int | None, points: int) -> int:
    check_floating("time", time)
    check_shape("time", time, (points,), like="axis 0 of residual")
    check_finite("time", time)
    if num_chunks is None:
        raise InvalidInputError(
            "num_chunks: got None with time; wanted the number of moments to cut the points into"
        )
    check_int("num_chunks", num_chunks)
    if not 1 <= num_chunks <= points:
        raise InvalidInputError(f"num_chunks: got {num_chunks}; wanted 1 to {points}, the number of points")
    return num_chunks


def _check_initial_loss(initial_loss: Tensor) -> None:
    check_floating("initial_loss", initial_loss)
    if initial_loss.ndim != 0:
        raise ShapeError(f"initial_loss: got shape {tuple(initial_loss.shape)}; wanted a scalar, ()")
    check_finite("initial_loss", initial_loss)
    if checks_values(initial_loss) and bool(initial_loss < 0):
        raise InvalidInputError(f"initial_loss: got {initial_loss.item():g}; wanted 0 or above")


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Residuals on a grid of five times and four places, and the misfit of the initial data."""
    return {
        "residual": torch.randn(5, 4, generator=generator),
        "initial_loss": torch.rand((), generator=generator),
    }


LOSS = LossSpec(
    function=causal_residual,
    module=CausalResidual,
    paper=Paper(
        title="Respecting causality is all you need for training physics-informed neural networks",
        authors="Wang, Sankaran and Perdikaris",
        venue="arXiv",
        year=2022,
        url="https://arxiv.org/abs/2203.07404",
        equation="section 3",
    ),
    differentiable=("residual", "initial_loss"),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is the error against the solution of the equation, which is no input",
    properties=frozenset({Property.NON_NEGATIVE, Property.REJECTS_EMPTY_BATCH}),
    aliases=("causal_pinn",),
    exceptions={
        "gradcheck": "the weights are constants for the gradient by definition; finite differences move them"
    },
)
