"""Self-adjusting Dice beyond conformance: its formula, its turning point, masks, levels and errors."""

import math

import pytest
import torch
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.imbalance.self_adjusting_dice import SelfAdjustingDice, self_adjusting_dice

LEVELS = ("example", "set")


def batch(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64)
    classes = shape[1] if len(shape) == 2 else 2
    return logits, torch.randint(classes, shape[:1], generator=generator)


def literal(logits, target, alpha, smooth, square, level):
    """The formula as the paper writes it, per sample (with classes: and class), or per class."""
    if logits.ndim == 1:
        p, y = torch.sigmoid(logits), target.double()
    else:
        p, y = torch.softmax(logits, 1), torch.nn.functional.one_hot(target, logits.shape[1]).double()
    q = (1 - p) ** alpha * p
    both, mass = q * y, q**2 + y**2 if square else q + y
    if level == "set":
        both, mass = both.sum(0), mass.sum(0)
    return 1 - (2 * both + smooth) / (mass + smooth)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("square", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.01, 1.0, 2.5])
@pytest.mark.parametrize("shape", [(9,), (9, 4)])
def test_equals_the_formula_read_literally(shape, alpha, square, level):
    logits, target = batch(*shape)
    expected = literal(logits, target, alpha, 0.3, square, level)
    options = {"alpha": alpha, "smooth": 0.3, "square_denominator": square, "level": level}
    torch.testing.assert_close(self_adjusting_dice(logits, target, **options), expected.mean())
    if level == "example":
        rows = expected if expected.ndim == 1 else expected.mean(1)
        torch.testing.assert_close(self_adjusting_dice(logits, target, reduction="none", **options), rows)


@pytest.mark.parametrize("shape", [(6,), (6, 3)])
@pytest.mark.parametrize("level", LEVELS)
def test_probabilities_give_what_their_logits_give(shape, level):
    logits, target = batch(*shape, seed=1)
    probability = logits.sigmoid() if len(shape) == 1 else logits.softmax(1)
    torch.testing.assert_close(
        self_adjusting_dice(probability, target, with_logits=False, level=level),
        self_adjusting_dice(logits, target, level=level),
    )


@pytest.mark.parametrize("alpha", [0.5, 1.0, 3.0])
def test_the_loss_of_a_positive_turns_at_one_over_one_plus_alpha(alpha):
    turn = 1 / (1 + alpha)
    probability = torch.tensor([turn - 0.1, turn, turn + 0.1], dtype=torch.float64, requires_grad=True)
    loss = self_adjusting_dice(
        probability, torch.tensor([1, 1, 1]), alpha=alpha, with_logits=False, reduction="sum"
    )
    loss.backward()
    falling, flat, rising = probability.grad.tolist()
    assert falling < 0 < rising
    assert flat == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("target", [0, 1])
def test_gradient_equals_the_closed_form(target):
    p = torch.tensor([0.1, 0.4, 0.9], dtype=torch.float64, requires_grad=True)
    labels = torch.full((3,), target)
    self_adjusting_dice(p, labels, alpha=0.7, smooth=0.5, with_logits=False, reduction="sum").backward()
    with torch.no_grad():
        q = (1 - p) ** 0.7 * p
        slope = -(2 * (q + 1 + 0.5) - (2 * q + 0.5)) / (q + 1 + 0.5) ** 2 if target else 0.5 / (q + 0.5) ** 2
        expected = slope * (1 - p) ** (0.7 - 1) * (1 - (1 + 0.7) * p)
    torch.testing.assert_close(p.grad, expected)


