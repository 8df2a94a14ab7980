"""Arguments for calls of metrics and states: often plausible, sometimes absurd."""

import inspect
import math
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from lossary import errors, metrics
from lossary.metrics import Confidence
from lossary.metrics.binary_criteria import f1
from lossary.streaming import (
    BoundedRankingState,
    CalibrationState,
    ConfusionState,
    ExactRankingState,
    TopologyState,
)
from lossary.streaming.state import State

DTYPES = ("float16", "float32", "float64", "int8", "int64", "uint8", "uint64", "bool")
EXTREMES = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e-30, 1e30, 1e308, -1e308, math.inf, -math.inf, math.nan)
JUNK = (
    None, True, 0, 1, 2, -1, 7, 10**30, 0.5, -0.25, 2.5, math.nan, math.inf, "", "macro", "none", b"x", "é",
    (), [], {}, [None], [[]], [[1, 2], [3]], ["a", "b"], [b"a"], {"a": 1}, ..., 3 + 4j, range(3),
    np.array(1.0), np.empty((0, 3)), np.zeros((2, 2, 2)), np.array(["a", "b", "a"]), np.array([1j, 2j]),
    np.array([None, 1], dtype=object), np.ma.masked_array([1.0, 2.0], [True, False]),
    np.array(["2026-01-01"], dtype="datetime64[D]"), np.array([(1, 2.0)], dtype="i4,f8"),
)  # fmt: skip
repr(JUNK)  # fills in what a masked array adds to itself when it is shown

# What a parameter of this name may sensibly be, beside arrays.
CHOICES: dict[str, tuple[Any, ...]] = {
    "average": ("macro", "micro", "weighted", "samples", "binary", "mean", None),
    "multi_class": ("raise", "ovr", "ovo"),
    "ties": ("index", "optimistic", "pessimistic", "expected"),
    "empty": ("skip", "zero"),
    "reduction": ("mean", "sum", "none"),
    "space_axes": (1, 2, 3, None),
    "channels": (1, 1, 2),
    "construction": ("V", "T"),
    "dimensions": (None, [0], [1, 0], [2], (), {1}),
    "threshold": (0.5, 0.0, 1e300, math.inf),
    "mode": ("hit", "fraction"),
    "gain": ("exponential", "linear"),
    "denominator": ("relevant", "min"),
    "variant": ("a", "b", "c"),
    "rank": ("average", "score", "index"),
    "weigher": ("hyperbolic", "logarithmic", "uniform"),
    "alternative": ("two-sided", "less", "greater"),
    "weights": (None, "linear", "quadratic"),
    "method": ("auto", "exact", "asymptotic", "delong", "bootstrap", "percentile", "bca"),
    "interpolation": ("step", "linear"),
    "average_method": ("arithmetic", "geometric", "min", "max"),
    "similarity": ("cosine", "euclidean", "dot"),
    "undefined": ("raise", "skip", 0.0, math.nan),
    "zero_division": ("warn", 0, 1, math.nan),
    "k": (1, 2, 3, 10, (1, 2, 4), None, 10**18),
    "max_fpr": (0.1, 0.3, 1.0, 1e-300, None),
    "far": (0.0, 0.1, 1.0, [0.1, 0.5]),
    "max_points": (2, 3, 10, 1000),
    "confidence": (0.95, 0.5, 1.0, None, None, None),
    "level": (0.95, 0.5, 1e-12, 1 - 1e-12, 1.0),
    "resamples": (100, 101, 10),
    "seed": (0, 1, 2**64 - 1, 2**64),
    "stratified": (True, False),
    "normalized": (True, False, "share"),
    "metric": ("accuracy", "balanced_accuracy", "f1", "matthews", "youden", "recall", f1, None, None),
    "criterion": ("f1", "precision", f1),
    "metric_func": (None, None, metrics.f1_score),
    "metric_params": (None, None, {}, {"zero_division": 0}),
    "costs": (None, None, {"fp": 1, "fn": 5}, {"tp": -1.0, "tn": 2}, {"fp": 1e308}, {"fp": math.nan}, {}),
    "constraints": (None, "recall >= 0.5", ("precision>=0.2", "false_positive_rate <= 1e-3"), "recall > 2"),
    "strategy": ("uniform", "quantile"),
    "norm": (1, 2, 1.5, 1e300, math.inf),
    "kind": ("binary", "top_label", "class_wise"),
    "n_bins": (1, 5, 10**6),
    "low": (0.0, -5.0, -1e308, 5e-324),
    "high": (1.0, 5.0, 1e308, 1e-323),
    "bins": (2, 3, 10, 1000, 65_536),
    "beta": (0.0, 0.5, 1.0, 1e200),
    "pos_label": (0, 1, "a", True, None),
}
LABELS = frozenset(
    ("y_true", "y_pred", "y1", "y2", "labels", "groups", "query", "fold", "labels_true", "labels_pred")
)
NUMBERS = frozenset(
    (
        "y_score", "y_proba", "y_prob", "pred_decision", "logits", "sample_weight", "embeddings",
        "reference", "reference_labels", "x", "y",
    )
)  # fmt: skip
IMAGES = frozenset(("image", "mask", "prediction", "target"))
SPACES = ((4,), (3, 5), (1, 1), (5, 3, 2), (2, 1, 6, 5), (0, 2, 3, 3), (1, 2, 3, 2, 3), (3, 0))
FLAT = frozenset(("sample_weight", "groups", "query", "fold"))

