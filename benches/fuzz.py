"""Random garbage into all metrics and states: each call must return a value or raise an error of lossary.

    python benches/fuzz.py --minutes 10           # writes a record
    python benches/fuzz.py --minutes 0.1 --only roc_auc_score --dry-run

A failure is any other exception (a panic of the kernels among them), NaN without a warning, a changed input,
a state that a refused call or a reading changed, or a call that takes longer than a minute (which ends the
run with a traceback).
"""

import argparse
import faulthandler
import inspect
import math
import pickle
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import is_dataclass
from functools import partial
from typing import Any

import numpy as np
from lossary import errors, metrics
from lossary.metrics import Confidence, Interval, ReliabilityDiagram
from lossary.metrics.binary_criteria import f1
from lossary.streaming import BoundedRankingState, CalibrationState, ConfusionState, ExactRankingState
from lossary.streaming.state import State
from machine import describe, write

LONGEST_SECONDS = 60
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
    "reduction": ("mean", "none"),
    "mode": ("hit", "fraction"),
    "gain": ("exponential", "linear"),
    "denominator": ("relevant", "min"),
    "variant": ("a", "b", "c"),
    "rank": ("average", "score", "index"),
    "weigher": ("hyperbolic", "logarithmic", "uniform"),
    "alternative": ("two-sided", "less", "greater"),
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
LABELS = frozenset(("y_true", "y_pred", "labels", "groups", "query", "fold", "labels_true", "labels_pred"))
NUMBERS = frozenset(
    (
        "y_score", "y_proba", "y_prob", "logits", "sample_weight", "embeddings", "reference",
        "reference_labels", "x", "y",
    )
)  # fmt: skip
FLAT = frozenset(("sample_weight", "groups", "query", "fold"))

STATES = (ExactRankingState, BoundedRankingState, CalibrationState, ConfusionState)
CHANGING = ("update", "merge")
OF_LABELS = tuple(
    getattr(metrics, name)
    for name in (
        "accuracy_score",
        "classification_report",
        "cohen_kappa_score",
        "confusion_matrix",
        "f1_score",
    )
)


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
            return self._pick(JUNK)
        if name == "confidence" and self._random.random() < 0.5:
            try:
                return Confidence(**self.arguments(Confidence)[1] | {"resamples": 100})
            except errors.LossaryError:
                return None
        if name == "other":
            return self.state(self._pick(STATES))
        if name == "data":
            return self.data(self._pick(STATES))
        if name in CHOICES and self._random.random() < 0.95:
            return self._pick(CHOICES[name])
        if name in LABELS or name in NUMBERS:
            return self._form(self._array(name))
        return self._pick((True, False, 0, 1, 0.5, 2.0, 3))

    def _pick(self, choices: tuple[Any, ...]) -> Any:
        return choices[self._random.integers(len(choices))]

    def _array(self, name: str) -> np.ndarray:
        rows = self._rows if self._random.random() < 0.97 else self._rows + 1
        shape: tuple[int, ...] = (rows,)
        matrix = name in ("embeddings", "reference") or (not self._binary and name not in FLAT)
        if matrix and self._random.random() < 0.8:
            shape = (rows, self._columns)
        if name in LABELS:
            return self._labels(shape)
        array = self._random.normal(size=shape)
        if self._random.random() < 0.4:
            array = np.round(array)
        if name == "sample_weight":
            array = np.abs(array)
        elif name == "y_prob" and self._random.random() < 0.9:
            array = np.abs(array) + 1e-3
            array /= array.sum(axis=1, keepdims=True) if array.ndim == 2 else array.max(initial=1.0)
            return array.astype(self._pick(("float32", "float64")))
        elif self._random.random() < 0.3:
            array = np.abs(array) / max(1.0, float(np.abs(array).max(initial=0)))
        if self._random.random() < (0.02 if self._sane else 0.3) and array.size:
            array.flat[self._random.integers(array.size)] = self._pick(EXTREMES)
        with np.errstate(all="ignore"):
            if self._random.random() < 0.05:
                array = array * self._pick((1e-300, 1e-30, 1e30, 1e300))
            return array.astype(self._pick(DTYPES))

    def _labels(self, shape: tuple[int, ...]) -> np.ndarray:
        labels = self._random.integers(0, 2 if self._binary else self._pick((1, 3, 6)), size=shape)
        if self._random.random() < 0.1:
            return np.array(list("abcdefgh"))[labels]
        if self._random.random() < 0.1:
            return 2 * labels - 1
        return labels.astype(self._pick(DTYPES))

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


def silent_nan(value: Any) -> bool:
    """Whether a result holds NaN."""
    if isinstance(value, float | np.floating):
        return math.isnan(value)
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and bool(np.isnan(value).any())
    if is_dataclass(value):
        return silent_nan(tuple(vars(value).values()))
    return isinstance(value, tuple | list) and any(silent_nan(each) for each in value)


