"""The family of score matching: goldens of its helpers, identities between its losses, known densities."""

import json
import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.antithetic_denoising_score_matching import antithetic_denoising_score_matching
from lossary_physics.denoising_score_matching import denoising_score_matching
from lossary_physics.geometric_brownian_perturbation import geometric_brownian_perturbation
from lossary_physics.implicit_score_matching import implicit_score_matching
from lossary_physics.multiplicative_denoising_score_matching import multiplicative_denoising_score_matching
from lossary_physics.nonnegative_score_matching import nonnegative_score_matching
from lossary_physics.score_divergence import rademacher_probe, score_divergence
from lossary_physics.score_from_reconstruction import score_from_reconstruction
from lossary_physics.sliced_score_matching import sliced_score_matching
from lossary_physics.stationary_fokker_planck_residual import stationary_fokker_planck_residual

GOLDENS = Path(__file__).parent / "goldens"
WEIGHTS = ("W1", "b1", "W2", "b2")


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def expected(case, name: str) -> torch.Tensor:
    return torch.tensor(case.expected[name], dtype=torch.float64)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sigma", [0.01, 0.7, 10.0])
def test_the_weighting_multiplies_by_the_variance(seed, sigma):
    score, noise = draw(2, 5, 3, seed=seed)
    weighted = denoising_score_matching(score, noise, sigma)
    plain = denoising_score_matching(score, noise, sigma, weighting="none")
    torch.testing.assert_close(weighted, sigma**2 * plain, rtol=1e-9, atol=0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("volatility", [0.01, 0.7, 10.0])
def test_noise_that_multiplies_is_noise_added_to_the_logarithm(seed, volatility):
    score, noise = draw(2, 5, 3, seed=seed)
    for weighting, weighting_of_log in (("none", "none"), ("volatility2", "sigma2")):
        found = multiplicative_denoising_score_matching(score, noise, volatility, weighting=weighting)
        of_log = denoising_score_matching(score + 1, noise, volatility, weighting=weighting_of_log)
        torch.testing.assert_close(found, of_log, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", [denoising_score_matching, multiplicative_denoising_score_matching])
def test_one_level_for_all_is_the_same_level_for_each(loss):
    score, noise = draw(2, 4, 2, 3)
    values = loss(score, noise, 0.3, reduction="none")
    for level in (torch.tensor(0.3, dtype=torch.float64), torch.full((4,), 0.3, dtype=torch.float64)):
        torch.testing.assert_close(loss(score, noise, level, reduction="none"), values)


def test_levels_belong_to_samples():
    score, noise = draw(2, 3, 3)  # as many samples as entries, so that a wrong axis would fit as well
    sigma = torch.tensor([0.1, 1.0, 10.0], dtype=torch.float64)
    each = [denoising_score_matching(score[n : n + 1], noise[n : n + 1], sigma[n]) for n in range(3)]
    torch.testing.assert_close(
        denoising_score_matching(score, noise, sigma, reduction="none"), torch.stack(each)
    )


def test_denoising_finds_the_score_of_the_noisy_data():
    generator = torch.Generator().manual_seed(0)
    data, noise = torch.randn(2, 200_000, generator=generator, dtype=torch.float64)
    noisy = 2 * data + 0.5 * noise  # normal with variance 4.25, whose score is -x / 4.25
    slope = torch.tensor(-1 / 4.25, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(denoising_score_matching(slope * noisy, noise, 0.5), slope)
    assert abs(gradient.item()) < 0.01
    off = torch.tensor(-1 / 4.0, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(denoising_score_matching(off * noisy, noise, 0.5), off)
    assert gradient.item() < -0.01


def test_implicit_matching_of_a_normal_density_is_least_at_its_score():
    samples = draw(50, 2)
    samples = samples / samples.square().mean(0).sqrt()
    divergence = torch.full((50,), 2.0, dtype=torch.float64)

    def loss(slope: float) -> float:
        return implicit_score_matching(slope * samples, slope * divergence).item()

    assert loss(-1.0) == pytest.approx(-1.0)
    assert loss(-1.0) < min(loss(-1.01), loss(-0.99))


def test_forces_are_scores_times_the_temperature():
    score, divergence = draw(4, 3), draw(4, seed=1)
    forces = implicit_score_matching(0.7 * score, 0.7 * divergence, temperature=0.7)
    torch.testing.assert_close(forces, 0.49 * implicit_score_matching(score, divergence))


@pytest.mark.parametrize("variance_reduced", [True, False])
def test_all_axes_as_probes_make_sliced_matching_implicit(variance_reduced):
    score, matrix = draw(4, 3), draw(3, 3, seed=1)
    probe = math.sqrt(3) * torch.eye(3, dtype=torch.float64).unsqueeze(1).expand(3, 4, 3)
    divergence = matrix.trace().expand(4)
    found = sliced_score_matching(score, probe, probe @ matrix.T, variance_reduced=variance_reduced)
    torch.testing.assert_close(found, implicit_score_matching(score, divergence))
    transposed = sliced_score_matching(score, probe, probe @ matrix, variance_reduced=variance_reduced)
    torch.testing.assert_close(transposed, found)


def network(inputs: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.tanh(inputs @ weights["W1"] + weights["b1"]) @ weights["W2"] + weights["b2"]


def golden_model(identifier: str) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The weights of a case's network and the gradients of its loss, which only this file of goldens has."""

    content = json.loads((GOLDENS / "037-score_divergence.json").read_text(encoding="utf-8"))
    (case,) = [entry for entry in content["cases"] if entry["id"] == identifier]
    weights = {name: torch.tensor(case["model"][name]["data"], dtype=torch.float64) for name in WEIGHTS}
    gradients = {name: torch.tensor(case["model_grad"][name], dtype=torch.float64) for name in WEIGHTS}
    return weights, gradients


@pytest.mark.parametrize("case", load_goldens(GOLDENS / "037-score_divergence.json").cases, ids=str)
def test_divergence_equals_its_goldens_and_trains_the_network(case):
    weights, gradients = golden_model(case.id)
    for weight in weights.values():
        weight.requires_grad_()
    inputs = torch.from_numpy(case.inputs["inputs"]).requires_grad_()
    probe = case.inputs.get("probe")
    score = network(inputs, weights)
    divergence = score_divergence(score, inputs, None if probe is None else torch.from_numpy(probe))
    loss = implicit_score_matching(score, divergence)
    found = torch.autograd.grad(loss, [weights[name] for name in WEIGHTS])
    tolerance = {"rtol": case.rtol, "atol": case.atol}
    torch.testing.assert_close(divergence.detach(), expected(case, "divergence"), **tolerance)
    torch.testing.assert_close(loss.detach(), expected(case, "loss"), **tolerance)
    if "score" in case.expected:
        torch.testing.assert_close(score.detach(), expected(case, "score"), **tolerance)
    for name, gradient in zip(WEIGHTS, found, strict=True):
        torch.testing.assert_close(gradient, gradients[name], **tolerance)


def test_sliced_matching_is_implicit_matching_with_an_estimated_divergence():
    weights, _ = golden_model("exact-divergence-0")
    inputs = draw(4, 3).requires_grad_()
    score = network(inputs, weights)
    probe = rademacher_probe(inputs, 2, generator=torch.Generator().manual_seed(0))
    products = [
        torch.autograd.grad((score * direction).sum(), inputs, retain_graph=True)[0] for direction in probe
    ]
    found = sliced_score_matching(score, probe, torch.stack(products))
    wanted = implicit_score_matching(score, score_divergence(score, inputs, probe))
    torch.testing.assert_close(found, wanted)


def test_divergence_of_samples_of_any_shape():
    inputs = draw(3, 2, 2).requires_grad_()
    found = score_divergence(inputs**3, inputs, create_graph=False)
    torch.testing.assert_close(found, 3 * inputs.detach().square().sum((1, 2)))
    assert not found.requires_grad
    line = draw(3).requires_grad_()
    torch.testing.assert_close(score_divergence(line**2, line).detach(), 2 * line.detach())


def test_an_entry_that_does_not_depend_on_the_inputs_adds_nothing():
    inputs = draw(3, 2).requires_grad_()
    score = torch.stack([inputs[:, 0] ** 2, torch.ones(3, dtype=torch.float64, requires_grad=True)], 1)
    torch.testing.assert_close(score_divergence(score, inputs).detach(), 2 * inputs.detach()[:, 0])


def test_probes_are_unbiased_and_drawn_from_the_generator():
    probe = rademacher_probe(torch.zeros(5, 2), 400, generator=torch.Generator().manual_seed(0))
    assert probe.abs().eq(1).all()
    assert probe.mean(0).abs().max() < 0.2
    again = rademacher_probe(torch.zeros(5, 2), 400, generator=torch.Generator().manual_seed(0))
    assert torch.equal(probe, again)
    with pytest.raises(InvalidInputError, match=r"^num_probes: got 0"):
        rademacher_probe(torch.zeros(5, 2), 0)


LEAF = draw(3, 2).requires_grad_()


@pytest.mark.parametrize(
    ("arguments", "error", "argument"),
    [
        ((draw(3, 2), draw(3, 2)), InvalidInputError, "inputs: got a tensor without a graph"),
        ((draw(3, 2), LEAF), InvalidInputError, "score: got a tensor without a graph"),
        ((draw(3, 2).requires_grad_() * 2, LEAF), InvalidInputError, "score: .*does not depend on inputs"),
        ((LEAF[:, :1], LEAF), ShapeError, "score"),
        ((LEAF * 2, LEAF, draw(3, 2)), ShapeError, "probe"),
        ((LEAF * 2, LEAF, draw(0, 3, 2)), ShapeError, "probe"),
        ((LEAF * 2, LEAF, torch.ones(1, 3, 2, dtype=torch.int64)), DtypeError, "probe"),
    ],
)
def test_divergences_that_cannot_be_had_are_refused(arguments, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        score_divergence(*arguments)


@pytest.mark.parametrize(
    "case", load_goldens(GOLDENS / "037-geometric_brownian_perturbation.json").cases, ids=str
)
def test_perturbation_equals_its_goldens(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    found = geometric_brownian_perturbation(**inputs, **case.params)
    for name in found._fields:
        torch.testing.assert_close(getattr(found, name), expected(case, name), rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("drift", [0.0, 0.4])
def test_the_target_is_x_times_the_score_of_the_log_normal_density(drift):
    data, noise = draw(4, 3).exp(), draw(4, 3, seed=1)
    time = torch.tensor([0.2, 0.5, 1.0, 2.0], dtype=torch.float64)
    perturbed, volatility = geometric_brownian_perturbation(data, noise, time, drift=drift, volatility=0.8)
    x = perturbed.requires_grad_()
    center = data.log() + ((drift - 0.32) * time).unsqueeze(1)
    density = torch.distributions.LogNormal(center, volatility.unsqueeze(1))
    (score,) = torch.autograd.grad(density.log_prob(x).sum(), x)
    assert multiplicative_denoising_score_matching(x * score, noise, volatility).item() < 1e-20


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((torch.tensor([[0.0]]), torch.ones(1, 1), 1.0), {}, InvalidInputError, "data: got 0.*offset"),
        ((torch.ones(0, 1), torch.ones(0, 1), 1.0), {}, ShapeError, "data"),
        ((torch.ones(2, 1), torch.ones(2), 1.0), {}, ShapeError, "noise"),
        ((torch.ones(2, 1), torch.ones(2, 1), torch.ones(2, 1)), {}, ShapeError, "time"),
        ((torch.ones(2, 1), torch.ones(2, 1), -1.0), {}, InvalidInputError, "time"),
        ((torch.ones(2, 1), torch.ones(2, 1), torch.tensor(-1.0)), {}, InvalidInputError, "time: got -1"),
        ((torch.ones(2, 1), torch.ones(2, 1), 1.0), {"volatility": 0.0}, InvalidInputError, "volatility"),
    ],
)
def test_bad_perturbations_are_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        geometric_brownian_perturbation(*arguments, **options)


def test_nonnegative_matching_is_half_the_weighted_distance_but_for_a_constant():
    # Gamma(3, 1) by quadrature: s = a / x - b is right at a = 2, b = 1.
    x = torch.linspace(1e-4, 60, 200_001, dtype=torch.float64).unsqueeze(1)
    density = (0.5 * x.square() * torch.exp(-x)).squeeze(1)

    def values(a: float, b: float) -> tuple[float, float]:
        losses = nonnegative_score_matching(x, a / x - b, -a / x.square(), reduction="none")
        distance = 0.5 * (x * ((a / x - b) - (2 / x - 1))).square().squeeze(1)
        grid = x.squeeze(1)
        return torch.trapezoid(density * losses, grid).item(), torch.trapezoid(
            density * distance, grid
        ).item()

    constant = values(2.0, 1.0)[0]
    for a, b in ((1.0, 1.0), (2.5, 0.4)):
        loss, distance = values(a, b)
        assert loss - constant == pytest.approx(distance, rel=1e-6)


def test_an_entry_of_zero_counts_nothing():
    inputs, score = torch.tensor([[0.0, 1.0]]), torch.tensor([[1e6, 1.0]])
    assert nonnegative_score_matching(inputs, score, score).item() == 2 + 1 + 0.5


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", [0.01, 0.7, 10.0])
def test_a_pair_is_denoising_twice_without_the_constant(seed, scale):
    plus, minus, noise = draw(3, 5, 3, seed=seed)
    twice = denoising_score_matching(plus, noise, scale, weighting="none") + denoising_score_matching(
        minus, -noise, scale, weighting="none"
    )
    wanted = twice - (noise / scale).square().sum(1).mean()
    found = antithetic_denoising_score_matching(plus, minus, noise, scale)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_a_small_step_adds_no_variance_to_a_smooth_score():
    start, noise = draw(2, 2000, 1)

    def spread(scale: float) -> float:
        values = antithetic_denoising_score_matching(
            -(start + scale * noise), -(start - scale * noise), noise, scale, reduction="none"
        )
        return values.std().item()

    assert spread(1e-6) == pytest.approx(spread(1e-2), rel=0.01)


def test_the_rotating_flow_of_a_normal_density_is_stationary():
    x = draw(9, 2)
    velocity = torch.stack([-x[:, 1], x[:, 0]], 1)
    zero = torch.zeros(9, dtype=torch.float64)
    for kind in ("pointwise", "mean_divergence", "mean_advection"):
        assert stationary_fokker_planck_residual(velocity, -x, zero, kind=kind).item() < 1e-28
    spreading = stationary_fokker_planck_residual(x, -x, zero + 2)
    torch.testing.assert_close(spreading, (2 - x.square().sum(1)).square().mean())


@pytest.mark.parametrize("case", load_goldens(GOLDENS / "051-score_from_reconstruction.json").cases, ids=str)
def test_score_from_reconstruction_equals_its_goldens(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    found = score_from_reconstruction(**inputs, **case.params)
    torch.testing.assert_close(found, expected(case, "score"), rtol=case.rtol, atol=case.atol)


def test_the_error_of_denoising_is_score_matching():
    data, noise, change = draw(3, 6, 2)
    noisy = data + 0.3 * noise
    reconstruction = data + change
    score = score_from_reconstruction(noisy, reconstruction, sigma=0.3)
    matching = denoising_score_matching(score, noise, 0.3, weighting="none")
    torch.testing.assert_close(2 * 0.3**4 * matching, change.square().sum(1).mean())


SCORE, NOISE = draw(2, 4, 3)


@pytest.mark.parametrize(
    ("loss", "arguments", "options", "error", "argument"),
    [
        (denoising_score_matching, (SCORE, NOISE[:3], 1.0), {}, ShapeError, "noise"),
        (denoising_score_matching, (SCORE, NOISE, torch.ones(3)), {}, ShapeError, "sigma"),
        (denoising_score_matching, (SCORE, NOISE, torch.ones(4, 1)), {}, ShapeError, "sigma"),
        (denoising_score_matching, (SCORE, NOISE, torch.zeros(4)), {}, InvalidInputError, "sigma: got 0"),
        (denoising_score_matching, (SCORE, NOISE, 0.0), {}, InvalidInputError, "sigma"),
        (denoising_score_matching, (SCORE, NOISE, torch.tensor(1)), {}, DtypeError, "sigma"),
        (denoising_score_matching, (SCORE, NOISE, 1.0), {"weighting": "x"}, InvalidInputError, "weighting"),
        (denoising_score_matching, (SCORE[:0], NOISE[:0], 1.0), {}, ShapeError, "score"),
        (multiplicative_denoising_score_matching, (SCORE, NOISE, -1.0), {}, InvalidInputError, "volatility"),
        (implicit_score_matching, (SCORE, SCORE), {}, ShapeError, "divergence"),
        (
            implicit_score_matching,
            (SCORE, SCORE[:, 0]),
            {"temperature": 0.0},
            InvalidInputError,
            "temperature",
        ),
        (sliced_score_matching, (SCORE, NOISE, NOISE), {}, ShapeError, "probe"),
        (sliced_score_matching, (SCORE, draw(0, 4, 3), draw(0, 4, 3)), {}, ShapeError, "probe"),
        (sliced_score_matching, (SCORE, draw(2, 4, 3), draw(1, 4, 3)), {}, ShapeError, "jacobian_probe"),
        (nonnegative_score_matching, (-SCORE.abs(), SCORE, SCORE), {}, InvalidInputError, "inputs: got -"),
        (nonnegative_score_matching, (SCORE.abs(), SCORE[0], SCORE), {}, ShapeError, "score"),
        (nonnegative_score_matching, (SCORE.abs(), SCORE, SCORE[0]), {}, ShapeError, "score_derivative"),
        (antithetic_denoising_score_matching, (SCORE, SCORE, NOISE, 0.0), {}, InvalidInputError, "scale"),
        (antithetic_denoising_score_matching, (SCORE, SCORE[:2], NOISE, 1.0), {}, ShapeError, "score_minus"),
        (stationary_fokker_planck_residual, (SCORE, SCORE, SCORE), {}, ShapeError, "velocity_divergence"),
        (
            stationary_fokker_planck_residual,
            (SCORE, SCORE, SCORE[:, 0]),
            {"kind": "mean"},
            InvalidInputError,
            "kind",
        ),
        (score_from_reconstruction, (SCORE, SCORE[0]), {"sigma": 1.0}, ShapeError, "reconstruction"),
        (score_from_reconstruction, (SCORE, SCORE), {"sigma": 0.0}, InvalidInputError, "sigma"),
    ],
)
def test_bad_input_is_named(loss, arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        loss(*arguments, **options)
