"""The two heads of drawn margins: how margins are given out, drawn and refused, and what one margin gives."""

import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.margin_heads.arcface import arcface
from lossary.losses.margin_heads.cosface import cosface
from lossary.losses.margin_heads.elastic_arcface import ElasticArcface, elastic_arcface
from lossary.losses.margin_heads.elastic_cosface import ElasticCosface, elastic_cosface
from torch.nn import functional

HEADS = [(elastic_arcface, ElasticArcface), (elastic_cosface, ElasticCosface)]
FUNCTIONS = [function for function, _ in HEADS]
MODULES = [module for _, module in HEADS]


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    labels = torch.randint(4, (6,), generator=generator)
    return embeddings, labels, weight, 0.4 + 0.1 * torch.randn(6, generator=generator, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), margin=st.floats(0.0, 1.0))
@settings(max_examples=10)
@pytest.mark.parametrize("assignment", ["random", "ranked", "ranked_official"])
def test_equal_margins_are_the_heads_of_one_margin(assignment, seed, margin):
    *inputs, margins = batch(seed)
    margins = torch.full_like(margins, margin)
    arc, cos = (function(*inputs, margins, assignment=assignment) for function in FUNCTIONS)
    torch.testing.assert_close(arc, arcface(*inputs, margin=margin, boundary="none"))
    torch.testing.assert_close(cos, cosface(*inputs, margin=margin))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_random_margins_belong_to_their_items(function):
    embeddings, labels, weight, margins = batch(0)
    values = function(embeddings, labels, weight, margins, reduction="none")
    alone = [
        function(embeddings[[i]], labels[[i]], weight, margins[[i]], reduction="none")
        for i in range(len(labels))
    ]
    torch.testing.assert_close(values, torch.cat(alone))


@given(seed=st.integers(0, 2**16))
@pytest.mark.parametrize("function", FUNCTIONS)
@settings(max_examples=15)
def test_ranked_margins_are_smallest_where_the_item_is_nearest(function, seed):
    embeddings, labels, weight, margins = batch(seed)
    nearest = functional.cosine_similarity(embeddings, weight[labels]).argsort(descending=True)
    given_out = torch.empty_like(margins)
    given_out[nearest] = margins.sort().values
    wanted = function(embeddings, labels, weight, given_out, reduction="none")
    ranked = function(embeddings, labels, weight, margins, assignment="ranked", reduction="none")
    torch.testing.assert_close(ranked, wanted)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_official_form_agrees_with_the_ranked_one_where_the_order_is_its_own_inverse(function):
    weight, labels = torch.eye(3, dtype=torch.float64)[:2], torch.tensor([0, 0, 0])
    margins = torch.tensor([0.3, 0.1, 0.2], dtype=torch.float64)

    def agree(*degrees: float) -> bool:
        angle = torch.tensor(degrees, dtype=torch.float64).deg2rad()
        embeddings = torch.stack([angle.cos(), 0 * angle, angle.sin()], 1)
        ranked, official = (
            function(embeddings, labels, weight, margins, assignment=name, reduction="none")
            for name in ("ranked", "ranked_official")
        )
        return torch.allclose(ranked, official)

    assert agree(40.0, 20.0, 60.0)  # the first two change places
    assert not agree(20.0, 60.0, 40.0) or not agree(40.0, 60.0, 20.0)  # a turn of three


@pytest.mark.parametrize("module", MODULES)
def test_training_draws_anew_and_evaluation_takes_the_mean(module):
    torch.manual_seed(0)
    head = module(4, 3, reduction="none").double()
    embeddings, labels, *_ = batch(0)
    assert not torch.equal(head(embeddings, labels), head(embeddings, labels))
    head.eval()
    wanted = head(embeddings, labels, torch.full((6,), head.margin, dtype=torch.float32))
    assert torch.equal(head(embeddings, labels), wanted)


@pytest.mark.parametrize("module", MODULES)
def test_a_generator_makes_the_draws_repeatable(module):
    embeddings, labels, *_ = batch(0)
    torch.manual_seed(1)
    head = module(4, 3, generator=torch.Generator().manual_seed(5))
    state = torch.get_rng_state()
    first = head(embeddings, labels)
    assert torch.equal(state, torch.get_rng_state())
    head.generator.manual_seed(5)
    assert torch.equal(head(embeddings, labels), first)


@pytest.mark.parametrize("module", MODULES)
def test_margins_are_drawn_with_the_given_mean_and_deviation(module):
    head = module(2, 3, margin=0.3, std=0.1, generator=torch.Generator().manual_seed(0))
    margins = head._margins(torch.zeros(20000, 3))
    assert margins.mean().item() == pytest.approx(0.3, abs=0.005)
    assert margins.std().item() == pytest.approx(0.1, abs=0.005)
    assert (margins < 0).any()  # not cut at 0


@pytest.mark.parametrize("module", MODULES)
def test_the_module_pickles_and_shows_its_options(module):
    head = pickle.loads(pickle.dumps(module(4, 3, std=0.0175, assignment="ranked")))
    assert "std=0.0175" in repr(head)
    assert "assignment='ranked'" in repr(head)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("margins", "options", "error", "argument"),
    [
        (torch.zeros(5), {}, ShapeError, "margins"),
        (torch.zeros(6, 1), {}, ShapeError, "margins"),
        (torch.zeros(6, dtype=torch.long), {}, DtypeError, "margins"),
        (torch.full((6,), torch.nan), {}, InvalidInputError, "margins"),
        (torch.zeros(6), {"assignment": "sorted"}, InvalidInputError, "assignment"),
    ],
)
def test_bad_margins_are_named(function, margins, options, error, argument):
    *inputs, _ = batch(0)
    with pytest.raises(error, match=f"^{argument}: "):
        function(*inputs, margins, **options)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(("option", "value"), [("std", -0.1), ("margin", torch.nan)])
def test_bad_draws_are_named(module, option, value):
    with pytest.raises(InvalidInputError, match=f"^{option}: "):
        module(4, 3, **{option: value})