def test_on_hard_predictions_the_set_level_is_one_minus_f1():
    target = torch.tensor([1, 1, 1, 0, 0, 0, 0])
    accepted = torch.tensor([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    options = {"alpha": 0.0, "smooth": 1e-12, "level": "set", "with_logits": False}
    exact = metrics.f1_score(target.numpy(), accepted.numpy().astype(int))
    assert self_adjusting_dice(accepted, target, **options).item() == pytest.approx(1 - exact)


def test_on_hard_predictions_of_classes_the_set_level_is_one_minus_macro_f1():
    target, predicted = torch.tensor([0, 0, 1, 2, 2, 2]), torch.tensor([0, 1, 1, 2, 2, 0])
    one_hot = torch.nn.functional.one_hot(predicted, 3).double()
    options = {"alpha": 0.0, "smooth": 1e-12, "level": "set", "with_logits": False}
    exact = metrics.f1_score(target.numpy(), predicted.numpy(), average="macro")
    assert self_adjusting_dice(one_hot, target, **options).item() == pytest.approx(1 - exact)


@pytest.mark.parametrize("shape", [(8,), (8, 3)])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", [torch.bool, torch.int64])
def test_a_masked_sample_is_as_if_it_were_not_there(shape, level, dtype):
    logits, target = batch(*shape, seed=2)
    logits.requires_grad_()
    mask = torch.tensor([1, 0, 1, 1, 0, 1, 0, 1], dtype=dtype)
    kept = mask.bool()
    loss = self_adjusting_dice(logits, target, level=level, mask=mask)
    torch.testing.assert_close(loss, self_adjusting_dice(logits[kept], target[kept], level=level))
    loss.backward()
    assert not logits.grad[~kept].any()
    assert logits.grad[kept].all()


def test_a_masked_sample_is_zero_where_nothing_is_reduced():
    logits, target = batch(4)
    mask = torch.tensor([True, False, True, False])
    values = self_adjusting_dice(logits, target, mask=mask, reduction="none")
    whole = self_adjusting_dice(logits, target, reduction="none")
    torch.testing.assert_close(values, whole.where(mask, 0.0))


@pytest.mark.parametrize("shape", [(3,), (3, 2), (0,), (0, 2)])
@pytest.mark.parametrize("level", LEVELS)
def test_no_sample_that_counts_gives_zero_with_a_graph(shape, level):
    logits = torch.ones(shape, requires_grad=True)
    target = torch.zeros(shape[0], dtype=torch.int64)
    mask = torch.zeros(shape[0], dtype=torch.bool)
    loss = self_adjusting_dice(logits, target, level=level, mask=mask)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize("level", LEVELS)
def test_without_positives_the_loss_pushes_every_probability_down(level):
    logits = torch.tensor([-3.0, -1.0, -0.5], requires_grad=True)
    self_adjusting_dice(logits, torch.zeros(3), level=level).backward()
    assert (logits.grad > 0).all()


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_saturated_predictions_have_finite_gradients(shape, alpha):
    for scale in (1e2, -1e2, 1e4):
        logits = (torch.linspace(1, 2, 4).reshape(-1, *[1] * (len(shape) - 1)) * torch.ones(shape)).clone()
        logits[..., 0] *= scale
        logits.requires_grad_()
        loss = self_adjusting_dice(logits, torch.tensor([1, 0, 1, 0]), alpha=alpha)
        loss.backward()
        assert 0 <= loss.item() <= 1
        assert logits.grad.isfinite().all()


@pytest.mark.parametrize("classes", [1, 3])
def test_a_small_complement_keeps_its_digits_in_float32(classes):
    logits = torch.tensor([18.5]) if classes == 1 else torch.tensor([[18.5, 0.0, 0.0]])
    target = torch.tensor([1]) if classes == 1 else torch.tensor([0])
    for alpha in (0.0, 0.1):
        narrow = self_adjusting_dice(logits, target, alpha=alpha)
        wide = self_adjusting_dice(logits.double(), target, alpha=alpha)
        assert narrow.item() == pytest.approx(wide.item(), rel=1e-5)


def test_module_takes_the_mask_of_a_call():
    logits, target = batch(4)
    mask = torch.tensor([1, 0, 1, 1])
    expected = self_adjusting_dice(logits, target, alpha=0.1, mask=mask)
    assert torch.equal(SelfAdjustingDice(alpha=0.1)(logits, target, mask=mask), expected)


@pytest.mark.parametrize("options", [{"level": "set"}, {"mask": True}, {"square_denominator": True}])
@pytest.mark.parametrize("shape", [(5,), (5, 3)])
def test_options_compile_and_vectorize(shape, options):
    options = dict(options)
    if "mask" in options:
        options["mask"] = torch.tensor([1, 1, 0, 1, 0])
    logits, target = batch(3, *shape)[0], torch.stack([batch(*shape, seed=seed)[1] for seed in range(3)])

    def loss(row, label):
        return self_adjusting_dice(row, label, **options)

    wanted = torch.stack([loss(*each) for each in zip(logits, target, strict=True)])
    torch.testing.assert_close(torch.func.vmap(loss)(logits, target), wanted)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(logits[0], target[0]), wanted[0])


LOGITS, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (torch.zeros(3, 2, 1), TARGET, {}, ShapeError, "logits"),
        (LOGITS.unsqueeze(1), TARGET, {}, ShapeError, "logits"),
        (torch.zeros(3, 2), torch.zeros(3, 2), {}, ShapeError, "target"),
        (LOGITS, TARGET[:2], {}, ShapeError, "target"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (torch.zeros(3, 2), TARGET.float(), {}, DtypeError, "target"),
        (torch.zeros(3, 2), TARGET + 1, {}, InvalidInputError, "target"),
        (LOGITS, TARGET + 1, {}, InvalidInputError, "target"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"with_logits": False}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"alpha": -0.1}, InvalidInputError, "alpha"),
        (LOGITS, TARGET, {"smooth": 0.0}, InvalidInputError, "smooth"),
        (LOGITS, TARGET, {"level": "batch"}, InvalidInputError, "level"),
        (LOGITS, TARGET, {"mask": TARGET[:2]}, ShapeError, "mask"),
        (LOGITS, TARGET, {"mask": TARGET + 1}, InvalidInputError, "mask"),
        (LOGITS, TARGET, {"level": "set", "reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=rf"^{argument}: "):
        self_adjusting_dice(logits, target, **options)
