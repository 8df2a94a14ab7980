"""The loop of a student whose teacher may not undo what its labels teach."""


def test_aligned_steps_never_make_less_progress_on_the_labels(loop):
    alone, added, aligned = loop("align_gradients").compare(seed=1, steps=200)
    assert alone.slowed == aligned.slowed == 0
    assert added.slowed > 0.05
    assert added.label_loss != aligned.label_loss