STATES = (ExactRankingState, BoundedRankingState, CalibrationState, ConfusionState, TopologyState)


class Garbage:
    """Arguments for calls: often plausible, sometimes absurd."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def arguments(self, function: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments; the arrays of one call tend to have one shape."""
        self._rows = int(
            self._random.choice((0, 1, 2, 3, 5, 17, 100, 3000), p=np.array((1, 1, 2, 3, 4, 5, 3, 1)) / 20)
        )
        self._columns = int(self._random.choice((0, 1, 2, 3, 6)))
        self._binary = self._random.random() < 0.5
        self._sane = self._random.random() < 0.7
        self._space = self.pick(SPACES)
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                args += [self._argument("y_score") for _ in range(self._random.integers(1, 5))]
            elif parameter.kind is not parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
                args.append(self._argument(name))
            elif parameter.default is parameter.empty or self._random.random() < 0.3:
                kwargs[name] = self._argument(name)
        return args, kwargs

    def state(self, kind: type[State]) -> State:
        """A state after up to three batches, of which some may have been refused."""
        with warnings.catch_warnings(action="ignore"):
            try:
                state = kind(**self.arguments(kind)[1])
            except errors.LossaryError:
                state = kind()
            self._binary = True  # batches that fit
            for _ in range(self._random.integers(0, 4)):
                with suppress(errors.LossaryError):
                    state.update(*self.arguments(state.update)[0])
        return state

    def data(self, kind: type[State]) -> bytes:
        """What `to_bytes` returned, often with other bytes, and mostly with a checksum that fits."""
        content = bytearray(self.state(kind).to_bytes()[:-4])
        for _ in range(self._random.integers(0, 4)):
            content[self._random.integers(len(content))] = self._random.integers(256)
        if self._random.random() < 0.2:
            content = content[: self._random.integers(len(content))]
        if self._random.random() < 0.2:
            content += bytes(self._random.integers(256, size=self._random.integers(20), dtype=np.uint8))
        checksum = zlib.crc32(content) if self._random.random() < 0.9 else 0
        return bytes(content) + checksum.to_bytes(4, "little")

    def _argument(self, name: str) -> Any:
        if self._random.random() < (0.02 if self._sane else 0.25):
            return self.pick(JUNK)
        if name == "confidence" and self._random.random() < 0.5:
            try:
                return Confidence(**self.arguments(Confidence)[1] | {"resamples": 100})
            except errors.LossaryError:
                return None
        if name == "other":
            return self.state(self.pick(STATES))
        if name == "data":
            return self.data(self.pick(STATES))
        if name in CHOICES and self._random.random() < 0.95:
            return self.pick(CHOICES[name])
        if name in LABELS | NUMBERS | IMAGES:
            return self._form(self._array(name))
        return self.pick((True, False, 0, 1, 0.5, 2.0, 3))

    def pick(self, choices: tuple[Any, ...]) -> Any:
        return choices[self._random.integers(len(choices))]

    def _array(self, name: str) -> np.ndarray:
        rows = self._rows if self._random.random() < 0.97 else self._rows + 1
        shape: tuple[int, ...] = (rows,)
        matrix = name in ("embeddings", "reference") or (not self._binary and name not in FLAT)
        if matrix and self._random.random() < 0.8:
            shape = (rows, self._columns)
        if name in IMAGES:
            shape = self._space if self._random.random() < 0.97 else self.pick(SPACES)
        if name in LABELS or (name in IMAGES and self._binary):
            return self._labels(shape)
        array = self._random.normal(size=shape)
        if self._random.random() < 0.4:
            array = np.round(array)
        if name == "sample_weight":
            array = np.abs(array)
        elif name == "y_prob" and self._random.random() < 0.9:
            array = np.abs(array) + 1e-3
            array /= array.sum(axis=1, keepdims=True) if array.ndim == 2 else array.max(initial=1.0)
            return array.astype(self.pick(("float32", "float64")))
        elif self._random.random() < 0.3:
            array = np.abs(array) / max(1.0, float(np.abs(array).max(initial=0)))
        if self._random.random() < (0.02 if self._sane else 0.3) and array.size:
            array.flat[self._random.integers(array.size)] = self.pick(EXTREMES)
        with np.errstate(all="ignore"):
            if self._random.random() < 0.05:
                array = array * self.pick((1e-300, 1e-30, 1e30, 1e300))
            return array.astype(self.pick(DTYPES))

    def _labels(self, shape: tuple[int, ...]) -> np.ndarray:
        labels = self._random.integers(0, 2 if self._binary else self.pick((1, 3, 6)), size=shape)
        if self._random.random() < 0.1:
            return np.array(list("abcdefgh"))[labels]
        if self._random.random() < 0.1:
            return 2 * labels - 1
        return labels.astype(self.pick(DTYPES))

    def _form(self, array: np.ndarray) -> Any:
        form = self._random.random()
        if form < 0.1:
            return array.tolist()
        if form < 0.15:
            return np.asfortranarray(array)
        if form < 0.2:
            return np.repeat(array, 2, axis=0)[::2]
        if form < 0.22:
            return array.astype(array.dtype.newbyteorder())
        return array
