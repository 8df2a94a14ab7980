"""Random garbage into all metrics and states: each call must return a value or raise an error of lossary.

    python benches/fuzz.py --minutes 10           # writes a record
    python benches/fuzz.py --minutes 0.1 --only roc_auc_score --dry-run

A failure is any other exception (a panic of the kernels among them), NaN without a warning, a changed input,
a state that a refused call or a reading changed, a function that gave no value in a thousand calls, or a call
that takes longer than a minute (which ends the run with a traceback).
"""

import argparse
import faulthandler
import inspect
import math
import pickle
import time
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import is_dataclass
from functools import partial
from typing import Any

import numpy as np
from garbage import STATES, Garbage
from lossary import errors, metrics
from lossary.metrics import Confidence, Interval, ReliabilityDiagram
from lossary.streaming import ConfusionState
from lossary.streaming.state import State
from machine import describe, write

LONGEST_SECONDS = 60
# Calls after which one should have given a value.
ENOUGH = 1_000
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
    verdict, given = of_function(partial(state.evaluate, garbage.pick(OF_LABELS)), garbage)
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
    for name, counts in tally.items():
        if counts["refused"] >= ENOUGH and not counts["value"]:
            failures[f"{name}: no value"] += 1
            print(f"{name}: {counts['refused']} calls, and no value")
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
