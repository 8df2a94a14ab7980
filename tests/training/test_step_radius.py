"""Step radii: recorded values, complex zeros, bounds, the cut of an optimiser's step, errors."""

import cmath
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UnsupportedOptionError
from lossary.training.step_radius import SafeStep, binary_step_radius, safe_step_scale, softmax_step_radius

FOLDER = Path(__file__).parents[1] / "goldens"
SOFTMAX = load_goldens(FOLDER / "088-softmax_step_radius.json")
BINARY = load_goldens(FOLDER / "088-binary_step_radius.json")


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("case", SOFTMAX.cases, ids=str)
def test_softmax_radius_equals_the_recorded_one(case):
    derivative = torch.from_numpy(case.inputs["logit_derivative"])
    radius = softmax_step_radius(derivative, **case.params)
    assert radius.item() == pytest.approx(case.expected["radius"], rel=case.rtol)
    assert softmax_step_radius(derivative, reduction="none").min() == radius
    assert softmax_step_radius(derivative, quantile=1.0) == radius


@pytest.mark.parametrize("case", BINARY.cases, ids=str)
def test_binary_radius_equals_the_recorded_one(case):
    found = binary_step_radius(*(torch.from_numpy(array) for array in case.inputs.values()))
    assert found.per_sample.tolist() == pytest.approx(case.expected["per_sample"], rel=case.rtol)
    assert found.radius.item() == pytest.approx(case.expected["radius"], rel=case.rtol)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_the_binary_radius_is_where_the_sum_of_exponentials_is_zero(seed):
    logits, rates = drawn(seed, 1, 2), drawn(seed + 1, 1, 2)
    (first, second), (fast, slow) = logits[0].tolist(), rates[0].tolist()
    radius = binary_step_radius(logits, rates).radius.item()
    zero = (1j * math.pi - (first - second)) / (fast - slow)
    assert abs(zero) == pytest.approx(radius)
    assert abs(cmath.exp(first + zero * fast) + cmath.exp(second + zero * slow)) < 1e-9 * math.exp(
        abs(first) + abs(second) + abs(zero) * (abs(fast) + abs(slow))
    )
    assert softmax_step_radius(rates).item() <= radius


@given(seed=st.integers(0, 2**16), classes=st.integers(2, 6), angle=st.floats(0, 2 * math.pi))
@settings(max_examples=20)
def test_within_the_radius_the_sum_of_exponentials_has_no_zero(seed, classes, angle):
    logits, rates = drawn(seed, classes), drawn(seed + 1, classes)
    radius = softmax_step_radius(rates.unsqueeze(0)).item()
    for share in (0.3, 0.7, 0.99):
        step = share * radius * cmath.exp(1j * angle)
        terms = [cmath.exp(z + step * a) for z, a in zip(logits.tolist(), rates.tolist(), strict=True)]
        assert abs(sum(terms)) > 1e-9 * max(map(abs, terms))


def test_a_quantile_lets_the_others_go_further():
    rates = torch.tensor([[1.0, 0.0], [2.0, 0.0], [100.0, 0.0]])
    assert softmax_step_radius(rates, quantile=0.5).item() == pytest.approx(math.pi / 2)
    assert softmax_step_radius(rates).item() == pytest.approx(math.pi / 100)


def test_where_nothing_changes_the_radius_is_infinite():
    still = torch.ones(3, 4)
    assert softmax_step_radius(still) == math.inf
    assert softmax_step_radius(still[:0]) == math.inf
    assert softmax_step_radius(still[:0], quantile=0.5) == math.inf
    assert safe_step_scale(still) == 1
    found = binary_step_radius(still[:, :2], still[:, :2])
    assert found.per_sample.tolist() == [math.inf] * 3
    assert binary_step_radius(still[:0, :2], still[:0, :2]).radius == math.inf


def test_large_rates_do_not_overflow():
    rates = torch.tensor([[3e38, -3e38]])
    assert 0 < softmax_step_radius(rates).item() < 1e-37
    assert 0 < binary_step_radius(torch.zeros(1, 2), rates).radius.item() < 1e-37


def test_the_scale_of_a_step_is_capped_by_one_and_grows_with_the_limit():
    rates = torch.tensor([[8.0, 0.0]])
    assert safe_step_scale(rates).item() == pytest.approx(math.pi / 8)
    assert safe_step_scale(rates, limit=2.0).item() == pytest.approx(math.pi / 4)
    assert safe_step_scale(rates / 100).item() == 1


