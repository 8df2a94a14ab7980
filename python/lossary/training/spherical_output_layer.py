r"""An output layer for very many classes whose training step costs the same however many they are.

A loss of the spherical family has, as gradient of the logits, a multiple of all ones, a multiple of the
logits themselves, and one entry at the right class. Plain gradient descent therefore changes the matrix W of
class vectors by a factor on its right, a shift of all rows, and single rows. Kept as W = V U + 1 w^T, with
the mean and the scatter of its rows at hand, neither loss, gradient nor step touches the other rows.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from lossary.authoring import Reduction, reduce
from lossary.authoring.validation import (
    check_choice,
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.training._factored_rows import HiddenRows, joined, scatter_change, step_inverse
from lossary.training.spherical_sums import LogitSums, SphericalLoss, spherical_softmax_of_sums

_SMALL_STATE = ("mixing", "mixing_inverse", "shift", "center", "scatter")
_BLOCK = 1 << 13  # rows that are widened to float64 at a time
# Beyond it the rows of V leave the scale of those of W, and their rounding shows in the product.
_MOST_MIXING = 1e3


class SphericalOutputLayer(nn.Module):
    r"""Output layer and loss in one, exact, in O(batch * dim^2) a step whatever the number of classes.

    .. math:: o = W h, \qquad W = V U + 1 w^\top

    ``layer(hidden, target)`` is the loss; its ``backward()`` reaches ``hidden`` and is remembered, and
    ``layer.step(lr)`` is the step of ``torch.optim.SGD(lr)`` on W for all that was remembered since the last
    one: the same numbers, up to rounding. Momentum, Adam and their like would touch every row and have no
    such step; they are free for the rest of the model. The layer has no parameters, so that no optimiser
    takes hold of it. In evaluation mode nothing is remembered. For a bias, append a column of ones to
    ``hidden``.

    Only V has a row per class. U, its inverse, w, and the mean and the scatter of the rows of W are float64,
    whatever the dtype of V, so the layer needs a device that has it. Every ``fold_every`` steps, and when a
    step would leave U near-singular, W is written out into V and mean and scatter are taken from it, once in
    O(classes * dim^2).

    Args:
        embedding_dim: length of the hidden vectors.
        num_classes: how many classes there are, at least 2.
        loss: of the spherical family: `spherical_softmax_of_sums`, `taylor_softmax_of_sums`,
            `spherical_z_of_sums`, with options through ``functools.partial``, or one of your own.
        reduction: "mean" or "sum" over the batch, or "none".
        fold_every: how many steps rounding may gather in the small matrices.
        dtype: of V.
        device: of the layer.
        generator: of the first values of V, uniform within ±1 / sqrt(embedding_dim).

    Attributes:
        class_factors: V, (classes, dim).
        mixing: U, (dim, dim).
        mixing_inverse: its inverse.
        shift: w, (dim,).
        center: mean of the rows of W, (dim,).
        scatter: sum of the outer products of the rows of W about their mean, (dim, dim).
        steps: how many steps were taken.

    Raises:
        DtypeError: ``embedding_dim``, ``num_classes`` or ``fold_every`` is no int, or ``dtype`` not floating.
        InvalidInputError: ``embedding_dim`` or ``fold_every`` is below 1, ``num_classes`` below 2, or
            ``reduction`` none of the three.

    Differs from the paper: mean and scatter of the rows stand for their sum and Gram matrix, from which the
        spread of logits far from 0 would cancel; mini-batches and weight decay; W may have a shift.

    Source: Vincent, de Brebisson and Bouthillier, Efficient Exact Gradient Update for training Deep Networks
        with Very Large Sparse Targets, NeurIPS 2015, algorithm 1; losses as in
        `lossary.training.spherical_sums`.

    Example:
        >>> import torch
        >>> layer = SphericalOutputLayer(8, 100_000, generator=torch.Generator().manual_seed(0))
        >>> body = torch.nn.Linear(4, 8)
        >>> optimizer = torch.optim.Adam(body.parameters())
        >>> features, target = torch.eye(4), torch.tensor([7, 7, 99_999, 0])
        >>> losses = []
        >>> for _ in range(30):
        ...     loss = layer(body(features), target)
        ...     optimizer.zero_grad()
        ...     loss.backward()
        ...     optimizer.step()
        ...     layer.step(lr=10.0)
        ...     losses.append(loss.item())
        >>> losses[-1] < losses[0] / 2
        True
    """

    class_factors: Tensor
    mixing: Tensor
    mixing_inverse: Tensor
    shift: Tensor
    center: Tensor
    scatter: Tensor
    steps: Tensor

    def __init__(
        self,
        embedding_dim: int,
        num_classes: int,
        *,
        loss: SphericalLoss = spherical_softmax_of_sums,
        reduction: Reduction = "mean",
        fold_every: int = 1000,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("embedding_dim", embedding_dim), ("fold_every", fold_every)):
            check_int(name, value)
            check_positive(name, value)
        check_int("num_classes", num_classes)
        if num_classes < 2:
            raise InvalidInputError(f"num_classes: got {num_classes}; wanted at least 2")
        check_choice("reduction", reduction, ("mean", "sum", "none"))
        check_floating("dtype", torch.empty(0, dtype=dtype))
        self.loss, self.reduction, self.fold_every = loss, reduction, fold_every
        bound = embedding_dim**-0.5
        factors = torch.empty(num_classes, embedding_dim, dtype=dtype, device=device)
        self.register_buffer("class_factors", factors.uniform_(-bound, bound, generator=generator))
        small = torch.zeros(embedding_dim, dtype=torch.float64, device=device)
        for name in _SMALL_STATE:
            is_vector = name in ("shift", "center")
            self.register_buffer(name, small.clone() if is_vector else torch.diag(small))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64, device=device))
        self._forget()
        self._reset()
        self._summarize()

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(
        self, hidden: Float[Tensor, "batch dim"], target: Integer[Tensor, "batch"]
    ) -> Float[Tensor, "..."]:
        """The loss of the right classes of hidden vectors; 0 with a graph for an empty batch.

        Args:
            hidden: one row per item.
            target: the right class of each.

        Raises:
            ShapeError: ``hidden`` is not (batch, embedding_dim), or ``target`` has another length.
            DtypeError: ``hidden`` is not floating or ``target`` not integer.
            InvalidInputError: a value is NaN or infinite; a target is no class.
        """
        self._check_hidden(hidden)
        check_shape("target", target, (hidden.shape[0],), like="the rows of hidden")
        check_class_index("target", target, self.class_factors.shape[0])
        if torch.is_grad_enabled():
            # Backward has to come here to be remembered, even where hidden asks for no gradient.
            asks = torch.zeros((), dtype=hidden.dtype, device=hidden.device, requires_grad=self.training)
            values = _RowLosses.apply(hidden, asks, target.long(), self)
        else:
            values = self._sums_and_losses(hidden.double(), target.long())[0].to(hidden.dtype)
        return reduce(values, self.reduction)

    @torch.no_grad()
    def step(self, lr: float, *, weight_decay: float = 0.0) -> None:
        """Take the step of plain gradient descent for the backward passes since the last one.

        Without any it does nothing, as an optimiser where no gradient is. Under a ``GradScaler`` divide
        ``lr`` by its scale.

        Args:
            lr: the step size.
            weight_decay: times W it is added to the gradient of W, as in ``torch.optim.SGD``.

        Raises:
            DtypeError: ``lr`` or ``weight_decay`` is no number.
            InvalidInputError: one of them is negative, or their product 1 or more; a remembered gradient is
                NaN or infinite (``zero_grad`` forgets it).
        """
        check_non_negative("lr", lr)
        check_non_negative("weight_decay", weight_decay)
        keep = 1 - lr * weight_decay
        if keep <= 0:
            raise InvalidInputError(
                f"weight_decay: got {weight_decay!r} with lr={lr!r}; wanted a product of both below 1"
            )
        if not self._pending:
            return
        rows = joined(self._pending)
        if not bool(rows.slopes.isfinite().all()):
            raise InvalidInputError("backward: left a gradient that is NaN or infinite; wanted finite ones")
        self._pending.clear()
        self._version += 1
        self.steps += 1

        num_classes, hidden = self.class_factors.shape[0], rows.hidden
        by_mean, by_spread, by_target = rows.slopes
        by_spread = 2 * by_spread
        scales = lr * torch.stack([by_spread, by_target])
        both = (scales.unsqueeze(2) * hidden).flatten(0, 1)
        excess = (hidden @ self.shift).sub_(rows.mean).mul_(by_spread).add_(by_mean, alpha=1 / num_classes)
        self.shift.addmv_(hidden.T, excess, beta=keep, alpha=-lr)
        self.mixing.addmm_(self.mixing @ hidden.T, both[: len(hidden)], beta=keep, alpha=-1)
        mixed_push = step_inverse(self.mixing_inverse, hidden, both, keep)

        norm, norm_of_inverse = map(torch.linalg.vector_norm, (self.mixing, self.mixing_inverse))
        most = (_MOST_MIXING * hidden.shape[1]) ** 0.5
        if int(self.steps) % self.fold_every and bool(torch.maximum(norm, norm_of_inverse) <= most):
            change = scatter_change(rows, self.center, num_classes, both, keep)
            self.scatter.mul_(keep * keep).sub_(change).sub_(change.T)
            self.center.addmv_(hidden.T, by_mean + by_target, beta=keep, alpha=-lr / num_classes)
            self._step_rows(rows.target, mixed_push)
        else:  # here too where a norm is NaN
            self._fold()
            self._step_rows(rows.target, both[len(hidden) :])
            self._summarize()

    @torch.no_grad()
    def logits(self, hidden: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch classes"]:
        """The scores of all classes, to predict with; without a graph, in O(classes * dim) a row.

        Args:
            hidden: one row per item.

        Raises:
            ShapeError: ``hidden`` is not (batch, embedding_dim).
            DtypeError: ``hidden`` is not floating.
            InvalidInputError: a value is NaN or infinite.
        """
        self._check_hidden(hidden)
        wide = hidden.double()
        factors = self.class_factors
        scores = (wide @ self.mixing.T).to(factors.dtype) @ factors.T
        return (scores + (wide @ self.shift).to(factors.dtype).unsqueeze(1)).to(hidden.dtype)

    @torch.no_grad()
    def dense_weight(self) -> Float[Tensor, "classes dim"]:
        """W written out, as ``nn.Linear`` would hold it; in the dtype of V."""
        weight = torch.empty_like(self.class_factors)
        for into, block in zip(
            torch.split(weight, _BLOCK), torch.split(self.class_factors, _BLOCK), strict=True
        ):
            into.copy_(block.double() @ self.mixing + self.shift)
        return weight

    @torch.no_grad()
    def load_dense_weight(self, weight: Float[Tensor, "classes dim"]) -> None:
        """Start from class vectors, as of an ``nn.Linear``; what was remembered is forgotten.

        Args:
            weight: one row per class.

        Raises:
            ShapeError: ``weight`` is not (num_classes, embedding_dim).
            DtypeError: ``weight`` is not floating.
            InvalidInputError: a value is NaN or infinite.
        """
        check_floating("weight", weight)
        check_shape("weight", weight, tuple(self.class_factors.shape), like="the classes of the layer")
        check_finite("weight", weight)
        self._forget()
        self.class_factors.copy_(weight)
        self.shift.zero_()
        self._reset()
        self._summarize()

    def zero_grad(self, set_to_none: bool = True) -> None:  # noqa: FBT001, FBT002 - as nn.Module has it
        """Forget the backward passes since the last step."""
        super().zero_grad(set_to_none)
        self._pending.clear()

    def extra_repr(self) -> str:
        """The options."""
        num_classes, dim = self.class_factors.shape
        return f"{dim}, {num_classes}, reduction={self.reduction!r}, fold_every={self.fold_every}"

    def _check_hidden(self, hidden: Tensor) -> None:
        check_floating("hidden", hidden)
        check_ndim("hidden", hidden, "batch dim")
        if hidden.shape[1] != self.mixing.shape[0]:
            raise ShapeError(f"hidden: got {hidden.shape[1]} columns; wanted {self.mixing.shape[0]}")
        check_finite("hidden", hidden)

    def _sums_and_losses(self, hidden: Tensor, target: Tensor) -> tuple[Tensor, HiddenRows]:
        """The loss of each row, and its slopes where gradients are on."""
        scattered = hidden @ self.scatter
        spread = (scattered * hidden).sum(1)
        dim, eps = hidden.shape[1], torch.finfo(torch.float64).eps
        spread = spread.where(spread > dim * eps * self.scatter.trace() * hidden.square().sum(1), 0.0)
        class_vectors = torch.addmm(self.shift, self.class_factors[target].double(), self.mixing)
        sums = torch.stack([hidden @ self.center, spread, (class_vectors * hidden).sum(1)])
        known = sums.detach().requires_grad_(torch.is_grad_enabled())
        mean, spread, right = known
        losses = self.loss(LogitSums(mean, spread, right, self.class_factors.shape[0]))
        check_shape("loss", losses, tuple(target.shape), like="the rows of hidden")
        slopes = known
        if torch.is_grad_enabled():
            (slopes,) = torch.autograd.grad(losses.sum(), known, allow_unused=True, materialize_grads=True)
        return losses.detach(), HiddenRows(hidden, target, scattered, class_vectors, sums[0], slopes)

    def _step_rows(self, target: Tensor, push: Tensor) -> None:
        self.class_factors.index_add_(0, target, push.to(self.class_factors.dtype), alpha=-1)

    def _fold(self) -> None:
        """Write U out into V."""
        for block in torch.split(self.class_factors, _BLOCK):
            block.copy_(block.double() @ self.mixing)
        self._reset()

    def _reset(self) -> None:
        for matrix in (self.mixing, self.mixing_inverse):
            matrix.zero_().fill_diagonal_(1.0)

    def _summarize(self) -> None:
        """Take mean and scatter of the rows of W from V, into which it is written out."""
        num_classes = self.class_factors.shape[0]
        mean = self.class_factors.sum(0, dtype=torch.float64) / num_classes
        self.scatter.zero_()
        for block in torch.split(self.class_factors, _BLOCK):
            about_mean = block.double() - mean
            self.scatter.addmm_(about_mean.T, about_mean)
        self.center.copy_(mean + self.shift)

    def _forget(self) -> None:
        self._pending: list[HiddenRows] = []
        self._version = 0 if not hasattr(self, "_version") else self._version + 1

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self._forget()

    def _apply(self, *arguments: Any, **options: Any) -> "SphericalOutputLayer":
        super()._apply(*arguments, **options)  # type: ignore[no-untyped-call]
        self._forget()
        if self.mixing.dtype != torch.float64:  # the dtype asked for is that of V
            for name in _SMALL_STATE:
                setattr(self, name, getattr(self, name).double())
            self._fold()
            self._summarize()
        return self


class _RowLosses(torch.autograd.Function):
    """The losses of rows; what comes back to them is left with the layer for its step."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, asks: Tensor, target: Tensor, layer: SphericalOutputLayer
    ) -> Tensor:
        with torch.enable_grad():
            losses, ctx.rows = layer._sums_and_losses(hidden.detach().double(), target)
        ctx.layer, ctx.version = layer, layer._version
        ctx.remembered, ctx.dtype = asks.requires_grad, hidden.dtype
        return losses.to(hidden.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        layer, rows = ctx.layer, ctx.rows
        if layer._version != ctx.version:
            raise InvalidInputError(
                "backward: came after a change of the layer; wanted it before, or a new loss"
            )
        rows = rows._replace(slopes=rows.slopes * slope.double())
        if ctx.remembered:
            layer._pending.append(rows)
        if not ctx.needs_input_grad[0]:
            return None, None, None, None
        by_mean, by_spread, by_target = rows.slopes.unsqueeze(2)
        into_hidden = by_mean * layer.center
        into_hidden.addcmul_(by_spread, rows.scattered, value=2).addcmul_(by_target, rows.class_vectors)
        return into_hidden.to(ctx.dtype), None, None, None
