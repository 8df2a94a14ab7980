"""How the learning rates in training.py were chosen: each loss by its own metric, on the same grid.

Run: python examples/demo/tune.py. It never looks at the held-out rows of the demo.
"""

from dataclasses import replace

import numpy as np
import torch
from crashes import Rows, load
from rich.console import Console
from rich.table import Table
from torch.nn.functional import binary_cross_entropy_with_logits
from training import RECIPES, Run, train

LEARNING_RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SEEDS = (100, 101, 102)  # not those of the demo


def score(metric: str, run: Run, target: np.ndarray) -> float:
    """The metric on the validation rows, higher is better."""
    if metric == "log_loss":
        logits, wanted = torch.from_numpy(run.test_logits), torch.from_numpy(target).double()
        return -binary_cross_entropy_with_logits(logits, wanted).item()
    return float(getattr(run.epochs[-1], metric))


def main() -> None:
    """Print the mean validation score of every loss and learning rate."""
    torch.set_num_threads(1)
    rows = load().train
    cut = 3 * len(rows.target) // 4
    fit, validation = (
        Rows(rows.features[part], rows.target[part], rows.weight[part])
        for part in (slice(None, cut), slice(cut, None))
    )
    table = Table("loss", "metric", *map(str, LEARNING_RATES))
    for recipe in RECIPES:
        means = []
        for rate in LEARNING_RATES:
            runs = [train(replace(recipe, learning_rate=rate), fit, validation, seed=seed) for seed in SEEDS]
            means.append(np.mean([score(recipe.trained_for, run, validation.target) for run in runs]))
        best = int(np.argmax(means))
        cells = [f"{mean:.4f}{' *' if place == best else ''}" for place, mean in enumerate(means)]
        table.add_row(recipe.name, recipe.trained_for, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
