"""`loss_module`: the module of a stateless loss."""

import copy
import inspect
import pickle

import pytest

pytest.importorskip("torch")

import torch
from lossary.authoring import loss_module
from lossary.losses.segmentation.dice import Dice, dice


@pytest.fixture
def maps() -> tuple:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 2, 3, generator=generator), torch.ones(2, 2, 3)


def weighted(values, *, weight=None, power=2.0):
    """Powers, weighted."""
    result = values.abs() ** power
    return (result if weight is None else weight * result).mean()


Weighted = loss_module(weighted)


def without_options(values):
    return values.mean()


WithoutOptions = loss_module(without_options)


def test_options_given_to_the_constructor_reach_the_function(maps: tuple) -> None:
    assert torch.equal(Dice(smooth=1.0, squared=True)(*maps), dice(*maps, smooth=1.0, squared=True))


def test_the_function_holds_the_only_defaults(maps: tuple) -> None:
    assert torch.equal(Dice()(*maps), dice(*maps))
    assert Dice().smooth == inspect.signature(dice).parameters["smooth"].default


def test_forward_overrides_an_option_for_one_call(maps: tuple) -> None:
    module = Dice(reduction="sum")

    assert module(*maps, reduction="none").shape == (2, 2)
    assert torch.equal(module(*maps), dice(*maps, reduction="sum"))


def test_an_unknown_option_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TypeError, match=r"Dice: .*'smoth'; options are smooth, squared"):
        Dice(smoth=1.0)


def test_a_loss_without_options_says_so() -> None:
    with pytest.raises(TypeError, match="it has no options"):
        WithoutOptions(reduction="sum")


def test_options_are_not_taken_by_position() -> None:
    with pytest.raises(TypeError, match="positional"):
        Dice(1.0)


def test_repr_shows_every_option_with_its_value() -> None:
    assert repr(Weighted(power=3.0)) == "Weighted(weight=None, power=3.0)"


def test_name_doc_and_signature_are_the_functions() -> None:
    assert Dice.__name__ == Dice.__qualname__ == "Dice"
    assert Dice.__module__ == dice.__module__
    assert Dice.__doc__ == dice.__doc__
    assert list(inspect.signature(Dice).parameters)[:2] == ["smooth", "squared"]


def test_pickle_and_deepcopy_keep_the_options(maps: tuple) -> None:
    module = Dice(smooth=2.0)

    for twin in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        assert torch.equal(twin(*maps), module(*maps))


def test_tensor_options_are_buffers_that_move_with_the_module() -> None:
    module = Weighted(weight=torch.tensor([1.0, 2.0])).double()

    assert module.state_dict().keys() == {"weight"}
    assert module.weight.dtype == torch.float64


def test_tensor_options_reload_from_a_state_dict() -> None:
    source, other = Weighted(weight=torch.tensor([1.0, 2.0])), Weighted(weight=torch.zeros(2))

    other.load_state_dict(source.state_dict())

    assert torch.equal(other(torch.ones(2)), source(torch.ones(2)))


def test_the_module_compiles_in_one_graph(maps: tuple) -> None:
    torch.compiler.reset()
    module = Dice(smooth=1.0)

    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")

    torch.testing.assert_close(compiled(*maps), module(*maps))
