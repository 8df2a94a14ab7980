"""The data that the loops share, and the page that lists them."""

import ast
from pathlib import Path

import torch


def test_no_image_is_trained_on_and_tested_on(loop):
    train, test = loop("handwritten").digits()
    assert len(train.digit) + len(test.digit) == 1797
    assert len(test.digit) == round(0.3 * 1797)
    everything = torch.cat([train.pixels, test.pixels])
    assert everything.min() == 0
    assert everything.max() == 1


def test_networks_of_one_seed_are_equal_and_leave_the_generator_alone(loop):
    before = torch.get_rng_state()
    first, second = (loop("handwritten").network(seed=3) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_batches_of_one_seed_are_equal(loop):
    handwritten = loop("handwritten")
    train, _ = handwritten.digits()
    first, second = (handwritten.batches(train, 8, 3, seed=1) for _ in range(2))
    assert [batch.pixels.shape for batch in first] == [(8, 64)] * 3
    assert all(torch.equal(a.digit, b.digit) for a, b in zip(first, second, strict=True))


def test_attacked_images_are_near_and_harder(loop):
    handwritten = loop("handwritten")
    train, _ = handwritten.digits()
    model = handwritten.network(seed=2)
    moved = handwritten.attacked(model, train, reach=0.1)
    assert (moved.pixels - train.pixels).abs().max() <= 0.1 + 1e-6
    assert moved.pixels.min() == 0
    assert moved.pixels.max() == 1
    loss = [torch.nn.functional.cross_entropy(model(each.pixels), each.digit) for each in (train, moved)]
    assert loss[1] > loss[0] + 0.05


def test_views_of_an_image_differ_from_it_by_a_move_and_noise(loop):
    handwritten = loop("handwritten")
    pixels = handwritten.digits()[0].pixels[:50]
    first, second = (handwritten.augmented(pixels, torch.Generator().manual_seed(seed)) for seed in (0, 0))
    assert torch.equal(first, second)
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    moves = [pixels.view(-1, 8, 8).roll(shift, (1, 2)).flatten(1) for shift in shifts]
    nearest = torch.stack([(first - moved).square().mean(1) for moved in moves]).amin(0)
    assert nearest.sqrt().max() < 0.3


def test_the_page_lists_each_loop_by_its_first_line():
    folder = Path(__file__).parents[3] / "examples" / "training"
    page = (folder / "README.md").read_text(encoding="utf-8")
    scripts = [path for path in sorted(folder.glob("*.py")) if path.stem != "handwritten"]
    lines = [ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in scripts]
    rows = [
        f"| [{path.stem}]({path.name}) | {line.partition(chr(10))[0]} |"
        for path, line in zip(scripts, lines, strict=True)
    ]
    assert [row for row in page.splitlines() if row.startswith("| [")] == rows
