"""Negative extrapolation: goldens, state dicts of real modules, values that are copied, dtypes and errors."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.negative_extrapolation import negative_extrapolation

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "107-negative_extrapolation.json").cases


@pytest.mark.parametrize("golden", GOLDENS, ids=str)
def test_golden_of_arrays_and_of_tensors(golden):
    arrays = negative_extrapolation(**golden.inputs, **golden.params)
    assert arrays == pytest.approx(np.array(golden.expected["merged"]), rel=golden.rtol)
    tensors = {name: torch.from_numpy(value) for name, value in golden.inputs.items()}
    torch.testing.assert_close(
        negative_extrapolation(**tensors, **golden.params), torch.from_numpy(arrays), rtol=0.0, atol=0.0
    )


def model(seed: int) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    layers[1].num_batches_tracked.fill_(seed)
    return layers


def test_merges_a_model_into_one_that_loads():
    base, degraded = model(1), model(2)
    merged = negative_extrapolation(base.state_dict(), degraded.state_dict(), weight=0.5)
    model(3).load_state_dict(merged)
    torch.testing.assert_close(merged["0.weight"], 1.5 * base[0].weight.data - 0.5 * degraded[0].weight.data)
    assert merged["1.num_batches_tracked"].item() == 1


@pytest.mark.parametrize(("weight", "same_as"), [(0.0, 0), (-1.0, 1)])
def test_weights_at_which_it_is_one_of_the_two(weight, same_as):
    pair = torch.tensor([1.0, -2.0, 1e-30]), torch.tensor([0.5, 8.0, 3.0])
    torch.testing.assert_close(negative_extrapolation(*pair, weight=weight), pair[same_as], rtol=0, atol=0)


def test_infinite_entries_are_copied_one_by_one():
    base = torch.tensor([[0.0, -math.inf], [1.0, 2.0]])
    degraded = torch.tensor([[1.0, -math.inf], [1.0, 0.0]])
    found = negative_extrapolation(base, degraded, weight=1.0)
    assert found.tolist() == [[-1.0, -math.inf], [1.0, 4.0]]


def test_the_result_shares_no_memory_with_the_model():
    base = {"weight": torch.ones(2), "count": torch.tensor(3)}
    merged = negative_extrapolation(base, base, weight=1.0)
    for key, value in merged.items():
        value += 1
        assert not torch.equal(value, base[key])


def test_half_precision_is_merged_in_float32():
    base, degraded = torch.tensor([1.0]).bfloat16(), torch.tensor([1.0078125]).bfloat16()
    found = negative_extrapolation(base, degraded, weight=0.25)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, torch.tensor([1 - 0.25 * 0.0078125]).bfloat16(), rtol=0, atol=0)
    assert (
        negative_extrapolation(np.ones(2, np.float32), np.zeros(2, np.float32), weight=1.0).dtype
        == np.float32
    )


def test_missing_entries_are_named_or_copied():
    base, part = {"a": torch.ones(1), "b": torch.ones(1)}, {"a": torch.zeros(1)}
    with pytest.raises(InvalidInputError, match=r"^degraded: got a state dict without 'b'"):
        negative_extrapolation(base, part, weight=1.0)
    with pytest.raises(InvalidInputError, match=r"^base: got a state dict without 'b'"):
        negative_extrapolation(part, base, weight=1.0)
    found = negative_extrapolation(base, part, weight=1.0, missing="copy")
    assert {key: value.item() for key, value in found.items()} == {"a": 2.0, "b": 1.0}
    assert negative_extrapolation(part, base, weight=1.0, missing="copy").keys() == {"a"}


ONE = torch.ones(2)


@pytest.mark.parametrize(
    ("base", "degraded", "options", "error", "message"),
    [
        (ONE, ONE[:1], {}, ShapeError, "degraded: got shape"),
        ({"a": ONE}, {"a": ONE[:1]}, {}, ShapeError, r"degraded\['a'\]: got shape"),
        ({"a": ONE}, {"a": ONE / 0}, {}, InvalidInputError, r"degraded\['a'\]: got NaN"),
        ({"a": ONE}, {"a": ONE.long()}, {}, DtypeError, r"degraded\['a'\]: got dtype"),
        ({"a": ONE}, {"a": [1.0]}, {}, DtypeError, r"degraded\['a'\]: got list"),
        ({"a": 3}, {"a": ONE}, {}, DtypeError, r"base\['a'\]: got int"),
        ({"a": ONE}, ONE, {}, DtypeError, "degraded: got Tensor; wanted a state dict"),
        (np.ones(2), ONE, {}, DtypeError, "degraded: got Tensor; wanted a NumPy array"),
        (ONE.long(), ONE, {}, DtypeError, "base: got dtype"),
        (ONE, ONE, {"weight": math.nan}, InvalidInputError, "weight: got nan"),
        ({}, {}, {"missing": "skip"}, InvalidInputError, "missing: got 'skip'"),
    ],
)
def test_bad_input_is_named(base, degraded, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        negative_extrapolation(base, degraded, **{"weight": 1.0} | options)
