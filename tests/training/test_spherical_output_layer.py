"""The output layer against dense gradient descent: steps, batches, decay, state, rounding, errors."""

import copy
import math
import pickle
from functools import partial

import pytest
import torch
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses import spherical_softmax, spherical_z, taylor_softmax
from lossary.training.spherical_output_layer import SphericalOutputLayer
from lossary.training.spherical_sums import (
    spherical_softmax_of_sums,
    spherical_z_of_sums,
    taylor_softmax_of_sums,
)

DIM, CLASSES = 6, 40
LOSSES = {  # eps: near a logit of 0 the gradient would be so steep that rounding decides where it leads
    "softmax": (partial(spherical_softmax_of_sums, eps=1.0), partial(spherical_softmax, eps=1.0)),
    "taylor": (taylor_softmax_of_sums, taylor_softmax),
    "z": (partial(spherical_z_of_sums, shift=2.0), partial(spherical_z, shift=2.0)),
}


class Dense:
    """The same loss over all logits, and the plain optimiser."""

    def __init__(self, layer, loss, lr, **options) -> None:
        self.weight = layer.dense_weight().double().requires_grad_()
        self.loss, self.optimizer = loss, torch.optim.SGD([self.weight], lr=lr, **options)

    def __call__(self, hidden, target):
        return self.loss(hidden.double() @ self.weight.T, target)

    def step(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad()


def layer_of(name="taylor", *, dtype=torch.float64, num_classes=CLASSES, **options) -> SphericalOutputLayer:
    generator = torch.Generator().manual_seed(1)
    return SphericalOutputLayer(
        DIM, num_classes, loss=LOSSES[name][0], dtype=dtype, generator=generator, **options
    )


def batches(count: int, batch: int = 8, dtype=torch.float64):
    """Hidden vectors, and classes of which a few come again and again."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(count):
        hidden = torch.randn(batch, DIM, generator=generator, dtype=dtype)
        hidden[:, 0] = 1.0  # the bias
        seldom = torch.randint(CLASSES, (batch,), generator=generator)
        yield hidden.requires_grad_(), seldom.where(torch.rand(batch, generator=generator) < 0.3, seldom % 4)


def gap(actual: torch.Tensor, wanted: torch.Tensor) -> float:
    return (actual - wanted).detach().abs().max().item()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(
    ("batch", "steps", "weight_decay", "fold_every"),
    [(8, 1000, 0.0, 100_000), (1, 150, 0.02, 7), (DIM + 3, 150, 0.1, 1000)],
)
def test_equals_dense_descent_step_by_step(name, batch, steps, weight_decay, fold_every):
    layer = layer_of(name, fold_every=fold_every)
    dense = Dense(layer, LOSSES[name][1], 0.5, weight_decay=weight_decay)
    worst = 0.0
    for hidden, target in batches(steps, batch):
        loss, wanted = layer(hidden, target), dense(hidden, target)
        (gradient,) = torch.autograd.grad(loss, hidden)
        wanted.backward()
        layer.step(0.5, weight_decay=weight_decay)
        dense.step()
        worst = max(worst, gap(loss, wanted), gap(gradient, hidden.grad))
    assert worst < 1e-8
    assert gap(layer.dense_weight(), dense.weight) < 1e-8
    about_mean = dense.weight - dense.weight.mean(0)
    assert gap(layer.center, dense.weight.mean(0)) < 1e-8
    assert gap(layer.scatter, about_mean.T @ about_mean) < 1e-8
    assert gap(layer.mixing @ layer.mixing_inverse, torch.eye(DIM)) < 1e-8


@pytest.mark.parametrize("name", LOSSES)
def test_single_precision_stays_near_double_precision(name):
    layer = layer_of(name, dtype=torch.float32)
    dense = Dense(layer, LOSSES[name][1], 0.3)
    for hidden, target in batches(300, dtype=torch.float32):
        layer(hidden, target).backward()
        dense(hidden, target).backward()
        layer.step(0.3)
        dense.step()
    scale = dense.weight.abs().max().item()
    assert layer.class_factors.dtype == torch.float32
    assert gap(layer.dense_weight(), dense.weight) < 1e-4 * scale
    about_mean = layer.dense_weight().double() - layer.dense_weight().double().mean(0)
    assert gap(layer.scatter, about_mean.T @ about_mean) < 1e-4 * layer.scatter.trace().item()


def test_passes_backward_add_up_until_the_step():
    layer = layer_of()
    dense = Dense(layer, taylor_softmax, 0.5)
    for weight, (hidden, target) in zip((1.0, 3.0, -0.5), batches(3), strict=True):
        (weight * layer(hidden, target)).backward()
        (weight * dense(hidden, target)).backward()
    layer.step(0.5)
    dense.step()
    assert gap(layer.dense_weight(), dense.weight) < 1e-13


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_reductions_are_those_of_the_loss(reduction):
    layer = layer_of(reduction=reduction)
    dense = Dense(layer, partial(taylor_softmax, reduction=reduction), 0.05)
    ((hidden, target),) = batches(1)
    weight = torch.arange(8.0) if reduction == "none" else torch.ones(())
    loss, wanted = layer(hidden, target), dense(hidden, target)
    torch.testing.assert_close(loss, wanted)
    (weight * loss).sum().backward()
    (weight * wanted).sum().backward()
    layer.step(0.05)
    dense.step()
    assert gap(layer.dense_weight(), dense.weight) < 1e-13


@pytest.mark.parametrize("nudge", [0.0, 1e-12, 1e-3])
def test_a_step_that_has_no_inverse_is_taken_all_the_same(nudge):
    def squares(sums):
        return sums.spread / 2 - sums.target

    layer = SphericalOutputLayer(DIM, CLASSES, loss=squares, dtype=torch.float64)
    weight = layer.dense_weight()
    hidden = torch.zeros(1, DIM, dtype=torch.float64)
    hidden[0, 2] = 2.0
    layer(hidden, torch.tensor([5])).backward()
    lr = 0.25 + nudge  # 1 / |h|^2: what the logits are about their mean goes to 0
    logits = weight[:, 2] * 2
    slope = logits - logits.mean()
    slope[5] -= 1
    layer.step(lr)
    weight[:, 2] -= lr * 2 * slope
    assert gap(layer.dense_weight(), weight) < 1e-10
    assert gap(layer.mixing @ layer.mixing_inverse, torch.eye(DIM)) < 1e-8
    about_mean = weight - weight.mean(0)
    assert gap(layer.scatter, about_mean.T @ about_mean) < 1e-10


def test_decay_that_shrinks_u_out_of_range_is_written_out_in_time():
    layer = layer_of(dtype=torch.float32)
    dense = Dense(layer, taylor_softmax, 0.5, weight_decay=1.0)
    for hidden, target in batches(300):
        layer(hidden, target).backward()
        dense(hidden, target).backward()
        layer.step(0.5, weight_decay=1.0)
        dense.step()
    assert gap(layer.dense_weight(), dense.weight) < 1e-6


def test_a_step_touches_the_rows_of_its_classes_alone():
    layer = layer_of(dtype=torch.float32)
    before = layer.class_factors.clone()
    for hidden, target in batches(5):
        layer(hidden, target % 4).backward()
        layer.step(0.5)
    changed = (layer.class_factors != before).any(1).nonzero().squeeze(1)
    assert changed.tolist() == [0, 1, 2, 3]


def test_logits_far_from_zero_keep_the_digits_of_their_spread():
    layer = layer_of("z")
    layer.load_dense_weight(layer.dense_weight() + 1e6)
    dense = Dense(layer, LOSSES["z"][1], 0.5)
    for hidden, target in batches(200):
        loss, wanted = layer(hidden, target), dense(hidden, target)
        assert gap(loss, wanted) < 1e-7
        loss.backward()
        wanted.backward()
        layer.step(0.5)
        dense.step()


def test_a_loop_learns_which_class_goes_with_which_vector():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    body = torch.nn.Linear(DIM, DIM)
    layer = SphericalOutputLayer(DIM, 1000, loss=taylor_softmax_of_sums, generator=generator)
    optimizer = torch.optim.SGD(body.parameters(), lr=0.1)
    features, target = torch.randn(4, DIM, generator=generator), torch.tensor([3, 999, 500, 42])
    for _ in range(300):
        loss = layer(body(features), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        layer.step(1.0)
    assert layer.logits(body(features)).argmax(1).tolist() == target.tolist()


def test_learns_from_hidden_vectors_that_ask_for_no_gradient():
    layer, ((hidden, target),) = layer_of(), batches(1)
    before = layer(hidden, target).item()
    layer(hidden.detach(), target).backward()
    layer.step(0.1)
    assert layer(hidden, target).item() < before


def test_logits_and_dense_weight_agree():
    layer, ((hidden, target),) = layer_of(), batches(1)
    layer(hidden, target).backward()
    layer.step(0.5)
    torch.testing.assert_close(layer.logits(hidden), hidden.detach() @ layer.dense_weight().T)


def test_evaluation_mode_and_no_grad_remember_nothing():
    layer, ((hidden, target),) = layer_of(), batches(1)
    before, wanted = layer.dense_weight(), layer(hidden, target)
    with torch.no_grad():
        assert layer(hidden, target).equal(wanted)
    layer.eval()
    (gradient,) = torch.autograd.grad(layer(hidden, target), hidden)
    assert gradient.abs().max() > 0
    layer.step(0.5)
    assert layer.dense_weight().equal(before)
    assert layer.steps == 0


def test_zero_grad_forgets():
    layer, ((hidden, target),) = layer_of(), batches(1)
    before = layer.dense_weight()
    layer(hidden, target).backward()
    layer.zero_grad()
    layer.step(0.5)
    assert layer.dense_weight().equal(before)


def test_no_optimiser_takes_hold_of_it():
    assert list(layer_of().parameters()) == []


@pytest.mark.parametrize("copied", ["state_dict", "pickle", "deepcopy"])
def test_a_copy_goes_on_as_the_original(copied):
    layer = layer_of(dtype=torch.float32, fold_every=9)
    runs = list(batches(20))
    for hidden, target in runs[:8]:
        layer(hidden, target).backward()
        layer.step(0.5)
    if copied == "state_dict":
        other = SphericalOutputLayer(DIM, CLASSES, loss=LOSSES["taylor"][0], fold_every=9)
        hidden, target = runs[0]
        other(hidden, target).backward()  # forgotten
        other.load_state_dict(layer.state_dict())
    else:
        other = copy.deepcopy(layer) if copied == "deepcopy" else pickle.loads(pickle.dumps(layer))
    for hidden, target in runs[8:]:
        for each in (layer, other):
            each(hidden, target).backward()
            each.step(0.5)
    assert layer.dense_weight().equal(other.dense_weight())
    assert layer.scatter.equal(other.scatter)


def test_another_dtype_is_that_of_the_class_factors():
    layer, ((hidden, target),) = layer_of(), batches(1)
    layer(hidden, target).backward()
    layer.step(0.5)
    wanted, weight = layer(hidden, target), layer.dense_weight()
    layer.float()
    assert layer.class_factors.dtype == torch.float32
    assert {getattr(layer, name).dtype for name in ("mixing", "shift", "center", "scatter")} == {
        torch.float64
    }
    torch.testing.assert_close(layer.dense_weight(), weight.float())
    torch.testing.assert_close(layer(hidden, target), wanted, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_narrow_hidden_vectors_are_computed_in_full(dtype):
    layer, ((hidden, target),) = layer_of(), batches(1)
    narrow = hidden.detach().to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = layer(narrow, target)
    wanted = layer(narrow.detach().double().requires_grad_(), target)
    assert loss.dtype == dtype
    torch.testing.assert_close(loss, wanted.to(dtype))
    loss.backward()
    assert narrow.grad.dtype == dtype


def test_a_compiled_model_may_hold_it():
    body, layer, ((hidden, target),) = torch.nn.Linear(DIM, DIM).double(), layer_of(), batches(1)
    compiled = torch.compile(lambda hidden: layer(body(hidden), target), backend="eager")
    loss = compiled(hidden)
    torch.testing.assert_close(loss, layer(body(hidden), target))
    loss.backward()
    assert body.weight.grad.abs().max() > 0


def test_an_empty_batch_gives_zero_and_changes_nothing():
    layer = layer_of()
    before, hidden = layer.dense_weight(), torch.zeros(0, DIM, requires_grad=True)
    loss = layer(hidden, torch.zeros(0, dtype=torch.long))
    loss.backward()
    layer.step(0.5)
    assert loss.item() == 0
    assert hidden.grad.shape == (0, DIM)
    assert gap(layer.dense_weight(), before) == 0


def test_class_vectors_that_are_all_alike_have_a_score_of_zero_and_no_gradient():
    layer, ((hidden, target),) = layer_of("z"), batches(1)
    layer.load_dense_weight(torch.full((CLASSES, DIM), 0.1))
    loss = layer(hidden, target)
    loss.backward()
    assert loss.item() == pytest.approx(math.log1p(math.exp(2.0)))
    assert gap(hidden.grad, torch.zeros(())) == 0


def test_backward_after_the_step_is_refused():
    layer, ((hidden, target),) = layer_of(), batches(1)
    layer(hidden, target).backward()
    late = layer(hidden, target)
    layer.step(0.1)
    with pytest.raises(InvalidInputError, match=r"^backward: "):
        late.backward()


def test_a_gradient_that_is_no_number_is_refused_and_changes_nothing():
    layer, ((hidden, target),) = layer_of(), batches(1)
    before = layer.dense_weight()
    (layer(hidden, target) * math.nan).backward()
    with pytest.raises(InvalidInputError, match=r"^backward: "):
        layer.step(0.1)
    layer.zero_grad()
    layer.step(0.1)
    assert layer.dense_weight().equal(before)


def test_a_loss_of_another_shape_is_named():
    layer = SphericalOutputLayer(DIM, CLASSES, loss=lambda sums: sums.target.sum())
    with pytest.raises(ShapeError, match=r"^loss: "):
        layer(torch.zeros(2, DIM), torch.tensor([0, 1]))
