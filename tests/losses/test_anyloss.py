"""AnyLoss beyond conformance: every metric in its exact limit, undefined columns, guards and errors."""

import math
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.imbalance.anyloss import anyloss, soft_confusion
from lossary.metrics.binary_criteria import BINARY_CRITERIA, jaccard

NAMES = ("f_beta", *BINARY_CRITERIA)


def exact_score(name: str, target, prediction) -> float:
    """The exact counterpart of each metric, from lossary.metrics."""
    match name:
        case "f_beta":
            return metrics.fbeta_score(target, prediction, beta=2.0, zero_division=0.0)
        case "f1":
            return metrics.f1_score(target, prediction, zero_division=0.0)
        case "geometric_mean":
            return metrics.geometric_mean_score(target, prediction)
        case "balanced_accuracy" | "youden":  # mapped to [0, 1] the two are one
            return metrics.balanced_accuracy_score(target, prediction)
        case "accuracy":
            return metrics.accuracy_score(target, prediction)
        case "precision":
            return metrics.precision_score(target, prediction, zero_division=0.0)
        case "recall":
            return metrics.recall_score(target, prediction)
        case "specificity":
            return metrics.recall_score(target, prediction, pos_label=0)
        case "jaccard":
            f1 = metrics.f1_score(target, prediction, zero_division=0.0)
            return f1 / (2 - f1)
        case "matthews":
            return (1 + metrics.matthews_corrcoef(target, prediction)) / 2
    raise AssertionError(name)


rows = st.lists(
    st.tuples(st.sampled_from([-2.0, -0.4, -0.1, 0.1, 0.3, 1.5]), st.booleans()), min_size=2, max_size=15
).filter(lambda given: len({label for _, label in given}) == 2)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(rows=rows)
def test_large_amplification_reaches_one_minus_the_exact_metric(name, rows):
    logits = torch.tensor([row[0] for row in rows], dtype=torch.float64)
    target = torch.tensor([int(row[1]) for row in rows])
    loss = anyloss(logits, target, metric=name, beta=2.0, amplification=1e5)
    exact = exact_score(name, target.numpy(), (logits > 0).long().numpy())
    # the root of the G-mean is cut at 1e-12, hence 1e-6
    assert loss.item() == pytest.approx(1 - exact, abs=1.1e-6)


def test_threshold_moves_the_decision():
    probability = torch.tensor([0.2, 0.4, 0.6, 0.8], dtype=torch.float64)
    target = torch.tensor([0, 1, 1, 1])
    counts = soft_confusion(probability, target, threshold=0.3, with_logits=False, amplification=1e4)
    assert [round(count.item(), 9) for count in counts] == [3, 0, 0, 1]


def test_probabilities_give_what_their_logits_give():
    logits = torch.linspace(-2, 2, 9, dtype=torch.float64)
    target = torch.tensor([0, 0, 1, 0, 1, 0, 1, 1, 1])
    torch.testing.assert_close(
        anyloss(logits.sigmoid(), target, with_logits=False, amplification=8.0),
        anyloss(logits, target, amplification=8.0),
    )


def test_soft_counts_are_the_sums_of_the_amplified_probabilities():
    logits = torch.tensor([[0.3, -0.2], [-0.5, 0.1], [0.05, 0.9]], dtype=torch.float64)
    target = torch.tensor([[1, 0], [0, 1], [1, 1]])
    hard = 1 / (1 + torch.exp(-5.0 * (logits.sigmoid() - 0.4)))
    counts = soft_confusion(logits, target, amplification=5.0, threshold=0.4)
    torch.testing.assert_close(counts.tp, (target * hard).sum(0))
    torch.testing.assert_close(counts.fp, ((1 - target) * hard).sum(0))
    torch.testing.assert_close(counts.fn, (target * (1 - hard)).sum(0))
    torch.testing.assert_close(counts.tn, ((1 - target) * (1 - hard)).sum(0))


def test_small_misses_keep_their_digits():
    counts = soft_confusion(torch.tensor([40.0], dtype=torch.float64), torch.tensor([1]))
    assert counts.fn.item() == pytest.approx(math.exp(-36.5), rel=1e-9)


