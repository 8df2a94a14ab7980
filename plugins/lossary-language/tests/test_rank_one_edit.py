"""Rank-one edit: recorded weights, what it must and must not change, the least change, errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.rank_one_edit import rank_one_edit

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "130-rank_one_edit.json")


def layer(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weight, inputs = (torch.randn(rows, 4, generator=generator, dtype=torch.float64) for rows in (3, 20))
    key, value = (torch.randn(size, generator=generator, dtype=torch.float64) for size in (4, 3))
    return weight, key, value, inputs.T @ inputs / 20


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_weight(case):
    inputs = {name: torch.from_numpy(array) for name, array in case.inputs.items()}
    wanted = torch.tensor(case.expected["weight"], dtype=torch.float64)
    found = rank_one_edit(**inputs, **case.params)
    torch.testing.assert_close(found, wanted, rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("with_covariance", [False, True])
def test_the_key_gives_the_value_by_a_change_of_rank_one(with_covariance):
    weight, key, value, covariance = layer()
    edited = rank_one_edit(weight, key, value, covariance if with_covariance else None)
    torch.testing.assert_close(edited @ key, value)
    assert torch.linalg.matrix_rank(edited - weight) == 1


def test_no_other_weight_that_gives_the_value_changes_ordinary_outputs_less():
    weight, key, value, covariance = layer()

    def cost(other: torch.Tensor) -> float:
        return torch.trace((other - weight) @ covariance @ (other - weight).T).item()

    edited = rank_one_edit(weight, key, value, covariance)
    across = torch.randn(50, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    across -= (across @ key / (key @ key)).unsqueeze(2) * key  # keeps what the key gives
    assert all(cost(edited + 0.1 * step) > cost(edited) for step in across)


def test_inputs_perpendicular_to_the_key_give_what_they_gave():
    weight, key, value, _ = layer()
    other = torch.stack([key[1], -key[0], key[3], -key[2]])
    torch.testing.assert_close(rank_one_edit(weight, key, value) @ other, weight @ other)


def test_a_value_that_is_there_already_changes_nothing():
    weight, key, _, covariance = layer()
    torch.testing.assert_close(rank_one_edit(weight, key, weight @ key, covariance), weight)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_keys_of_any_length_work(scale):
    weight, key, value, covariance = layer()
    edited = rank_one_edit(weight, key * scale, value * scale, covariance)
    torch.testing.assert_close(edited, rank_one_edit(weight, key, value, covariance))


def test_single_precision_is_computed_in_double():
    given = [tensor.float() for tensor in layer()]
    found = rank_one_edit(*given)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, rank_one_edit(*(tensor.double() for tensor in given)).float())


WEIGHT, KEY, VALUE, COVARIANCE = layer()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((KEY, KEY, VALUE), ShapeError, "weight: got shape"),
        ((WEIGHT, VALUE, VALUE), ShapeError, "key: got shape"),
        ((WEIGHT, KEY, KEY), ShapeError, "value: got shape"),
        ((WEIGHT, KEY, VALUE, WEIGHT), ShapeError, "covariance: got shape"),
        ((WEIGHT, KEY.long(), VALUE), DtypeError, "key: got dtype"),
        ((WEIGHT, KEY * math.nan, VALUE), InvalidInputError, "key: got 4 values"),
        ((WEIGHT, KEY * 0, VALUE), InvalidInputError, "key: got zeros only"),
        ((WEIGHT, KEY, VALUE, COVARIANCE.triu()), InvalidInputError, "covariance: got entries that differ"),
        ((WEIGHT, KEY, VALUE, -COVARIANCE), InvalidInputError, "covariance: got a matrix that is not"),
    ],
)
def test_bad_input_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        rank_one_edit(*arguments)
