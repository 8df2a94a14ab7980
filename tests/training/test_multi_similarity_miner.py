"""The miner: recorded masks, ties, degenerate anchors, and masks that carry no graph."""

from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.multi_similarity_miner import Pairs, mine_pairs, multi_similarity_miner

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "004-multi_similarity_miner.json")


def batch(items: int = 10, groups: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(groups, (items,), generator=generator)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_masks_equal_the_recorded_ones(case):
    inputs = {name: torch.from_numpy(array) for name, array in case.inputs.items()}
    pairs = multi_similarity_miner(**inputs, **case.params)
    assert pairs.positive.tolist() == case.expected["positive"]
    assert pairs.negative.tolist() == case.expected["negative"]


def test_pairs_agree_with_the_labels_and_exclude_self():
    embeddings, labels = batch()
    positive, negative = multi_similarity_miner(embeddings, labels, epsilon=10.0)
    same = labels[:, None] == labels[None]
    assert positive.equal(same & ~torch.eye(10, dtype=torch.bool))
    assert negative.equal(~same)


def test_wider_slack_keeps_every_pair_of_a_narrower_one():
    embeddings, labels = batch()
    narrow = multi_similarity_miner(embeddings, labels, epsilon=0.05)
    wide = multi_similarity_miner(embeddings, labels, epsilon=0.5)
    assert (narrow.positive <= wide.positive).all()
    assert (narrow.negative <= wide.negative).all()
    assert narrow.positive.sum() < wide.positive.sum()


def test_tie_is_not_kept():
    # Dot products of the anchor, item 0: 0.5 with its positive, 0.25 and 0.375 with its negatives.
    embeddings = torch.tensor([[1.0, 0.0], [0.5, 0.0], [0.25, 0.0], [0.375, 0.0]])
    labels = torch.tensor([0, 0, 1, 1])
    mined = multi_similarity_miner(embeddings, labels, epsilon=0.25, normalize=False)
    assert mined.negative[0].tolist() == [False, False, False, True]  # 0.25 is not above 0.5 - 0.25
    tied = multi_similarity_miner(embeddings, labels, epsilon=0.125, normalize=False)
    assert not tied.negative[0].any()  # 0.375 is not above 0.5 - 0.125
    assert not tied.positive[0].any()  # 0.5 is not below 0.375 + 0.125


@pytest.mark.parametrize(
    ("positive", "negative", "epsilon", "kept_alone"),
    [(0.03, 0.02, 0.01, "negative"), (-0.02, -0.03, 0.01, "positive")],
)
def test_anchor_whose_sides_rounding_separates_keeps_nothing(positive, negative, epsilon, kept_alone):
    # In decimals both are ties; in binary one of the two comparisons holds and the other does not.
    assert (negative > positive - epsilon) == (kept_alone == "negative")
    assert (positive < negative + epsilon) == (kept_alone == "positive")
    similarity = torch.eye(3, dtype=torch.float64)
    similarity[0, 1:] = torch.tensor([positive, negative], dtype=torch.float64)
    none = [False, False, False]
    pairs = Pairs(
        torch.tensor([[False, True, False], none, none]), torch.tensor([[False, False, True], none, none])
    )
    mined = mine_pairs(similarity, pairs, epsilon=epsilon)
    assert not mined.positive.any()
    assert not mined.negative.any()


@pytest.mark.parametrize(
    "labels", [[0], [0, 0, 0], [0, 1, 2]], ids=["one_item", "one_class", "all_different"]
)
def test_anchor_without_both_sides_keeps_nothing(labels):
    positive, negative = multi_similarity_miner(batch(len(labels))[0], torch.tensor(labels))
    assert not positive.any()
    assert not negative.any()


def test_duplicate_threshold_decides_what_a_duplicate_is():
    embeddings = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    labels = torch.tensor([0, 0, 0, 1])
    first = [
        multi_similarity_miner(embeddings, labels, epsilon=5.0, duplicate_threshold=threshold)
        .positive[0]
        .tolist()
        for threshold in ("auto", None, 0.5)
    ]
    assert first == [[False, False, True, False], [False, True, True, False], [False] * 4]


def test_masks_carry_no_graph_and_the_inputs_are_untouched():
    embeddings, labels = batch()
    before = embeddings.clone()
    embeddings.requires_grad_()
    pairs = multi_similarity_miner(embeddings, labels)
    assert not pairs.positive.requires_grad
    torch.testing.assert_close(embeddings.detach(), before, rtol=0, atol=0)


def test_half_precision_mines_as_single_precision():
    embeddings, labels = batch()
    half = embeddings.bfloat16()
    assert multi_similarity_miner(half, labels).positive.equal(
        multi_similarity_miner(half.float(), labels).positive
    )


def test_compiles_without_a_graph_break():
    embeddings, labels = batch()
    compiled = torch.compile(multi_similarity_miner, fullgraph=True, backend="aot_eager")
    assert compiled(embeddings, labels).positive.equal(multi_similarity_miner(embeddings, labels).positive)


def test_bad_input_is_named():
    embeddings, labels = batch()
    with pytest.raises(InvalidInputError, match="epsilon"):
        multi_similarity_miner(embeddings, labels, epsilon=-0.1)
    with pytest.raises(InvalidInputError, match="duplicate_threshold"):
        multi_similarity_miner(embeddings, labels, duplicate_threshold="none")
    with pytest.raises(DtypeError, match="embeddings"):
        multi_similarity_miner(labels.unsqueeze(1), labels)
    with pytest.raises(ShapeError, match="embeddings"):
        multi_similarity_miner(embeddings[0], labels)
    with pytest.raises(ShapeError, match="labels"):
        multi_similarity_miner(embeddings, labels.unsqueeze(1))
