"""Gaussian naive Bayes: recorded values, scikit-learn, its linear layer, offsets, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.gaussian_naive_bayes import (
    gaussian_naive_bayes,
    gaussian_naive_bayes_linear,
    gaussian_naive_bayes_logits,
)

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "044-gaussian_naive_bayes.json")
FEATURES, TARGET = torch.tensor([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]]), torch.tensor([0, 0, 1])


def batch(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    target = torch.arange(30) % 3
    features = torch.randn(30, 5, generator=generator, dtype=dtype) + target.unsqueeze(1)
    return features, target, torch.randn(8, 5, generator=generator, dtype=dtype)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    found = gaussian_naive_bayes(**{name: torch.from_numpy(array) for name, array in case.inputs.items()})
    for name, wanted in case.expected.items():
        wanted = torch.tensor(wanted, dtype=torch.float64)
        torch.testing.assert_close(getattr(found, name), wanted, rtol=case.rtol, atol=case.atol)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
def test_is_linear_discriminant_analysis_of_features_apart(seed):
    features, target, query = batch(seed)
    mean, variance, prior, logits = gaussian_naive_bayes(features, target, query, eps=0.0)
    classes = [features[target == label] for label in range(3)]
    shared = sum(rows.var(0, correction=0) * len(rows) for rows in classes) / len(features)
    torch.testing.assert_close(variance, shared)
    normal = [torch.distributions.Normal(rows.mean(0), shared.sqrt()) for rows in classes]
    likelihood = torch.stack([each.log_prob(query).sum(1) for each in normal], 1) + prior.log()
    torch.testing.assert_close(logits.softmax(1), likelihood.softmax(1))
    layer = gaussian_naive_bayes_linear(mean, variance, prior)
    torch.testing.assert_close((query @ layer.weight.T + layer.bias).softmax(1), logits.softmax(1))


def test_without_the_prior_rare_classes_count_as_much():
    statistics = gaussian_naive_bayes(FEATURES, TARGET)[:3]
    with_prior = gaussian_naive_bayes_logits(FEATURES, *statistics)
    without = gaussian_naive_bayes_logits(FEATURES, *statistics, use_prior=False)
    torch.testing.assert_close(with_prior - without, statistics[2].log().expand(3, 2))


def test_a_far_offset_keeps_its_digits():
    features, target, query = batch(0)
    near = gaussian_naive_bayes(features, target, query)
    far = gaussian_naive_bayes(features + 1e6, target, query + 1e6)
    torch.testing.assert_close(far.logits, near.logits, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_results_have_the_dtype_of_the_features(dtype):
    found = gaussian_naive_bayes(*batch(0, dtype))
    assert {each.dtype for each in found} == {dtype}
    assert all(each.isfinite().all() for each in found)


def test_the_linear_layer_is_where_training_can_start():
    features, target, _ = batch(1, torch.float32)
    head = torch.nn.Linear(5, 3)
    layer = gaussian_naive_bayes_linear(*gaussian_naive_bayes(features, target)[:3])
    with torch.no_grad():
        head.weight.copy_(layer.weight)
        head.bias.copy_(layer.bias)
    # Of a layer that knows nothing it is log 3.
    assert torch.nn.functional.cross_entropy(head(features), target) < 0.5 * math.log(3)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((FEATURES[0], TARGET), {}, ShapeError, "features"),
        ((FEATURES[:0], TARGET[:0]), {}, ShapeError, "features: got no row"),
        ((FEATURES.long(), TARGET), {}, DtypeError, "features"),
        ((FEATURES * math.nan, TARGET), {}, InvalidInputError, "features"),
        ((FEATURES, TARGET[:1]), {}, ShapeError, "target"),
        ((FEATURES, TARGET.double()), {}, DtypeError, "target"),
        ((FEATURES, 2 * TARGET), {}, InvalidInputError, "target: got no item of class 1"),
        ((FEATURES, TARGET), {"num_classes": 1}, InvalidInputError, "target"),
        ((FEATURES, TARGET), {"num_classes": 0}, InvalidInputError, "num_classes"),
        ((FEATURES, TARGET), {"eps": -1.0}, InvalidInputError, "eps"),
        ((FEATURES, TARGET, FEATURES[:, :1]), {}, ShapeError, "query: got 1 features"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        gaussian_naive_bayes(*arguments, **options)