def test_soft_counts_of_half_precision_do_not_saturate():
    logits = torch.full((70_000,), 3.0, dtype=torch.float16)
    counts = soft_confusion(logits, torch.ones(70_000, dtype=torch.bool))
    assert counts.tp.dtype == torch.float32
    assert counts.tp.item() == pytest.approx(70_000)
    assert anyloss(logits, torch.ones(70_000, dtype=torch.bool)).item() == pytest.approx(0.0, abs=1e-6)


def test_class_indices_mean_softmax_and_one_column_per_class():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    target = torch.tensor([0, 3, 1, 1, 2, 0, 3])
    one_hot = torch.nn.functional.one_hot(target, 4)
    for average in ("macro", "micro"):
        torch.testing.assert_close(
            anyloss(logits, target, amplification=6.0, average=average),
            anyloss(logits.softmax(1), one_hot, amplification=6.0, average=average, with_logits=False),
        )


def test_macro_is_the_mean_of_the_columns_and_micro_pools_their_counts():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(8, 3, generator=generator, dtype=torch.float64)
    target = torch.rand(8, 3, generator=generator) > 0.6
    columns = [anyloss(logits[:, k], target[:, k], amplification=6.0) for k in range(3)]
    macro = anyloss(logits, target, amplification=6.0, average="macro")
    micro = anyloss(logits, target, amplification=6.0, average="micro")
    torch.testing.assert_close(macro, torch.stack(columns).mean())
    torch.testing.assert_close(micro, anyloss(logits.ravel(), target.ravel(), amplification=6.0))


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("recall", 0),
        ("specificity", 1),
        ("geometric_mean", 0),
        ("geometric_mean", 1),
        ("balanced_accuracy", 0),
        ("balanced_accuracy", 1),
        ("matthews", 0),
        ("matthews", 1),
        ("youden", 0),
        ("youden", 1),
    ],
)
def test_undefined_metric_gives_zero_with_a_graph_and_its_column_is_skipped(name, alone):
    logits = torch.tensor([[0.2, 0.1], [-0.3, 0.4], [0.1, -0.2]], requires_grad=True)
    target = torch.tensor([[1, alone], [0, alone], [1, alone]])
    undefined = anyloss(logits[:, 1], target[:, 1], metric=name)
    undefined.backward()
    assert undefined.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))
    torch.testing.assert_close(
        anyloss(logits, target, metric=name), anyloss(logits[:, 0], target[:, 0], metric=name)
    )


@pytest.mark.parametrize("name", ["f_beta", "f1", "jaccard", "precision"])
def test_without_positives_the_loss_is_one_and_the_gradient_zero(name):
    logits = torch.tensor([0.2, -0.3, 0.1], requires_grad=True)
    loss = anyloss(logits, torch.tensor([0, 0, 0]), metric=name, amplification=10.0)
    loss.backward()
    assert loss.item() == 1
    assert torch.equal(logits.grad, torch.zeros(3))


@pytest.mark.parametrize("name", NAMES)
def test_loss_and_gradient_stay_finite_where_counts_vanish(name):
    targets = [0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0]
    for target, amplification, scale in product(targets, [73.0, 170.0, 200.0, 1e6], [1.0, -1.0, -1e4]):
        logits = (torch.tensor([5.0, 6.0, 7.0, 8.0]) * scale).requires_grad_()
        loss = anyloss(logits, torch.tensor(target), metric=name, amplification=amplification)
        loss.backward()
        assert -1e-6 <= loss.item() <= 1 + 1e-6
        assert logits.grad.isfinite().all()


@pytest.mark.parametrize(("beta", "metric"), [(1e30, "recall"), (1e-30, "precision")])
def test_extreme_beta_is_recall_or_precision(beta, metric):
    logits, target = torch.tensor([0.3, 0.2, -0.3, -0.1]), torch.tensor([1, 0, 1, 1])
    torch.testing.assert_close(anyloss(logits, target, beta=beta), anyloss(logits, target, metric=metric))


@pytest.mark.parametrize("name", ["f_beta", "f1", "precision", "jaccard"])
def test_no_predicted_mass_gives_a_loss_of_one_and_a_zero_gradient(name):
    logits = torch.full((3,), -50.0, requires_grad=True)
    loss = anyloss(logits, torch.tensor([1, 0, 1]), metric=name, amplification=1e4)
    loss.backward()
    assert loss.item() == 1
    assert torch.equal(logits.grad, torch.zeros(3))