def model() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Tanh(), torch.nn.Linear(8, 3)
    )


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(32, 4, generator=generator)
    return features, features[:, :3].argmax(1)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_a_long_step_is_cut_to_the_radius_along_itself(optimizer):
    network, whole = model(), model()
    features, target = batch()
    before = [value.detach().clone() for value in network.parameters()]
    safe = SafeStep(optimizer(network.parameters(), lr=3.0), network)
    plain = optimizer(whole.parameters(), lr=3.0)
    for each in (network, whole):
        torch.nn.functional.cross_entropy(each(features), target).backward()
    statistics = network[1].running_mean.clone()
    scale = safe.step(features)
    plain.step()
    assert 0 < scale < 0.5
    assert network[1].running_mean.equal(statistics)
    steps = []
    for start, cut, full in zip(before, network.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(cut, start + scale * (full - start))
        steps.append(full.detach() - start)
    names = [name for name, _ in network.named_parameters()]
    _, rates = torch.func.jvp(
        lambda values: torch.func.functional_call(model(), values, features),
        (dict(zip(names, before, strict=True)),),
        (dict(zip(names, steps, strict=True)),),
    )
    torch.testing.assert_close(scale, softmax_step_radius(rates))


def test_a_short_step_is_taken_as_it_is():
    network, whole = model(), model()
    features, target = batch()
    safe = SafeStep(torch.optim.Adam(network.parameters(), lr=1e-4), network)
    plain = torch.optim.Adam(whole.parameters(), lr=1e-4)
    for each in (network, whole):
        torch.nn.functional.cross_entropy(each(features), target).backward()
    assert safe.step(features) == 1
    plain.step()
    for cut, full in zip(network.parameters(), whole.parameters(), strict=True):
        assert cut.equal(full)


def test_training_survives_a_learning_rate_that_is_far_too_large():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(200, 4, generator=generator)
    target = (features[:, :3] + 0.5 * torch.randn(200, 3, generator=generator)).argmax(1)

    def final_loss(*, cut: bool) -> float:
        torch.manual_seed(0)
        layers = (torch.nn.Linear(4, 32), torch.nn.ReLU(), torch.nn.Linear(32, 32), torch.nn.ReLU())
        network = torch.nn.Sequential(*layers, torch.nn.Linear(32, 3))
        optimizer = torch.optim.SGD(network.parameters(), lr=30.0)
        safe = SafeStep(optimizer, network)
        for _ in range(60):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(features), target)
            loss.backward()
            safe.step(features) if cut else optimizer.step()
        return loss.item()

    assert final_loss(cut=True) < 0.6
    assert final_loss(cut=False) > 1.1  # worse than a guess


def test_logits_may_be_a_part_of_the_output():
    network = torch.nn.Linear(4, 6)
    features, _ = batch()
    safe = SafeStep(torch.optim.SGD(network.parameters(), lr=100.0), network)
    network(features).square().sum().backward()
    assert 0 < safe.step(features, logits_of=lambda output: output[:, :3]) < 1


def test_a_step_beyond_all_numbers_is_refused_and_taken_back():
    network = torch.nn.Linear(4, 3)
    features, _ = batch()
    before = network.weight.detach().clone()
    network.weight.grad = torch.full_like(network.weight, math.inf)
    network.bias.grad = torch.zeros_like(network.bias)
    with pytest.raises(InvalidInputError, match=r"^logit_derivative: "):
        SafeStep(torch.optim.SGD(network.parameters(), lr=1.0), network).step(features)
    assert network.weight.equal(before)


RATES = torch.ones(3, 2)


@pytest.mark.parametrize(
    ("derivative", "options", "error", "argument"),
    [
        (RATES[0], {}, ShapeError, "logit_derivative"),
        (RATES[:, :1], {}, ShapeError, "logit_derivative"),
        (RATES.long(), {}, DtypeError, "logit_derivative"),
        (RATES * math.nan, {}, InvalidInputError, "logit_derivative"),
        (RATES, {"quantile": 1.5}, InvalidInputError, "quantile"),
        (RATES, {"reduction": "mean"}, InvalidInputError, "reduction"),
        (RATES, {"reduction": "none", "quantile": 0.5}, UnsupportedOptionError, "quantile"),
    ],
)
def test_bad_input_is_named(derivative, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        softmax_step_radius(derivative, **options)


@pytest.mark.parametrize(
    ("logits", "derivative", "argument"),
    [
        (torch.ones(3, 3), torch.ones(3, 3), "logits"),
        (RATES, RATES[:2], "logit_derivative"),
        (RATES * math.inf, RATES, "logits"),
    ],
)
def test_bad_binary_input_is_named(logits, derivative, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}: "):
        binary_step_radius(logits, derivative)


def test_bad_limits_are_named():
    with pytest.raises(InvalidInputError, match=r"^limit: "):
        safe_step_scale(RATES, limit=0.0)
    with pytest.raises(InvalidInputError, match=r"^limit: "):
        SafeStep(torch.optim.SGD([RATES]), model(), limit=-1.0)
