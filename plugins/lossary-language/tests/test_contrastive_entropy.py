"""Contrastive entropy: its ends, layers, what it does not ask for, errors."""

import math

import pytest
import torch
from lossary.errors import InvalidInputError, ShapeError
from lossary_language.contrastive_entropy import contrastive_entropy


def views() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(3, rows, 4, generator=generator, dtype=torch.float64) for rows in (5, 6)]


def test_goes_from_zero_for_one_close_text_to_the_logarithm_of_their_number():
    keys = torch.eye(4)
    assert contrastive_entropy(100 * keys, keys).item() == pytest.approx(0, abs=2e-5)
    assert contrastive_entropy(torch.zeros(2, 4), keys).item() == pytest.approx(math.log(4), abs=1e-4)


def test_a_single_key_costs_nothing_but_epsilon():
    loss = contrastive_entropy(torch.ones(3, 2, dtype=torch.float64), torch.ones(1, 2), epsilon=1e-3)
    assert loss.item() == pytest.approx(-math.log(1.001))


def test_any_key_will_do_not_only_the_own():
    texts = 10 * torch.eye(3)
    torch.testing.assert_close(contrastive_entropy(texts, texts), contrastive_entropy(texts.flip(0), texts))


def test_layers_are_summed():
    view1, view2 = views()
    wanted = sum(contrastive_entropy(one, two) for one, two in zip(view1, view2, strict=True))
    torch.testing.assert_close(contrastive_entropy(view1, view2), wanted)


def test_a_step_down_makes_similarities_more_unequal():
    view1, view2 = (view[0] for view in views())
    leaf = view1.clone().requires_grad_()
    before = contrastive_entropy(leaf, view2)
    before.backward()
    assert contrastive_entropy(view1 - 0.1 * leaf.grad, view2) < before


@pytest.mark.parametrize(
    ("view1", "view2", "argument"),
    [
        (torch.ones(3), torch.ones(3), "view1"),
        (torch.ones(3, 2), torch.ones(0, 2), "view2"),
        (torch.ones(3, 2), torch.ones(3, 4), "view2"),
        (torch.ones(2, 3, 2), torch.ones(3, 2), "view2"),
        (torch.ones(2, 3, 2), torch.ones(3, 3, 2), "view2"),
    ],
)
def test_shapes_that_do_not_fit_are_named(view1, view2, argument):
    with pytest.raises(ShapeError, match=f"{argument}: got shape"):
        contrastive_entropy(view1, view2)


def test_an_epsilon_of_zero_is_refused():
    with pytest.raises(InvalidInputError, match="epsilon: got"):
        contrastive_entropy(torch.ones(3, 2), torch.ones(3, 2), epsilon=0.0)
