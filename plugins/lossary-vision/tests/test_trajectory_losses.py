"""Losses of sampled trajectories beyond conformance: exact metrics, loops, masks, scenes, ties, errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import trajectory_report
from lossary_vision.joint_min_over_samples import joint_min_over_samples
from lossary_vision.min_over_samples import min_over_samples
from lossary_vision.trajectory_diversity import trajectory_diversity


def ways(agents: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randn(agents, 3, 4, 2, generator=generator, dtype=torch.float64)
    target = torch.randn(agents, 4, 2, generator=generator, dtype=torch.float64)
    return prediction, target, torch.randint(-1, 2, (agents,), generator=generator)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("masked", [False, True])
def test_euclidean_errors_are_those_of_the_report(seed, masked):
    prediction, target, scene = ways(seed=seed)
    mask = torch.rand(6, 4, generator=torch.Generator().manual_seed(seed)) < 0.7
    mask[:, 0] = True
    chosen = mask if masked else None
    report = trajectory_report(prediction, target, scene=scene, mask=chosen)
    options = {"mask": chosen, "distance": "euclidean"}
    assert min_over_samples(prediction, target, **options).item() == pytest.approx(report.ade)
    joint = joint_min_over_samples(prediction, target, scene=scene, **options)
    assert joint.item() == pytest.approx(report.jade)


@pytest.mark.parametrize("seed", range(4))
def test_scenes_by_themselves_and_together(seed):
    prediction, target, scene = ways(seed=seed)
    alone = [
        joint_min_over_samples(prediction[scene == each], target[scene == each]) for each in scene.unique()
    ]
    found = joint_min_over_samples(prediction, target, scene=scene, reduction="none")
    torch.testing.assert_close(found, torch.stack(alone))
    torch.testing.assert_close(joint_min_over_samples(prediction, target, scene=scene), found.mean())
    total = joint_min_over_samples(prediction, target, scene=scene, reduction="sum")
    torch.testing.assert_close(total, found.sum())


def test_agents_that_are_scenes_of_their_own_choose_alone():
    prediction, target, _ = ways()
    each = joint_min_over_samples(prediction, target, scene=torch.arange(6))
    torch.testing.assert_close(each, min_over_samples(prediction, target))
    assert joint_min_over_samples(prediction, target) >= min_over_samples(prediction, target)


@pytest.mark.parametrize("loss", [min_over_samples, joint_min_over_samples])
def test_only_the_first_of_the_best_samples_has_a_gradient(loss):
    prediction = torch.ones(1, 3, 2, 2, requires_grad=True)
    loss(prediction, torch.zeros(1, 2, 2)).backward()
    assert prediction.grad.abs().sum((0, 2, 3)).tolist() == [8.0, 0.0, 0.0]


@pytest.mark.parametrize("loss", [min_over_samples, joint_min_over_samples])
@pytest.mark.parametrize("distance", ["squared", "euclidean"])
def test_what_is_masked_may_be_nan_and_has_no_gradient(loss, distance):
    prediction, target, _ = ways(2)
    mask = torch.tensor([[True, True, False, True]] * 2)
    options = {"mask": mask, "distance": distance}
    wanted = loss(prediction, target, **options)
    prediction[:, :, 2], target[:, 2] = math.nan, math.nan
    prediction[:, :, 3] = target[:, None, 3]  # a distance of 0 has a slope of 0
    prediction.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(prediction, target, **options), prediction)
    assert wanted.isfinite()
    assert gradient.isfinite().all()
    assert not gradient[:, :, 2:].any()


def test_an_agent_without_a_step_has_a_squared_error_of_zero():
    prediction, target, _ = ways(2)
    mask = torch.tensor([[True] * 4, [False] * 4])
    assert min_over_samples(prediction, target, mask=mask, reduction="none")[1] == 0
    with pytest.raises(InvalidInputError, match=r"^mask: got an agent without a step"):
        min_over_samples(prediction, target, mask=mask, distance="euclidean")


@pytest.mark.parametrize("scene", [None, torch.zeros(0, dtype=torch.long)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_no_agents_have_a_loss_of_zero(scene, reduction):
    loss = joint_min_over_samples(
        torch.zeros(0, 3, 4, 2), torch.zeros(0, 4, 2), scene=scene, reduction=reduction
    )
    assert loss.sum().item() == 0


def test_diversity_is_the_mean_over_pairs():
    prediction, _, _ = ways()
    wanted = [
        sum(math.exp(-((a[i] - a[j]) ** 2).sum().item() / 5) for i, j in ((0, 1), (0, 2), (1, 2))) / 3
        for a in prediction
    ]
    found = trajectory_diversity(prediction, scale=5.0, reduction="none")
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64))
    assert trajectory_diversity(torch.ones(2, 4, 3, 2)).item() == 1


def test_a_step_of_descent_drives_samples_apart():
    prediction, _, _ = ways()
    prediction = (0.1 * prediction).requires_grad_()
    before = trajectory_report(prediction.detach(), prediction.detach()[:, 0]).ade_mean
    (gradient,) = torch.autograd.grad(trajectory_diversity(prediction, reduction="sum"), prediction)
    after = (prediction - 0.1 * gradient).detach()
    assert trajectory_report(after, after[:, 0]).ade_mean > before


PREDICTION, TARGET, SCENE = ways(2)


@pytest.mark.parametrize(
    ("change", "error", "argument"),
    [
        ({"prediction": PREDICTION[0]}, ShapeError, "prediction"),
        ({"prediction": PREDICTION[:, :0]}, ShapeError, "prediction"),
        ({"prediction": PREDICTION[:, :, :0]}, ShapeError, "prediction"),
        ({"target": TARGET[:, :3]}, ShapeError, "target"),
        ({"mask": torch.ones(2, 4)}, DtypeError, "mask"),
        ({"mask": torch.ones(2, 3, dtype=torch.bool)}, ShapeError, "mask"),
        ({"scene": SCENE[:1]}, ShapeError, "scene"),
        ({"scene": SCENE.double()}, DtypeError, "scene"),
        ({"distance": "cosine"}, InvalidInputError, "distance"),
        ({"reduction": "median", "scene": SCENE}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(change, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        joint_min_over_samples(**{"prediction": PREDICTION, "target": TARGET} | change)


def test_diversity_needs_two_samples_and_a_scale():
    with pytest.raises(ShapeError, match=r"^prediction: .*at least 2 samples"):
        trajectory_diversity(PREDICTION[:, :1])
    with pytest.raises(InvalidInputError, match=r"^scale"):
        trajectory_diversity(PREDICTION, scale=0.0)
