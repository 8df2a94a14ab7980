"""`LossSpec` and what it derives, `Paper`, `ExactMetric`."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from lossary import metrics
from lossary.authoring import ExactMetric, LossSpec, Paper, Property, loss_module
from lossary.errors import InvalidInputError

PAPER = Paper(title="On Gaps", authors="Doe and Roe", venue="arXiv", year=2020, url="https://example.org")


def gap(prediction, target, *, margin=0.5, reduction="mean"):
    r"""How far apart they are.

    .. math:: L = \max(0, |p - t| - m)

    Args:
        prediction: p.
    """
    return (prediction - target).abs().sub(margin).clamp(min=0).mean()


Gap = loss_module(gap)


def spec(**changes) -> LossSpec:
    given = {
        "function": gap,
        "module": Gap,
        "paper": PAPER,
        "differentiable": ("prediction",),
        "example_inputs": lambda generator: {},
    }
    return LossSpec(**given | changes)


def test_the_name_is_the_functions() -> None:
    assert spec().name == "gap"


def test_options_are_the_keyword_only_parameters_with_their_defaults() -> None:
    assert spec().options == {"margin": 0.5, "reduction": "mean"}


def test_the_summary_is_the_first_line_of_the_docstring() -> None:
    assert spec().summary == "How far apart they are."


def test_the_formula_is_the_math_block() -> None:
    assert spec().formula == r"L = \max(0, |p - t| - m)"


def test_a_formula_may_stand_under_its_directive() -> None:
    def below(prediction):
        """Summary.

        .. math::
            L = p
              + 1

        Args:
            prediction: p.
        """

    assert spec(function=below).formula == "L = p\n  + 1"


def test_without_docstring_summary_and_formula_are_empty() -> None:
    def silent(prediction): ...

    assert spec(function=silent).summary == spec(function=silent).formula == ""


@pytest.mark.parametrize("names", [(), ("predictions",), ("prediction", "labels")])
def test_differentiable_inputs_must_be_inputs(names: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError, match=r"differentiable: got .*; wanted names of inputs of gap"):
        spec(differentiable=names)


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec().aliases = ("g",)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        spec(colour="red")


def test_a_metric_without_adapter_needs_a_target() -> None:
    def lonely(prediction): ...

    with pytest.raises(InvalidInputError, match="pairs_with: got accuracy_score without adapt"):
        spec(function=lonely, pairs_with=(ExactMetric(name="accuracy_score"),))


def test_an_adapter_gives_arguments_by_place_or_by_name() -> None:
    by_place = ExactMetric(name="accuracy_score", adapt=lambda scores: (np.array([0, 1]), scores > 0))
    by_name = ExactMetric(
        name="accuracy_score", adapt=lambda scores: {"y_pred": scores > 0, "y_true": np.array([0, 1])}
    )
    scores = torch.tensor([1.0, 1.0])
    assert by_place(scores=scores) == by_name(scores=scores) == 0.5


def test_one_of_several_outputs_is_the_metric() -> None:
    metric = ExactMetric(name="betti_number_error", output="error")
    two, one = torch.tensor([[1.0, 0.0, 1.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    assert metric(prediction=two, target=one) == 1.0


def test_one_number_of_a_matrix_is_the_metric() -> None:
    metric = ExactMetric(
        name="box_iou",
        adapt=lambda prediction, target: (prediction, target),
        number=lambda overlaps: overlaps.diagonal().mean(),
    )
    boxes = torch.tensor([[0.0, 0.0, 2.0, 1.0], [4.0, 0.0, 6.0, 1.0]])
    assert metric(prediction=boxes, target=boxes) == 1.0


def test_a_paper_prints_as_a_reference() -> None:
    assert str(PAPER) == "Doe and Roe, On Gaps, arXiv 2020"
    assert str(dataclasses.replace(PAPER, equation="equation 3")).endswith("arXiv 2020, equation 3")


@pytest.mark.parametrize(
    ("authors", "wanted"),
    [
        ("Doe", "Doe"),
        ("Doe and Roe", "Doe and Roe"),
        ("Doe, Roe and Poe", "Doe et al."),
        ("Doe et al.", "Doe et al."),
    ],
)
def test_a_paper_is_short_by_its_first_authors(authors: str, wanted: str) -> None:
    assert dataclasses.replace(PAPER, authors=authors).short == f"{wanted}, arXiv 2020"


@pytest.mark.parametrize(
    "words", ["gaps", "GAP", "doe 2020", "Roe, gaps", "on-gaps", "arxiv", "ng", "n-gap", "muller", "Müll"]
)
def test_a_loss_is_found_by_beginnings_of_words(words: str) -> None:
    paper = dataclasses.replace(PAPER, authors="Doe, Roe and Müller")
    assert spec(aliases=("n_gap", "ng"), paper=paper).is_found_by(words)


@pytest.mark.parametrize("words", ["aps", "gaps poe", "2021", "roegaps", "", "--"])
def test_a_loss_is_not_found_by_other_words(words: str) -> None:
    assert not spec().is_found_by(words)


def test_every_property_reads_as_a_sentence() -> None:
    assert all(len(member.value.split()) > 3 for member in Property)


@pytest.fixture
def recording_metric(monkeypatch: pytest.MonkeyPatch) -> list:
    calls: list = []

    def recorded(*arguments, **options):
        calls.append((arguments, options))
        return np.float64(0.25)

    monkeypatch.setattr(metrics, "recorded", recorded, raising=False)
    return calls


def test_a_metric_gets_target_and_prediction_as_arrays(recording_metric: list) -> None:
    prediction = torch.tensor([0.5], requires_grad=True)

    value = ExactMetric(name="recorded", options={"k": 3})(prediction=prediction, target=torch.tensor([1]))

    ((target, scores), options) = recording_metric[0]
    assert isinstance(value, float)
    assert (target.tolist(), scores.tolist(), options) == ([1], [0.5], {"k": 3})


def test_an_adapter_maps_the_inputs_by_name(recording_metric: list) -> None:
    metric = ExactMetric(name="recorded", adapt=lambda prediction, labels: (labels > 0, -prediction))

    metric(prediction=torch.tensor([0.5]), labels=np.array([2]))

    assert [argument.tolist() for argument in recording_metric[0][0]] == [[True], [-0.5]]


def test_bfloat16_inputs_reach_numpy(recording_metric: list) -> None:
    half = torch.tensor([0.5], dtype=torch.bfloat16)

    ExactMetric(name="recorded")(prediction=half, target=torch.tensor([1]))

    assert recording_metric[0][0][1].dtype == np.float32