def has_missing(value: Any) -> bool:
    """Whether an input holds NaN, or None where a number could be."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        value = value.ravel().tolist()
    if isinstance(value, tuple | list):
        return any(each is None or has_missing(each) for each in value)
    return silent_nan(value)


def outcome(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> str:
    """What a call came to: "value", "refused", or what is wrong with it."""
    given = pickle.dumps((args, kwargs))
    faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = function(*args, **kwargs)
    except errors.LossaryError:
        value, caught = None, [None]
        verdict = "refused"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"
    else:
        verdict = "value"
    finally:
        faulthandler.cancel_dump_traceback_later()
    if given != pickle.dumps((args, kwargs)):
        return "changed its input"
    asked_for_nan = any(has_missing(each) for each in (*args, *kwargs.values()))
    if isinstance(value, Interval) and isinstance(kwargs.get("undefined"), int | float):
        asked_for_nan = True  # a value that stands in for another, or has no interval, has no ends
    asked_for_nan |= isinstance(value, ReliabilityDiagram)  # its empty bins have no mean
    if silent_nan(value) and not caught and not asked_for_nan:
        return "NaN without a warning"
    return verdict


def readings(kind: type[State]) -> list[str]:
    """The names of what a state tells."""
    public = [name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")]
    return [name for name in public if name not in (*CHANGING, "evaluate")]


def restored(kind: type[State], data: Any) -> None:
    """Bytes to a state that works: it can be stored again, merged and read."""
    state = kind.from_bytes(data)
    assert kind.from_bytes(state.to_bytes()) == state, "a state that is not the same once stored"
    state.merge(kind.from_bytes(data))
    for name in readings(kind):
        options = {"max_fpr": 0.5} if name == "partial_auc" else {}
        with suppress(errors.UndefinedMetricError):
            getattr(state, name)(**options)


def of_function(function: Callable[..., Any], garbage: Garbage) -> tuple[str, Any]:
    """The outcome of one call, and its arguments."""
    args, kwargs = garbage.arguments(function)
    return outcome(function, args, kwargs), (args, kwargs)


def of_method(kind: type[State], name: str, garbage: Garbage) -> tuple[str, Any]:
    """The outcome of one call of a method of some state, and its arguments."""
    state = garbage.state(kind)
    before = state.to_bytes()
    verdict, given = of_function(getattr(state, name), garbage)
    if state.to_bytes() != before and (verdict == "refused" or name not in CHANGING):
        verdict = "changed the state"
    return verdict, (state, *given)


def of_evaluation(garbage: Garbage) -> tuple[str, Any]:
    """The outcome of a metric of labels of some state."""
    state = garbage.state(ConfusionState)
    verdict, given = of_function(partial(state.evaluate, garbage._pick(OF_LABELS)), garbage)
    return verdict, (state, *given)


def subjects() -> dict[str, Callable[[Garbage], tuple[str, Any]]]:
    """All that is called, by name."""
    found: dict[str, Callable[[Garbage], tuple[str, Any]]] = {
        name: partial(of_function, getattr(metrics, name))
        for name in metrics.__all__
        if inspect.isfunction(getattr(metrics, name))
    }
    found["Confidence"] = partial(of_function, Confidence)
    found["ConfusionState.evaluate"] = of_evaluation
    for kind in STATES:
        found[kind.__name__] = partial(of_function, kind)
        found[f"{kind.__name__}.from_bytes"] = partial(of_function, partial(restored, kind))
        for name in (*CHANGING, *readings(kind)):
            found[f"{kind.__name__}.{name}"] = partial(of_method, kind, name)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="name of one metric or method")
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    np.set_printoptions(threshold=20)
    found = describe("lossary", "numpy")
    calls = {name: call for name, call in subjects().items() if given.only in (None, name)}
    tally: dict[str, Counter[str]] = {name: Counter() for name in calls}
    failures: Counter[str] = Counter()
    end, seed = time.monotonic() + 60 * given.minutes, given.seed
    while time.monotonic() < end:
        for name, call in calls.items():
            verdict, arguments = call(Garbage(seed))
            if verdict not in ("value", "refused"):
                kind = f"{name}: {verdict[:100]}"
                if not failures[kind]:
                    print(f"seed {seed}: {name} of {arguments!s:.700}\n  -> {verdict[:300]}", flush=True)
                failures[kind] += 1
                verdict = "failed"
            tally[name][verdict] += 1
            seed += 1
    rows = [
        {"function": name, **{kind: counts[kind] for kind in ("value", "refused", "failed")}}
        for name, counts in tally.items()
    ]
    print(f"{sum(counts.total() for counts in tally.values()):,} calls, {failures.total()} failures")
    for row in rows:
        counts = "".join(f"{row[kind]:>9} {kind}" for kind in ("value", "refused", "failed"))
        print(f"{row['function']:40}{counts}")
    if not given.dry_run:
        write("fuzz", found | {"seed": given.seed, "minutes": given.minutes}, rows)
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