def test_a_function_of_the_counts_is_a_metric():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(8, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.rand(8, 3, generator=generator) > 0.5
    options = {"amplification": 6.0}
    by_function = anyloss(logits, target, metric=lambda tp, fp, fn, tn: tp / (tp + fp + fn), **options)
    for metric in ("jaccard", jaccard):
        same = anyloss(logits, target, metric=metric, **options)
        torch.testing.assert_close(by_function, same)
        torch.testing.assert_close(
            torch.autograd.grad(by_function, logits, retain_graph=True)[0],
            torch.autograd.grad(same, logits)[0],
        )


def test_by_name_a_score_from_minus_one_is_mapped_and_as_a_function_it_is_not():
    logits, target = torch.tensor([0.3, 0.2, -0.3, -0.1]), torch.tensor([1, 0, 1, 1])
    for name in ("matthews", "youden"):
        as_function = anyloss(logits, target, metric=BINARY_CRITERIA[name].score)
        torch.testing.assert_close(anyloss(logits, target, metric=name), as_function / 2)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_and_second_derivative_of_every_metric(name):
    logits = torch.tensor([0.4, -0.3, 0.2, -0.1, 0.6, -0.5], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([1, 0, 0, 1, 1, 0])
    assert torch.autograd.gradcheck(lambda x: anyloss(x, target, metric=name, amplification=9.0), logits)
    assert torch.autograd.gradgradcheck(lambda x: anyloss(x, target, metric=name, amplification=9.0), logits)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (4, 0)])
@pytest.mark.parametrize("metric", ["f_beta", "recall", lambda tp, fp, fn, tn: tp / (tp + fn)])
def test_empty_batch_gives_zero_with_a_graph(shape, metric):
    logits = torch.zeros(shape, requires_grad=True)
    loss = anyloss(logits, torch.zeros(shape, dtype=torch.long), metric=metric)
    loss.backward()
    assert loss.item() == 0


LOGITS, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (torch.zeros(3, 2, 1), torch.zeros(3, 2, 1), {}, ShapeError, "logits"),
        (LOGITS.unsqueeze(1), TARGET, {}, ShapeError, "logits"),
        (LOGITS, TARGET[:2], {}, ShapeError, "target"),
        (torch.zeros(3, 2), TARGET[:2], {}, ShapeError, "target"),
        (torch.zeros(3, 2), torch.zeros(3, 3), {}, ShapeError, "target"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS, [1, 0, 0], {}, DtypeError, "target"),
        (torch.zeros(3, 2), TARGET.float(), {}, DtypeError, "target"),
        (LOGITS, TARGET + 1, {}, InvalidInputError, "target"),
        (torch.zeros(3, 2), torch.tensor([0, 1, 2]), {}, InvalidInputError, "target"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"with_logits": False}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"metric": "f2"}, InvalidInputError, "metric"),
        (LOGITS, TARGET, {"metric": lambda tp, fp, fn, tn: 0.5}, DtypeError, "metric"),
        (LOGITS, TARGET, {"metric": lambda *counts: torch.stack(counts)}, ShapeError, "metric"),
        (LOGITS, TARGET, {"average": "weighted"}, InvalidInputError, "average"),
        (LOGITS, TARGET, {"beta": 0.0}, InvalidInputError, "beta"),
        (LOGITS, TARGET, {"amplification": 0.0}, InvalidInputError, "amplification"),
        (LOGITS, TARGET, {"amplification": 1e39}, InvalidInputError, "amplification"),
        (LOGITS, TARGET, {"threshold": 0.0}, InvalidInputError, "threshold"),
        (LOGITS, TARGET, {"threshold": 1.0}, InvalidInputError, "threshold"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        anyloss(logits, target, **options)


def test_what_is_trained_for_can_choose_the_threshold():
    def score(tp, fp, fn, tn):
        return tp / (tp + 3 * fp + fn) + 0 * tn

    logits, target = torch.tensor([4.0, 4.0, -4.0, -4.0]), torch.tensor([1, 1, 0, 1])
    choice = metrics.best_threshold(target, logits, metric=score)
    assert choice[:2] == (2 / 3, 4.0)
    assert 1 - anyloss(logits, target, metric=score).item() == pytest.approx(choice.value, abs=1e-5)
