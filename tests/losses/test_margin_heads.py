"""What all margin heads share: the module's own weight, the ends of the cosine, one class, and bad input."""

import copy
import math

import lossary
import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.naming import loss_names, pascal_case

HEADS = sorted(loss_names(list(lossary.losses.margin_heads.__path__)))
SOFTMAX_HEADS = [name for name in HEADS if name not in ("sigmoid_constrained_hypersphere", "magface")]


def spec_of(name: str):
    return lossary.get(name)


def example(name: str, seed: int = 0, dtype: torch.dtype = torch.float64) -> dict[str, torch.Tensor]:
    inputs = spec_of(name).example_inputs(torch.Generator().manual_seed(seed))
    return {key: value.to(dtype) if value.is_floating_point() else value for key, value in inputs.items()}


def module_of(name: str, **options):
    torch.manual_seed(0)
    return spec_of(name).module(3, 4, **options)


def test_the_family_is_complete():
    assert len(HEADS) == 9
    assert {"arcface", "normalized_softmax"} <= set(HEADS)


@pytest.mark.parametrize("name", HEADS)
def test_a_few_steps_bring_the_items_to_their_classes(name):
    head = module_of(name)
    inputs = example(name, dtype=torch.float32)
    embeddings = inputs["embeddings"].clone().requires_grad_()
    optimizer = torch.optim.Adam([embeddings, *head.parameters()], lr=0.05)

    def mean_cosine() -> float:
        own = head.weight[inputs["labels"]]
        return torch.cosine_similarity(embeddings, own).mean().item()

    before = mean_cosine()
    for _ in range(60):
        optimizer.zero_grad()
        head(embeddings, inputs["labels"]).backward()
        optimizer.step()
    assert mean_cosine() > before + 0.4


@pytest.mark.parametrize("name", HEADS)
def test_the_weight_survives_a_state_dict_and_moves_with_the_module(name):
    head, other = module_of(name), spec_of(name).module(3, 4)
    assert list(head.state_dict()) == ["weight"]
    assert not torch.equal(head.weight, other.weight)
    other.load_state_dict(head.state_dict())
    assert torch.equal(head.weight, other.weight)
    assert copy.deepcopy(head).double().weight.dtype == torch.float64


@pytest.mark.parametrize("name", HEADS)
def test_a_call_may_override_an_option(name):
    head, inputs = module_of(name).eval(), example(name, dtype=torch.float32)
    batch = inputs["embeddings"], inputs["labels"]
    values = head(*batch, reduction="none")
    assert values.shape == (8,)
    torch.testing.assert_close(values.mean(), head(*batch))


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_rows_parallel_to_their_class_have_finite_gradients(name, sign):
    inputs = example(name, dtype=torch.float32)
    inputs["embeddings"] = sign * inputs["weight"][inputs["labels"]]
    leaves = [inputs[key].requires_grad_() for key in ("embeddings", "weight")]
    loss = spec_of(name).function(**inputs)
    gradients = torch.autograd.grad(loss, leaves)
    assert loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", SOFTMAX_HEADS)
def test_one_class_gives_zero_with_a_graph(name):
    inputs = example(name)
    inputs |= {"weight": inputs["weight"][:1].requires_grad_(), "labels": torch.zeros(8, dtype=torch.long)}
    loss = spec_of(name).function(**inputs)
    loss.backward()
    assert loss.item() == 0
    assert not inputs["weight"].grad.any()


@pytest.mark.parametrize("name", HEADS)
def test_wide_weights_and_narrow_embeddings_meet_in_float32(name):
    inputs = example(name, dtype=torch.float32)
    narrow = inputs | {"embeddings": inputs["embeddings"].bfloat16()}
    loss = spec_of(name).function(**narrow)
    assert loss.dtype == torch.bfloat16
    wide = spec_of(name).function(**inputs | {"embeddings": narrow["embeddings"].float()})
    torch.testing.assert_close(loss, wide.bfloat16())


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("dtype", [torch.int16, torch.uint8, torch.int32])
def test_labels_may_have_any_integer_dtype(name, dtype):
    inputs = example(name)
    wanted = spec_of(name).function(**inputs)
    torch.testing.assert_close(
        spec_of(name).function(**inputs | {"labels": inputs["labels"].to(dtype)}), wanted
    )


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"labels": torch.tensor([0, 1, 2, 1, 0, 2, 1, 3])}, InvalidInputError, "labels: got class 3"),
        ({"labels": torch.tensor([0, 1, 2, 1, 0, 2, 1, -1])}, InvalidInputError, "labels: got class -1"),
        ({"labels": torch.zeros(7, dtype=torch.long)}, ShapeError, "labels"),
        ({"labels": torch.zeros(8)}, DtypeError, "labels"),
        ({"embeddings": torch.randn(8)}, ShapeError, "embeddings"),
        ({"embeddings": torch.ones(8, 4).tril()[:, :0]}, ShapeError, "embeddings"),
        ({"embeddings": torch.ones(8, 4).tril(-1)}, InvalidInputError, "embeddings: got zeros only in row 0"),
        ({"weight": torch.ones(3, 4).tril(-1)}, InvalidInputError, "weight: got zeros .* a direction$"),
        ({"weight": torch.ones(3, 5)}, ShapeError, "weight"),
        ({"weight": torch.ones(0, 4)}, ShapeError, "weight: got shape .* at least one row"),
        ({"weight": torch.ones(3, 4, dtype=torch.long)}, DtypeError, "weight"),
        ({"weight": torch.full((3, 4), math.nan)}, InvalidInputError, "weight"),
        ({"scale": 0.0}, InvalidInputError, "scale"),
        ({"reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(name, changed, error, message):
    if "scale" in changed and name == "adaptive_margin_softmax":
        changed = {"min_scale": 0.0}
        message = "min_scale"
    with pytest.raises(error, match=f"^{message}"):
        spec_of(name).function(**example(name, dtype=torch.float32) | changed)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize(
    ("sizes", "error", "argument"),
    [
        ((0, 4), InvalidInputError, "num_classes"),
        ((3, 0), InvalidInputError, "embedding_dim"),
        ((3.0, 4), DtypeError, "num_classes"),
    ],
)
def test_bad_sizes_of_a_module_are_named(name, sizes, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        spec_of(name).module(*sizes)


@pytest.mark.parametrize("name", HEADS)
def test_unknown_options_are_refused_with_the_known_ones(name):
    with pytest.raises(TypeError, match=f"{pascal_case(name)}: .*; options are .*reduction"):
        spec_of(name).module(3, 4, no_such_option=1)
