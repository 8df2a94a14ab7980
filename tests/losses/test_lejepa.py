"""LeJEPA beyond conformance: its two parts, its centres, the draws of its module, and its errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.self_supervised.lejepa import Lejepa, lejepa, lejepa_terms
from lossary.losses.self_supervised.sliced_epps_pulley import sliced_epps_pulley


def batch(views: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(views, 5, 3, generator=generator, dtype=torch.float64)
    return embeddings, torch.randn(3, 6, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("num_global", [None, 1, 2, 4])
def test_the_terms_are_the_two_parts(num_global):
    views, directions = batch()
    terms = lejepa_terms(views, directions, num_global=num_global, trade_off=0.3)
    centre = views[:num_global].mean(0)
    spread = torch.stack([(view - centre).square().mean() for view in views]).mean()
    normality = torch.stack([sliced_epps_pulley(view, directions) for view in views]).mean()
    torch.testing.assert_close(terms.prediction, spread)
    torch.testing.assert_close(terms.regularizer, normality)
    torch.testing.assert_close(terms.loss, 0.7 * spread + 0.3 * normality)
    assert torch.equal(lejepa(views, directions, num_global=num_global, trade_off=0.3), terms.loss)


def test_the_gradient_flows_through_the_centre():
    views = torch.tensor([[[1.0]], [[3.0]]], requires_grad=True)
    lejepa(views, torch.ones(1, 1), num_global=1, trade_off=0.0).backward()
    # half of (z_2 - z_1)^2, of which the first view is the centre
    assert views.grad.flatten().tolist() == [-2.0, 2.0]


def test_one_view_has_nothing_to_predict():
    views, directions = batch(1)
    assert lejepa_terms(views, directions).prediction == 0


def test_the_terms_of_half_precision_are_in_it():
    views, directions = (value.bfloat16() for value in batch())
    terms = lejepa_terms(views, directions)
    wanted = lejepa_terms(views.float(), directions.float())
    for term, value in zip(terms, wanted, strict=True):
        assert torch.equal(term, value.bfloat16())


def test_every_call_draws_anew_workers_agree_and_a_state_dict_goes_on():
    views, _ = batch()
    one, other, resumed = (Lejepa(num_slices=4, num_global=2) for _ in range(3))
    first = one(views)
    assert first == other(views)
    resumed.load_state_dict(one.state_dict())
    second = one(views)
    assert second != first
    assert second == resumed(views)


def test_a_generator_of_ones_own_decides_the_draws():
    views, _ = batch()
    generators = (torch.Generator().manual_seed(seed) for seed in (0, 0, 1))
    values = [Lejepa(num_slices=4, generator=generator)(views) for generator in generators]
    assert values[0] == values[1] != values[2]


VIEWS, DIRECTIONS = batch()


@pytest.mark.parametrize(
    ("views", "directions", "options", "error", "argument"),
    [
        (VIEWS[0], DIRECTIONS, {}, ShapeError, "views"),
        (VIEWS[:0], DIRECTIONS, {}, ShapeError, "views: .*at least one view"),
        (VIEWS[:, :0], DIRECTIONS, {}, ShapeError, "views: .*at least one image"),
        (VIEWS * math.nan, DIRECTIONS, {}, InvalidInputError, "views"),
        (VIEWS, DIRECTIONS[:2], {}, ShapeError, "directions"),
        (VIEWS, 0 * DIRECTIONS, {}, InvalidInputError, "directions: got zeros only in column 0"),
        (VIEWS, DIRECTIONS, {"num_global": 0}, InvalidInputError, "num_global"),
        (VIEWS, DIRECTIONS, {"num_global": 5}, InvalidInputError, "num_global: got 5; wanted 1 to 4"),
        (VIEWS, DIRECTIONS, {"num_global": 2.0}, DtypeError, "num_global"),
        (VIEWS, DIRECTIONS, {"trade_off": 1.1}, InvalidInputError, "trade_off"),
        (VIEWS, DIRECTIONS, {"trade_off": -0.1}, InvalidInputError, "trade_off"),
    ],
)
def test_bad_input_is_named(views, directions, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        lejepa(views, directions, **options)


def test_the_module_names_bad_arguments():
    with pytest.raises(InvalidInputError, match=r"^num_slices"):
        Lejepa(num_slices=0)
    with pytest.raises(ShapeError, match=r"^views"):
        Lejepa()(torch.zeros(2, 3))
