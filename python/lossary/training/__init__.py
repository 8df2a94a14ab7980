"""What a training loop uses beside a loss: miners, schedules and diagnostics, in PyTorch.

Miners say which pairs of a batch count. Each is a function of ``(embeddings, labels)`` that returns `Pairs`:
two masks of (batch, batch), by anchor, for positive and for negative pairs. Options are keyword-only, and
bound with ``functools.partial``. Losses over pairs have a function ``<loss>_values(similarity, pairs, ...)``
beside them, which takes what any miner returns:

    similarity = pair_similarity(embeddings, labels, normalize=True)
    loss = contrastive_values(similarity, miner(embeddings, labels), margin=0.5).mean()

`lossary.training.mined_pairs` has the type of miners, and lists pairs as numbers of items.
"""
