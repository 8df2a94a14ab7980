"""Brownian diffusion beyond conformance: its force, the draws of its module, and its errors."""

import math
import pickle

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.self_supervised.brownian_diffusive import BrownianDiffusive, brownian_diffusive
from torch.nn.functional import cosine_similarity


def batch(views: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(views + 1, 5, 4, generator=generator, dtype=torch.float64)
    return drawn[:-1], drawn[-1]


def test_is_the_mean_cosine_with_the_noise():
    views, noise = batch()
    expected = cosine_similarity(views, noise.expand_as(views), dim=2).mean()
    torch.testing.assert_close(brownian_diffusive(views, noise), expected)


def test_the_push_is_tangential_and_that_of_the_image():
    views, noise = batch(1)
    both = views.repeat(2, 1, 1).requires_grad_()
    brownian_diffusive(both, noise).backward()
    torch.testing.assert_close(both.grad[0], both.grad[1])
    torch.testing.assert_close((both.grad * both).sum(2), torch.zeros(2, 5, dtype=torch.float64))


def test_the_mean_over_draws_is_zero():
    views, _ = batch()
    criterion = BrownianDiffusive(generator=torch.Generator().manual_seed(1))
    values = torch.stack([criterion(views) for _ in range(400)])
    assert values.std() > 0.05
    assert abs(values.mean()) < 4 * values.std() / 20


def test_every_call_draws_anew_and_modules_agree():
    views, _ = batch()
    one, other = BrownianDiffusive(), BrownianDiffusive()
    values = [one(views) for _ in range(3)]
    assert len(set(values)) == 3
    assert values == [other(views) for _ in range(3)]


def test_a_state_dict_goes_on_with_the_draws():
    views, _ = batch()
    criterion, resumed = BrownianDiffusive(), BrownianDiffusive()
    criterion(views)
    resumed.load_state_dict(criterion.state_dict())
    assert resumed(views) == pickle.loads(pickle.dumps(criterion))(views) == criterion(views)


def test_draws_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    BrownianDiffusive()(batch()[0])
    assert torch.equal(state, torch.get_rng_state())


def test_given_noise_takes_the_place_of_draws():
    views, noise = batch()
    criterion = BrownianDiffusive()
    assert torch.equal(criterion(views, noise), brownian_diffusive(views, noise))
    assert criterion(views) == BrownianDiffusive()(views)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_draws_take_the_dtype_of_the_views(dtype):
    assert BrownianDiffusive()(batch()[0].to(dtype)).dtype == dtype


def test_without_images_it_is_zero_with_a_graph():
    views = torch.zeros(3, 0, 4, requires_grad=True)
    loss = brownian_diffusive(views, torch.zeros(0, 4))
    loss.backward()
    assert loss.item() == 0


VIEWS, NOISE = batch()


@pytest.mark.parametrize(
    ("views", "noise", "error", "argument"),
    [
        (VIEWS[0], NOISE, ShapeError, "views"),
        (VIEWS[:0], NOISE, ShapeError, "views: .*at least one view"),
        (VIEWS, NOISE[:3], ShapeError, "noise"),
        (VIEWS, VIEWS, ShapeError, "noise"),
        (VIEWS, NOISE.int(), DtypeError, "noise"),
        (VIEWS, NOISE * math.inf, InvalidInputError, "noise"),
    ],
)
def test_bad_input_is_named(views, noise, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        brownian_diffusive(views, noise)


def test_the_module_names_bad_views_before_it_draws():
    with pytest.raises(DtypeError, match=r"^views"):
        BrownianDiffusive()([[1.0]])
