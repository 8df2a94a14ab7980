"""Forget-template divergence: conjugates found by search, both aggregations, vanished answers and errors."""

import math
from typing import get_args

import pytest
import torch
from lossary.errors import InvalidInputError, ShapeError
from lossary_language.forget_template_divergence import Divergence, forget_template_divergence

# f of the divergence of densities u = p / q, whose convex conjugate is sup over u of t u - f(u)
GENERATORS = {
    "total_variation": lambda u: (u - 1).abs() / 2,
    "kullback_leibler": lambda u: u * u.log(),
    "reverse_kullback_leibler": lambda u: -u.log(),
    "pearson": lambda u: (u - 1).square(),
    "jensen_shannon": lambda u: -(u + 1) * ((u + 1) / 2).log() + u * u.log(),
    "squared_hellinger": lambda u: (u.sqrt() - 1).square(),
    "neyman": lambda u: (1 - u).square() / u,
}


REWARD_OF_NOTHING = {name: -1.0 if name == "reverse_kullback_leibler" else 0.0 for name in GENERATORS}


def of_probability(probability: float) -> tuple[torch.Tensor, torch.Tensor]:
    """One token with this probability, and its target."""
    logits = torch.tensor([[[math.log(probability), math.log1p(-probability)]]], dtype=torch.float64)
    return logits, torch.tensor([[0]])


IGNORED = (torch.zeros(1, 1, 2, dtype=torch.float64), torch.tensor([[-100]]))


@pytest.mark.parametrize("divergence", GENERATORS)
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_the_price_is_the_conjugate_of_the_reward(divergence, probability):
    answer = of_probability(probability)
    # Only the difference to an answer of probability 0 shows, on either side.
    nothing = forget_template_divergence(*IGNORED, *IGNORED, divergence=divergence)
    reward = nothing - forget_template_divergence(*answer, *IGNORED, divergence=divergence)
    price = forget_template_divergence(*IGNORED, *answer, divergence=divergence) - nothing
    u = torch.logspace(-4, 4, 400_001, dtype=torch.float64)
    generator = GENERATORS[divergence](u)
    start = REWARD_OF_NOTHING[divergence]

    def conjugate(t):
        return (t * u - generator).max()

    wanted = conjugate(start + reward) - conjugate(torch.tensor(start))
    torch.testing.assert_close(price, wanted, rtol=1e-4, atol=1e-4)


def batch(seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    logits = [torch.randn(3, steps, 4, generator=generator, dtype=torch.float64) for steps in (2, 5)]
    targets = [torch.randint(4, (3, steps), generator=generator) for steps in (2, 5)]
    targets[1][0, 2:] = -100
    return logits[0], targets[0], logits[1], targets[1]


def probabilities(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    rows = zip(logits.softmax(-1), target, strict=True)
    return torch.stack(
        [
            torch.stack([row[t, y] for t, y in enumerate(tokens.tolist()) if y >= 0]).mean()
            for row, tokens in rows
        ]
    )


@pytest.mark.parametrize("average_first", [False, True])
def test_averages_probabilities_and_not_their_logarithms(average_first):
    template_logits, template_target, forget_logits, forget_target = batch()
    template = probabilities(template_logits, template_target)
    forget = probabilities(forget_logits, forget_target)
    if average_first:
        template, forget = template.mean(), forget.mean()
    wanted = (forget + forget.square() / 4).mean() - template.mean()
    found = forget_template_divergence(*batch(), divergence="pearson", average_first=average_first)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("divergence", get_args(Divergence))
def test_of_one_question_the_order_of_averages_does_not_matter(divergence):
    one = tuple(value[:1] for value in batch())
    torch.testing.assert_close(
        forget_template_divergence(*one, divergence=divergence, average_first=True),
        forget_template_divergence(*one, divergence=divergence),
    )


def test_ignored_positions_may_count_as_probability_zero():
    answer, _ = of_probability(0.6)
    padded, ignored = torch.cat([answer, answer], 1), torch.tensor([[0, -100]])
    found = forget_template_divergence(*IGNORED, padded, ignored, divergence="pearson", count_ignored=True)
    assert found.item() == pytest.approx(0.3 + 0.09 / 4)
    found = forget_template_divergence(*IGNORED, padded, ignored, divergence="pearson")
    assert found.item() == pytest.approx(0.6 + 0.36 / 4)


@pytest.mark.parametrize("divergence", get_args(Divergence))
def test_training_prefers_the_template_where_the_reward_rises(divergence):
    template_logits, template_target, forget_logits, forget_target = batch()
    leaves = template_logits.clone().requires_grad_(), forget_logits.clone().requires_grad_()
    loss = forget_template_divergence(
        leaves[0], template_target, leaves[1], forget_target, divergence=divergence
    )
    loss.backward()
    template = leaves[0].grad.gather(2, template_target.unsqueeze(2))
    counts = forget_target >= 0
    forget = leaves[1].grad.gather(2, forget_target.clamp(min=0).unsqueeze(2)).squeeze(2)[counts]
    falling = divergence in {"reverse_kullback_leibler", "squared_hellinger", "neyman"}
    assert ((template > 0) if falling else (template < 0)).all()
    assert ((forget < 0) if falling else (forget > 0)).all()


def test_a_hopeless_answer_has_no_gradient():
    logits = torch.tensor([[[-1e4, 0.0]]], requires_grad=True)
    loss = forget_template_divergence(IGNORED[0].float(), IGNORED[1], logits, torch.tensor([[0]]))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize("divergence", get_args(Divergence))
@pytest.mark.parametrize("average_first", [False, True])
def test_empty_batch_gives_zero(divergence, average_first):
    empty = tuple(value[:0] for value in batch())
    assert forget_template_divergence(*empty, divergence=divergence, average_first=average_first).item() == 0


def test_bad_input_is_named():
    with pytest.raises(InvalidInputError, match=r"^divergence: got 'Jenson-Shannon'; wanted one of"):
        forget_template_divergence(*batch(), divergence="Jenson-Shannon")
    template_logits, template_target, forget_logits, forget_target = batch()
    wider = torch.cat([forget_logits, forget_logits[..., :1]], 2)
    with pytest.raises(ShapeError, match=r"^forget_logits: got a vocabulary of 5; wanted 4"):
        forget_template_divergence(template_logits, template_target, wider, forget_target)
    with pytest.raises(ShapeError, match=r"^template_target: got shape"):
        forget_template_divergence(template_logits, template_target[:, :1], forget_logits, forget_target)
