"""Log-probability of sequences: goldens, shifts, ignored tokens, gradients, transforms and errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.sequence_log_prob import sequence_log_prob

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "093-sequence_log_prob.json").cases


def rows(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return logits, torch.randint(shape[-1], shape[:-1], generator=generator)


@pytest.mark.parametrize("golden", GOLDENS, ids=str)
def test_golden(golden):
    inputs = {name: torch.from_numpy(value) for name, value in golden.inputs.items()}
    wanted = torch.tensor(golden.expected["loss"], dtype=torch.float64)
    torch.testing.assert_close(
        sequence_log_prob(**inputs, **golden.params), wanted, rtol=golden.rtol, atol=golden.atol
    )


def test_equals_the_definition_read_literally():
    logits, target = rows(2, 3, 4)
    target[0, 1] = -100
    wanted = [
        sum(
            math.log(logits[n, t].exp()[target[n, t]] / logits[n, t].exp().sum())
            for t in range(3)
            if target[n, t] != -100
        )
        for n in range(2)
    ]
    torch.testing.assert_close(sequence_log_prob(logits, target), torch.tensor(wanted, dtype=torch.float64))


def test_shift_predicts_the_next_token():
    logits, tokens = rows(2, 5, 4)
    aligned = sequence_log_prob(logits[:, :-1], tokens[:, 1:])
    torch.testing.assert_close(sequence_log_prob(logits, tokens, shift=True), aligned)


@pytest.mark.parametrize("shape", [(2, 1, 3), (2, 0, 3), (0, 4, 3)])
@pytest.mark.parametrize("average", [False, True])
def test_nothing_to_predict_gives_zero_with_a_graph(shape, average):
    logits, target = torch.zeros(shape, requires_grad=True), torch.zeros(shape[:2], dtype=torch.long)
    found = sequence_log_prob(logits, target, shift=True, average=average)
    assert found.shape == shape[:1]
    assert not found.any()
    found.sum().backward()
    assert not logits.grad.any()


def test_padding_changes_nothing():
    logits, target = rows(2, 3, 4)
    padded = torch.cat([logits, torch.full((2, 2, 4), 1e4, dtype=torch.float64)], 1)
    tokens = torch.cat([target, torch.full((2, 2), 7)], 1)
    for average in (False, True):
        torch.testing.assert_close(
            sequence_log_prob(padded, tokens, ignore_index=7, average=average),
            sequence_log_prob(logits, target, average=average),
        )


def test_huge_logits_are_finite():
    logits = torch.tensor([[[1e4, -1e4], [0.0, 0.0]]], requires_grad=True)
    found = sequence_log_prob(logits, torch.tensor([[1, 0]]))
    found.backward()
    assert found.item() == pytest.approx(-2e4, rel=1e-3)
    assert logits.grad.isfinite().all()


def test_half_precision_is_summed_in_float32():
    logits, target = rows(2, 300, 4)
    narrow = logits.bfloat16()
    found = sequence_log_prob(narrow, target)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, sequence_log_prob(narrow.float(), target).bfloat16())


def test_gradients_and_transforms():
    logits, target = rows(2, 3, 4)
    target[0, 2] = -100

    def of_logits(values: torch.Tensor) -> torch.Tensor:
        return sequence_log_prob(values, target, shift=True, average=True)

    leaf = logits.requires_grad_()
    assert torch.autograd.gradcheck(of_logits, leaf)
    assert torch.autograd.gradgradcheck(of_logits, leaf, fast_mode=True)
    compiled = torch.compile(of_logits, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(leaf), of_logits(leaf))
    mapped = torch.func.vmap(of_logits)(torch.stack([leaf, -leaf]))
    torch.testing.assert_close(mapped[1], of_logits(-leaf))


LOGITS, TARGET = rows(2, 3, 4)


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET, {}, ShapeError, "logits"),
        (LOGITS[0], TARGET, {"shift": True}, ShapeError, "logits"),
        (LOGITS[..., :0], TARGET, {}, ShapeError, "logits"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET[:, :2], {}, ShapeError, "target"),
        (LOGITS, TARGET[0], {"shift": True}, ShapeError, "target"),
        (LOGITS, TARGET.float(), {}, DtypeError, "target"),
        (LOGITS, TARGET + 4, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, {"ignore_index": 0.5}, DtypeError, "ignore_index"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        sequence_log_prob(logits, target, **options)
