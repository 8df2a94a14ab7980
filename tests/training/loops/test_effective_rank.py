"""The rank of embeddings without labels: it falls under alignment alone, and is held up by its own term."""


def test_alignment_alone_collapses_and_the_rank_holds_it_up(loop):
    script = loop("effective_rank")
    alignment, with_rank = script.compare(steps=150)
    assert len(alignment.ranks) == script.WATCHED + 1
    assert alignment.ranks[0] == with_rank.ranks[0]  # the same weights at the start
    assert alignment.ranks[-1] < 3
    assert with_rank.ranks[-1] > 10
    assert with_rank.right > alignment.right
