"""f_divergence: goldens, generators, identities, zeros, what is refused."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import f_divergence
from lossary.metrics.f_divergences import DIVERGENCE_ALIASES

CASES = load_goldens(Path(__file__).parents[1] / "goldens" / "140-f_divergence.json").cases

GENERATORS = {
    "kl": lambda r: r * math.log(r),
    "reverse_kl": lambda r: -math.log(r),
    "jensen_shannon": lambda r: (r * math.log(r) - (1 + r) * math.log((1 + r) / 2)) / 2,
    "squared_hellinger": lambda r: 1 - math.sqrt(r),
    "softened_reverse_kl": lambda r: (1 + r) * math.log((1 + r) / (2 * r)),
    "jeffreys": lambda r: (r - 1) * math.log(r),
    "neyman_chi2": lambda r: (1 - r) ** 2 / r,
    "pearson_chi2": lambda r: (r - 1) ** 2,
    "total_variation": lambda r: abs(r - 1) / 2,
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden_values(case):
    found = f_divergence(**case.inputs, **case.params)
    np.testing.assert_allclose(found, case.expected["loss"], rtol=case.rtol, atol=case.atol)


def pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    p, q = np.random.default_rng(seed).dirichlet(np.ones(5), 2)
    return p, q


@pytest.mark.parametrize("name", GENERATORS)
@given(seed=st.integers(0, 2**16))
@settings(max_examples=10)
def test_is_the_expectation_of_its_generator(name, seed):
    p, q = pair(seed)
    expected = sum(b * GENERATORS[name](a / b) for a, b in zip(p, q, strict=True))
    assert f_divergence(p, q, divergence=name) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert 0 <= f_divergence(p, p, divergence=name) < 1e-15


@given(seed=st.integers(0, 2**16), alpha=st.sampled_from([-1.5, -0.5, 0.5, 2.0, 3.0]))
@settings(max_examples=20)
def test_powers_lead_from_one_divergence_to_another(seed, alpha):
    p, q = pair(seed)
    found = f_divergence(p, q, divergence="alpha", alpha=alpha)
    expected = sum(b * ((a / b) ** alpha - 1) for a, b in zip(p, q, strict=True)) / (alpha * (alpha - 1))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    named = {0.5: ("squared_hellinger", 4.0), 2.0: ("pearson_chi2", 0.5)}
    if alpha in named:
        name, factor = named[alpha]
        assert found == pytest.approx(factor * f_divergence(p, q, divergence=name))


@pytest.mark.parametrize(("alpha", "name"), [(1, "kl"), (0.0, "reverse_kl")])
def test_the_limits_of_alpha_have_names(alpha, name):
    p, q = pair(0)
    assert f_divergence(p, q, divergence="alpha", alpha=alpha) == f_divergence(p, q, divergence=name)


@pytest.mark.parametrize(("short", "name"), DIVERGENCE_ALIASES.items())
def test_short_names_are_those_of_the_long_ones(short, name):
    assert f_divergence(*pair(0), divergence=short) == f_divergence(*pair(0), divergence=name)


@pytest.mark.parametrize(
    ("name", "missing_in_q", "missing_in_p"),
    [
        ("kl", math.inf, math.log(2)),
        ("reverse_kl", math.log(2), math.inf),
        ("jensen_shannon", 0.75 * math.log(4 / 3), 0.75 * math.log(4 / 3)),
        ("squared_hellinger", 1 - math.sqrt(0.5), 1 - math.sqrt(0.5)),
        ("softened_reverse_kl", 1.5 * math.log(1.5) + 0.5 * math.log(0.5), math.inf),
        ("jeffreys", math.inf, math.inf),
        ("neyman_chi2", 1.0, math.inf),
        ("pearson_chi2", math.inf, 1.0),
        ("total_variation", 0.5, 0.5),
    ],
)
def test_a_class_that_only_one_has(name, missing_in_q, missing_in_p):
    both, one = [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]
    if name == "jensen_shannon":
        m = [0.75, 0.25]
        missing_in_q = missing_in_p = 0.5 * (
            0.5 * math.log(0.5 / m[0]) + 0.5 * math.log(0.5 / m[1])
        ) + 0.5 * math.log(1 / m[0])
    assert f_divergence(both, one, divergence=name) == pytest.approx(missing_in_q)
    assert f_divergence(one, both, divergence=name) == pytest.approx(missing_in_p)


@pytest.mark.parametrize(
    ("alpha", "missing_in_q", "missing_in_p"),
    [(2.0, math.inf, 0.5), (-1.0, 0.5, math.inf), (0.5, 4 - 4 * math.sqrt(0.5), 4 - 4 * math.sqrt(0.5))],
)
def test_a_class_that_only_one_has_under_a_power(alpha, missing_in_q, missing_in_p):
    both, one = [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]
    options = {"divergence": "alpha", "alpha": alpha}
    assert f_divergence(both, one, **options) == pytest.approx(missing_in_q)
    assert f_divergence(one, both, **options) == pytest.approx(missing_in_p)


def test_axes_in_front_stay():
    p = np.random.default_rng(0).dirichlet(np.ones(4), (2, 3))
    found = f_divergence(p, p[::-1])
    assert found.shape == (2, 3)
    assert found[1, 2] == f_divergence(p[1, 2], p[0, 2])


HALF = [0.5, 0.5]


@pytest.mark.parametrize(
    ("p", "q", "options", "error", "argument"),
    [
        (HALF, [0.5, 0.6], {}, InvalidInputError, "q: got probabilities that sum to 1.1"),
        ([-0.5, 1.5], HALF, {}, InvalidInputError, "p"),
        ([math.nan, 1.0], HALF, {}, InvalidInputError, "p"),
        ([], [], {}, InvalidInputError, "p"),
        (1.0, 1.0, {}, DtypeError, "p"),
        (HALF, [HALF], {}, ShapeError, "q"),
        (HALF, HALF, {"divergence": "l2"}, InvalidInputError, "divergence: got 'l2'; wanted one of 'kl'"),
        (HALF, HALF, {"divergence": "alpha"}, InvalidInputError, "alpha: got None"),
        (HALF, HALF, {"divergence": "alpha", "alpha": "2"}, DtypeError, "alpha"),
        (HALF, HALF, {"divergence": "alpha", "alpha": math.nan}, InvalidInputError, "alpha"),
        (HALF, HALF, {"alpha": 2.0}, InvalidInputError, "alpha: got 2.0 with divergence='kl'"),
    ],
)
def test_bad_input_is_named(p, q, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        f_divergence(p, q, **options)
