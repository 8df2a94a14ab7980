"""The game whose equilibrium is the line of greatest margin."""


def test_with_hints_the_last_plays_are_near_the_equilibrium(loop):
    plain, optimistic = loop("optimistic_mirror_descent_step").compare(seed=1, steps=300)
    assert plain[-1].step_size == optimistic[-1].step_size == 0.3
    assert optimistic[-1].last_gap < 0.1 < 0.5 < plain[-1].last_gap
    assert optimistic[-1].gap < plain[-1].gap


def test_every_game_bounds_the_same_margin(loop):
    games = [
        game for games in loop("optimistic_mirror_descent_step").compare(seed=1, steps=100) for game in games
    ]
    assert max(game.margin for game in games) <= min(game.margin + game.gap for game in games)
    assert all(game.gap >= 0 for game in games)
