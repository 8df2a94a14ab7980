"""Sliced Epps-Pulley beyond conformance: its slices, its samples, the draws of its module, and its errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.self_supervised.epps_pulley import epps_pulley
from lossary.losses.self_supervised.sliced_epps_pulley import SlicedEppsPulley, sliced_epps_pulley


def batch(items: int = 8, dim: int = 4, slices: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(items, dim, generator=generator, dtype=torch.float64)
    return embeddings, torch.randn(dim, slices, generator=generator, dtype=torch.float64)


def test_is_the_statistic_along_each_direction():
    embeddings, directions = batch()
    along = embeddings @ (directions / directions.norm(dim=0))
    options = {"t_max": 4.0, "num_points": 9}
    for reduction in ("mean", "sum", "none"):
        torch.testing.assert_close(
            sliced_epps_pulley(embeddings, directions, **options, reduction=reduction),
            epps_pulley(along, **options, reduction=reduction),
        )


def test_the_length_of_a_direction_does_not_matter():
    embeddings, directions = batch()
    longer = directions * torch.logspace(-30, 30, 6, dtype=torch.float64)
    torch.testing.assert_close(
        sliced_epps_pulley(embeddings, longer), sliced_epps_pulley(embeddings, directions)
    )


def test_axes_in_front_are_samples_of_their_own():
    embeddings, directions = batch(12)
    samples = embeddings.reshape(3, 2, 2, 4)
    each = [sliced_epps_pulley(rows, directions, reduction="none") for rows in samples.reshape(6, 2, 4)]
    found = sliced_epps_pulley(samples, directions, reduction="none")
    torch.testing.assert_close(found, torch.stack(each).mean(0))


def test_collapsed_embeddings_are_pulled_apart():
    embeddings = torch.full((6, 3), 0.5, requires_grad=True)
    loss = sliced_epps_pulley(embeddings, torch.eye(3))
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.any()
    normal = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    assert sliced_epps_pulley(normal, torch.eye(3)) < loss


def test_descending_makes_embeddings_normal():
    embeddings = (0.1 * batch(64)[0] + 1).requires_grad_()
    criterion = SlicedEppsPulley(num_slices=32)
    optimizer = torch.optim.Adam([embeddings], lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        criterion(embeddings).backward()
        optimizer.step()
    assert embeddings.mean(0).abs().max() < 0.1
    assert (torch.cov(embeddings.detach().T) - torch.eye(4)).abs().max() < 0.3


def test_every_call_draws_anew_workers_agree_and_a_state_dict_goes_on():
    embeddings, _ = batch()
    one, other = SlicedEppsPulley(num_slices=4), SlicedEppsPulley(num_slices=4)
    first = one(embeddings)
    assert first == other(embeddings)
    resumed = SlicedEppsPulley(num_slices=4)
    resumed.load_state_dict(one.state_dict())
    second = one(embeddings)
    assert second != first
    assert second == resumed(embeddings)


def test_a_generator_of_ones_own_decides_the_draws():
    embeddings, _ = batch()
    values = [
        SlicedEppsPulley(num_slices=4, generator=torch.Generator().manual_seed(seed))(embeddings)
        for seed in (0, 0, 1)
    ]
    assert values[0] == values[1] != values[2]


EMBEDDINGS, DIRECTIONS = batch()


@pytest.mark.parametrize(
    ("embeddings", "directions", "options", "error", "argument"),
    [
        (EMBEDDINGS[0], DIRECTIONS, {}, ShapeError, "embeddings"),
        (EMBEDDINGS[:0], DIRECTIONS, {}, ShapeError, "embeddings: .*not empty"),
        (EMBEDDINGS[:, :0], DIRECTIONS[:0], {}, ShapeError, "embeddings: .*not empty"),
        (EMBEDDINGS, DIRECTIONS[:3], {}, ShapeError, "directions"),
        (EMBEDDINGS, DIRECTIONS[:, 0], {}, ShapeError, "directions"),
        (EMBEDDINGS, DIRECTIONS[:, :0], {}, ShapeError, "directions: .*at least one column"),
        (EMBEDDINGS, DIRECTIONS.int(), {}, DtypeError, "directions"),
        (EMBEDDINGS, DIRECTIONS * math.nan, {}, InvalidInputError, "directions"),
        (EMBEDDINGS, DIRECTIONS * (torch.arange(6) != 2), {}, InvalidInputError, "directions: .*column 2"),
        (EMBEDDINGS, DIRECTIONS, {"t_max": -1.0}, InvalidInputError, "t_max"),
        (EMBEDDINGS, DIRECTIONS, {"num_points": 1}, InvalidInputError, "num_points"),
    ],
)
def test_bad_input_is_named(embeddings, directions, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        sliced_epps_pulley(embeddings, directions, **options)


def test_the_module_names_bad_arguments():
    with pytest.raises(InvalidInputError, match=r"^num_slices"):
        SlicedEppsPulley(num_slices=0)
    with pytest.raises(DtypeError, match=r"^num_slices"):
        SlicedEppsPulley(num_slices=8.0)
    with pytest.raises(DtypeError, match=r"^embeddings"):
        SlicedEppsPulley()([[1.0]])
    with pytest.raises(ShapeError, match=r"^embeddings"):
        SlicedEppsPulley()(torch.tensor(1.0))
