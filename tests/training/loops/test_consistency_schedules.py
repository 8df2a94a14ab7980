"""A consistency model on digits: the levels it trains at, its boundary, and noise near to its images."""

import pytest
import torch


def test_schedules_train_at_few_levels_first_and_at_all_in_the_end(loop, monkeypatch):
    script, seen = loop("consistency_schedules"), []
    levels = script.noise_levels
    monkeypatch.setattr(
        script, "noise_levels", lambda count, **options: seen.append(count) or levels(count, **options)
    )
    result = script.compare(steps=20)
    assert seen[:20] == [161] * 20
    assert sorted(set(seen[20:40])) == [11, 21, 41, 81, 161]
    assert seen[20:40] == sorted(seen[20:40]) == seen[40:]
    assert len({result.plain, result.scheduled, result.coupled}) == 3


def test_the_loop_learns(loop):
    script = loop("consistency_schedules")
    assert script.compare(steps=80).coupled < script.compare(steps=5).coupled / 1.1


def test_coupled_noise_is_nearer(loop):
    train, _ = loop("handwritten").digits()
    assert loop("consistency_schedules").share_left(train, seed=0) < 0.9


def test_the_least_level_gives_the_image_back(loop):
    script = loop("consistency_schedules")
    image = torch.randn(4, 64, generator=torch.Generator().manual_seed(0))
    found = script.Model()(image, torch.full((4,), script.LEAST))
    torch.testing.assert_close(found, image)


def test_digits_are_at_no_distance_from_themselves(loop):
    train, _ = loop("handwritten").digits()
    found = loop("consistency_schedules").between(train.pixels, train.pixels)
    assert found == pytest.approx(0, abs=1e-4)
