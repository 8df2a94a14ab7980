"""`loss_profile`: a loss along a line, by steepest descent or as it declares."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("jaxtyping")

import torch
from lossary.authoring import LossSpec, Paper, Picture, loss_module
from lossary.authoring.profile import loss_profile
from lossary.catalog import Catalog
from lossary.errors import DtypeError, InvalidInputError

PAPER = Paper(title="On Gaps", authors="Doe and Roe", venue="arXiv", year=2020, url="https://example.org")


def spec_of(function, prediction, **changes) -> LossSpec:
    given = {
        "function": function,
        "module": loss_module(function),
        "paper": PAPER,
        "differentiable": ("prediction",),
        "example_inputs": lambda generator: {"prediction": prediction},
    }
    return LossSpec(**given | changes)


def squares(prediction):
    """Half the squares."""
    return prediction.square().sum() / 2


def bounded(low, high, reached, adds_up=None):
    """The sum of the first row, of an input within bounds; records what it was called with."""

    def within(prediction):
        if prediction.min() < low or prediction.max() > high:
            raise InvalidInputError("prediction: got what is out of bounds")
        if adds_up is not None and not torch.allclose(prediction.sum(adds_up).float(), torch.ones(())):
            raise InvalidInputError("prediction: got what does not add up")
        reached.append(prediction.detach())
        return prediction[0].sum() if prediction.shape[0] > 1 else prediction.sum()

    return within


def test_the_parameter_is_how_far_the_element_that_moves_most_has_moved() -> None:
    start = torch.tensor([4.0, -2.0])
    profile = loss_profile(spec_of(squares, start))
    for place, value, slope in zip(*profile[:3], strict=True):
        moved = np.array([4.0 - place, -2.0 + place / 2])
        assert value == pytest.approx((moved**2).sum() / 2)
        assert slope == pytest.approx(-moved[0] + moved[1] / 2)
    assert (profile.words, profile.example) == ("prediction, moved against the gradient", 0.0)


def test_the_line_runs_from_worse_through_the_example_to_beyond_the_best_place() -> None:
    profile = loss_profile(spec_of(squares, torch.tensor([4.0, -2.0])))
    best = profile.parameter[profile.value.argmin()]
    assert profile.parameter[0] < 0.0 < best < profile.parameter[-1]
    assert 0.0 in profile.parameter
    assert np.all(np.diff(profile.parameter) > 0)


@pytest.mark.parametrize("points", [3, 4, 9])
def test_few_points_keep_both_ends_and_the_example(points: int) -> None:
    spec = spec_of(squares, torch.tensor([4.0, -2.0]))
    few, many = loss_profile(spec, points=points).parameter, loss_profile(spec).parameter
    assert len(few) == points
    assert (few[0], few[-1]) == (many[0], many[-1])
    assert 0.0 in few


def test_the_worse_side_does_not_dwarf_the_better() -> None:
    def exponential(prediction):
        """Grows fast."""
        return (3 * prediction).exp().sum()

    value = loss_profile(spec_of(exponential, torch.tensor([0.0, -1.0]))).value
    start = 1.0 + np.exp(-3.0)
    assert start < value[0] <= start + 2.0 * (start - value.min()) + 1e-9


@pytest.mark.parametrize(
    ("prediction", "low", "high", "adds_up", "words"),
    [
        ([[0.2, 0.9], [0.4, 0.3]], 0.0, 1.0, None, "log-odds of prediction"),
        ([[0.0, 1.0], [0.4, 0.3]], 0.0, 1.0, None, "log-odds of prediction"),
        ([[0.2, 0.8], [0.7, 0.3]], 0.0, 1.0, 1, "logits of prediction"),
        ([[0.2, 0.8], [0.8, 0.2]], 0.0, np.inf, None, "logarithm of prediction"),
        ([[0.2, 0.8], [0.8, 0.2]], -np.inf, np.inf, None, "prediction"),
    ],
)
def test_an_input_stays_where_it_is_allowed(prediction, low, high, adds_up, words) -> None:
    reached: list[torch.Tensor] = []
    function = bounded(low, high, reached, adds_up)
    if adds_up is not None:
        inner = function

        def function(prediction):
            """The first class of the first row."""
            inner(prediction)
            return prediction[0, 0]

    profile = loss_profile(spec_of(function, torch.tensor(prediction)), points=7)
    assert profile.words == f"{words}, moved against the gradient"
    assert np.all(np.diff(profile.value) < 0)
    if words == "prediction":
        assert min(each.min() for each in reached) < 0


def test_a_loss_may_declare_what_moves() -> None:
    picture = Picture(
        inputs=lambda example, parameter: {"prediction": parameter * example["prediction"]},
        low=0.0,
        high=2.0,
        words="factor",
    )
    profile = loss_profile(spec_of(squares, torch.tensor([1.0, -1.0]), picture=picture), points=3)
    assert profile.parameter.tolist() == [0.0, 1.0, 2.0]
    assert profile.value.tolist() == [0.0, 1.0, 4.0]
    assert profile.derivative.tolist() == [0.0, 2.0, 4.0]
    assert (profile.words, profile.example) == ("factor", None)


def test_what_a_loss_holds_fixed_has_no_derivative() -> None:
    def fixed(prediction):
        """Sees no gradient."""
        return prediction.detach().square().sum()

    picture = Picture(inputs=lambda example, place: {"prediction": place}, low=1.0, high=3.0, words="place")
    profile = loss_profile(spec_of(fixed, torch.ones(2), picture=picture), points=3)
    assert profile.value.tolist() == [1.0, 4.0, 9.0]
    assert profile.derivative.tolist() == [0.0, 0.0, 0.0]


def test_values_per_element_are_averaged() -> None:
    def per_element(prediction):
        """Squares."""
        return prediction.square()

    profile = loss_profile(spec_of(per_element, torch.tensor([1.0, 3.0])), points=3)
    assert profile.value[profile.parameter == 0.0] == 5.0


def test_a_gradient_that_does_not_lead_down_is_followed_both_ways() -> None:
    def reversed_gradient(prediction):
        """Squares with the gradient of their negative."""
        value = prediction.square().sum()
        return 2 * value.detach() - value

    profile = loss_profile(spec_of(reversed_gradient, torch.tensor([1.0, 3.0])), points=5)
    assert profile.parameter[0] == -profile.parameter[-1] == -1.0


def test_a_loss_that_is_a_number_only_at_its_example_has_a_profile() -> None:
    start = torch.tensor([1.0, 3.0])

    def fragile(prediction):
        """Squares, or NaN."""
        return prediction.square().sum().where((prediction == start).all(), torch.nan)

    profile = loss_profile(spec_of(fragile, start), points=3)
    np.testing.assert_array_equal(profile.value, [np.nan, 10.0, np.nan])


@pytest.mark.parametrize("start", [0.0, float("nan")])
def test_without_a_gradient_to_follow_a_picture_is_asked_for(start) -> None:
    with pytest.raises(InvalidInputError, match=r"gradient of .* for prediction of squares; .* picture"):
        loss_profile(spec_of(squares, torch.full((2,), start)))


@pytest.mark.parametrize(
    ("options", "error"),
    [({"points": 2}, InvalidInputError), ({"points": 9.0}, DtypeError), ({"seed": "0"}, DtypeError)],
)
def test_bad_options_are_refused_by_name(options, error) -> None:
    with pytest.raises(error, match=f"{next(iter(options))}: got"):
        loss_profile(spec_of(squares, torch.ones(2)), **options)


def test_a_profile_leaves_the_generators_and_the_inputs_alone() -> None:
    start = torch.tensor([4.0, -2.0])
    state = torch.get_rng_state()
    first, again = (loss_profile(spec_of(squares, start), points=5) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    assert start.tolist() == [4.0, -2.0]
    np.testing.assert_array_equal(first.value, again.value)


ENTRIES = [entry for entry in Catalog.installed().entries() if entry.distribution == "lossary"]


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES])
def test_every_loss_of_the_wheel_has_a_profile_that_shows_something(name: str) -> None:
    profile = loss_profile(Catalog.installed().get(name), points=9)
    assert np.isfinite(profile.value).all()
    assert np.isfinite(profile.derivative).all()
    steps = np.diff(profile.value) / np.diff(profile.parameter)
    assert np.ptp(profile.value) > 0
    assert np.ptp(steps) > 1e-3 * np.abs(steps).max(), "a straight line: declare a Picture"
    if profile.example is not None:
        assert profile.value[-1] < profile.value[profile.parameter == 0.0]


def test_a_spec_without_a_picture_says_none() -> None:
    spec = spec_of(squares, torch.ones(2))
    assert spec.picture is None
    assert dataclasses.replace(spec, aliases=("sq",)).picture is None
