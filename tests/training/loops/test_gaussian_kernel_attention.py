"""A transformer with kernels for attention: it learns, by all tokens and by landmarks."""

import torch


def test_kernels_learn_as_softmax_does(loop):
    result = loop("gaussian_kernel_attention").compare(steps=120)
    assert all(found.right > 0.25 for found in result)  # one in ten by chance


def test_as_many_landmarks_as_tokens_leave_the_kernel_as_it_is(loop):
    script = loop("gaussian_kernel_attention")
    draws = torch.Generator().manual_seed(0)
    query, value = (2 * torch.randn(3, 8, 16, generator=draws) for _ in range(2))
    torch.testing.assert_close(
        script.by_landmarks(query, value), script.by_kernel(query, value), rtol=0.05, atol=0.01
    )
