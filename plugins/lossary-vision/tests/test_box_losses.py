"""Losses of boxes beyond conformance: shared behaviour, identities, what is held fixed, errors."""

import math
from importlib import import_module

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import box_iou
from lossary_vision.ciou import ciou
from lossary_vision.diou import diou
from lossary_vision.eiou import eiou
from lossary_vision.focal_eiou import focal_eiou
from lossary_vision.focaler_iou import focaler_iou
from lossary_vision.giou import giou
from lossary_vision.iou import iou
from lossary_vision.mpdiou import mpdiou
from lossary_vision.siou import siou
from lossary_vision.wiou import wiou

NAMES = ["iou", "giou", "diou", "ciou", "eiou", "focal_eiou", "siou", "wiou", "mpdiou", "focaler_iou"]
BASES = {"iou": iou, "giou": giou, "diou": diou, "ciou": ciou, "eiou": eiou, "siou": siou}


def call(name: str, *args: torch.Tensor, **options: object) -> torch.Tensor:
    function = import_module(f"lossary_vision.{name}").LOSS.function
    return function(*args, **({"image_size": (40, 60)} if name == "mpdiou" else {}), **options)


def boxes(count: int = 12, seed: int = 0, spread: float = 8.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions and targets of which some overlap and some do not."""
    generator = torch.Generator().manual_seed(seed)
    corner = spread * torch.rand(2, count, 2, generator=generator, dtype=torch.float64)
    sides = 1 + 5 * torch.rand(2, count, 2, generator=generator, dtype=torch.float64)
    first, second = torch.cat([corner, corner + sides], -1)
    return first, second


@pytest.mark.parametrize("kind", ["iou", "giou", "diou", "ciou"])
@pytest.mark.parametrize("seed", range(5))
def test_values_are_one_less_the_exact_overlap(seed, kind):
    prediction, target = boxes(seed=seed)
    exact = box_iou(prediction, target, kind=kind).diagonal()
    found = call(kind, prediction, target, reduction="none", eps=1e-12)
    torch.testing.assert_close(found, torch.from_numpy(1 - exact), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_each_penalty_adds_to_the_one_before(seed):
    pairs = boxes(seed=seed)
    values = {name: call(name, *pairs, reduction="none") for name in NAMES}
    for name in ("giou", "diou", "siou", "wiou", "mpdiou"):
        assert (values[name] >= values["iou"] - 1e-9).all()
    assert (values["ciou"] >= values["diou"]).all()
    assert (values["eiou"] >= values["diou"]).all()
    assert (values["focal_eiou"] <= values["eiou"]).all()
    assert (values["wiou"] <= math.e * values["iou"] + 1e-9).all()


@pytest.mark.parametrize("name", NAMES)
def test_weights_divide_the_mean_by_their_sum(name):
    pairs = boxes()
    weight = torch.linspace(0, 2, 12, dtype=torch.float64)
    values = call(name, *pairs, reduction="none")
    weighted = {kind: call(name, *pairs, weight=weight, reduction=kind) for kind in ("none", "sum", "mean")}
    torch.testing.assert_close(weighted["none"], weight * values)
    torch.testing.assert_close(weighted["sum"], (weight * values).sum())
    torch.testing.assert_close(weighted["mean"], (weight * values).sum() / weight.sum())


@pytest.mark.parametrize("name", NAMES)
def test_without_any_weight_the_loss_is_zero_with_a_graph(name):
    prediction, target = boxes()
    prediction.requires_grad_()
    loss = call(name, prediction, target, weight=torch.zeros(12))
    loss.backward()
    assert loss.item() == 0
    assert not prediction.grad.any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "prediction", [[5.0, 5.0, 1.0, 1.0], [5.0, 1.0, 1.0, 5.0], [2.0, 2.0, 2.0, 2.0], [0.0, 0.0, 1e6, 1e6]]
)
def test_boxes_that_are_inside_out_points_or_huge_stay_finite(name, prediction):
    leaf = torch.tensor([prediction], requires_grad=True)
    for target in ([[1.0, 1.0, 5.0, 5.0]], [[2.0, 2.0, 2.0, 2.0]]):
        loss = call(name, leaf, torch.tensor(target))
        (gradient,) = torch.autograd.grad(loss, leaf)
        assert loss.isfinite()
        assert gradient.isfinite().all()


@pytest.mark.parametrize("name", ["giou", "diou", "ciou", "eiou", "siou", "wiou", "mpdiou", "focaler_iou"])
def test_boxes_apart_are_pulled_together_and_by_iou_alone_they_are_not(name):
    prediction = torch.tensor([[10.0, 1.0, 12.0, 3.0]], requires_grad=True)
    target = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    (pull,) = torch.autograd.grad(call(name, prediction, target), prediction)
    assert pull[0, 0] + pull[0, 2] > 0  # a step against the gradient goes left
    (none,) = torch.autograd.grad(iou(prediction, target), prediction)
    assert not none.any()


def test_descent_brings_boxes_to_their_targets():
    prediction, target = boxes(4, spread=3.0)
    start = iou(prediction, target).item()
    prediction.requires_grad_()
    optimizer = torch.optim.Adam([prediction], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        ciou(prediction, target).backward()
        optimizer.step()
    assert iou(prediction, target).item() < 0.2 * start


def test_the_factor_of_ciou_is_a_constant_of_the_gradient():
    prediction, target = boxes(3)
    prediction.requires_grad_()

    def shape(values):
        angles = [torch.atan(b[:, 2].sub(b[:, 0]) / b[:, 3].sub(b[:, 1])) for b in (values, target)]
        return 4 / math.pi**2 * (angles[0] - angles[1]).square()

    alpha = (shape(prediction) / (iou(prediction, target, reduction="none") + shape(prediction))).detach()
    by_hand = (diou(prediction, target, reduction="none") + alpha * shape(prediction)).sum()
    (wanted,) = torch.autograd.grad(by_hand, prediction)
    (found,) = torch.autograd.grad(ciou(prediction, target, reduction="sum"), prediction)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-7)


def test_the_power_of_focal_eiou_is_a_constant_of_the_gradient():
    prediction, target = boxes(6, spread=2.0)
    prediction.requires_grad_()
    factor = (1 - iou(prediction, target, reduction="none")).detach().square()
    by_hand = factor * eiou(prediction, target, reduction="none")
    found = focal_eiou(prediction, target, gamma=2.0, reduction="none")
    torch.testing.assert_close(found, by_hand)
    gradients = [torch.autograd.grad(value.sum(), prediction)[0] for value in (found, by_hand)]
    torch.testing.assert_close(*gradients)
    plain = focal_eiou(prediction, target, gamma=0.0)
    torch.testing.assert_close(plain, eiou(prediction, target))


def test_wiou_does_not_grow_a_box_to_lower_its_exponent():
    prediction = torch.tensor([[4.0, 0.0, 6.0, 2.0]], requires_grad=True)
    target = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    (gradient,) = torch.autograd.grad(wiou(prediction, target), prediction)
    assert gradient[0, 0] == gradient[0, 2] > 0  # both sides move alike, as far as the centre counts


@pytest.mark.parametrize("base", BASES)
def test_focaler_adds_what_the_band_changes(base):
    prediction, target = boxes(spread=3.0)
    overlap = 1 - iou(prediction, target, reduction="none")
    band = ((overlap - 0.2) / 0.5).clamp(0, 1)
    wanted = BASES[base](prediction, target, reduction="none") + overlap - band
    found = focaler_iou(prediction, target, base=base, low=0.2, high=0.7, reduction="none")
    torch.testing.assert_close(found, wanted)


def test_focaler_iou_leaves_out_what_is_beyond_the_band():
    target = torch.tensor([[0.0, 0.0, 10.0, 1.0]]).repeat(3, 1)
    prediction = target * torch.tensor([[1.0], [1.0], [1.0]])
    prediction[:, 2] = torch.tensor([1.0, 5.0, 9.0])
    prediction.requires_grad_()
    options = {"base": "iou", "low": 0.3, "high": 0.7}
    (gradient,) = torch.autograd.grad(focaler_iou(prediction, target, **options).sum(), prediction)
    assert gradient.abs().sum(1).bool().tolist() == [False, True, False]


def test_mpdiou_of_a_larger_image_tends_to_iou():
    pairs = boxes()
    torch.testing.assert_close(mpdiou(*pairs, image_size=(10**6, 10**6)), iou(*pairs), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_siou_is_that_of_the_arcsine(seed, turn):
    prediction, target = boxes(1, seed=seed)
    if turn:
        prediction, target = prediction[:, [1, 0, 3, 2]], target[:, [1, 0, 3, 2]]
    (x1, y1, x2, y2), (u1, v1, u2, v2) = prediction[0].tolist(), target[0].tolist()
    dx, dy = (x1 + x2 - u1 - u2) / 2, (y1 + y2 - v1 - v2) / 2
    angle = 1 - 2 * math.sin(math.asin(abs(dy) / math.hypot(dx, dy)) - math.pi / 4) ** 2
    around = max(x2, u2) - min(x1, u1), max(y2, v2) - min(y1, v1)
    distance = sum(1 - math.exp((angle - 2) * (d / c) ** 2) for d, c in zip((dx, dy), around, strict=True))
    sides = ((x2 - x1, u2 - u1), (y2 - y1, v2 - v1))
    shape = sum((1 - math.exp(-abs(a - b) / max(a, b))) ** 4 for a, b in sides)
    wanted = iou(prediction, target).item() + (distance + shape) / 2
    assert siou(prediction, target).item() == pytest.approx(wanted, rel=1e-5)


PREDICTION, TARGET = boxes(3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "argument"),
    [
        (PREDICTION[:, :3], TARGET, {}, ShapeError, "prediction"),
        (PREDICTION[0], TARGET[0], {}, ShapeError, "prediction"),
        (PREDICTION, TARGET[:2], {}, ShapeError, "target"),
        (PREDICTION, TARGET * math.nan, {}, InvalidInputError, "target"),
        (PREDICTION, TARGET.flip(1), {}, InvalidInputError, "target: got a box with its second corner"),
        (PREDICTION, TARGET, {"weight": torch.ones(2)}, ShapeError, "weight"),
        (PREDICTION, TARGET, {"weight": torch.ones(3).int()}, DtypeError, "weight"),
        (PREDICTION, TARGET, {"weight": -torch.ones(3)}, InvalidInputError, "weight"),
        (PREDICTION, TARGET, {"weight": torch.full((3,), math.nan)}, InvalidInputError, "weight"),
        (PREDICTION, TARGET, {"eps": 0.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(name, prediction, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call(name, prediction, target, **options)


@pytest.mark.parametrize(
    ("function", "options", "error", "argument"),
    [
        (siou, {"theta": 0.5}, InvalidInputError, "theta"),
        (focal_eiou, {"gamma": -1.0}, InvalidInputError, "gamma"),
        (focaler_iou, {"low": 0.5, "high": 0.5}, InvalidInputError, "high"),
        (focaler_iou, {"base": "wiou"}, InvalidInputError, "base"),
        (focaler_iou, {"low": "0"}, DtypeError, "low"),
        (mpdiou, {"image_size": (3,)}, InvalidInputError, "image_size"),
        (mpdiou, {"image_size": 3}, InvalidInputError, "image_size"),
        (mpdiou, {"image_size": (0, 3)}, InvalidInputError, "image_size"),
        (mpdiou, {}, TypeError, ".*image_size"),
    ],
)
def test_bad_options_are_named(function, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        function(PREDICTION, TARGET, **options)
