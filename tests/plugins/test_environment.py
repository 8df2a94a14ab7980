"""LOSSARY_PLUGINS, LOSSARY_STRICT, the one warning, and a process without torch."""

import json

import pytest

BLOCK_TORCH = """
import sys


class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "jaxtyping"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Block())
import lossary
"""


@pytest.fixture
def two(site):
    """One good plugin and one that raises."""
    site.add_good()
    site.add("bad-dist", entries={"bad": "bad"}, files={"bad/__init__.py": "raise OSError('gone')"})
    return site


def seen(site, plugins):
    """Families and problems that a process sees under LOSSARY_PLUGINS."""
    code = "import json, lossary; from lossary.catalog import Catalog; c = Catalog.installed();"
    code += "print(json.dumps([c.tasks(), [str(p) for p in lossary.problems()]]))"
    done = site.run(code, LOSSARY_PLUGINS=plugins, PYTHONWARNINGS="ignore")
    assert done.returncode == 0, done.stderr
    tasks, problems = json.loads(done.stdout)
    return tasks, problems


def test_no_plugin_is_loaded_for_an_empty_list(two):
    assert seen(two, "") == ([], [])


def test_plugins_are_chosen_by_entry_point_or_distribution(two):
    assert seen(two, "good") == (["good"], [])
    assert seen(two, " Good_Dist ,") == (["good"], [])
    assert seen(two, "bad,good-dist") == (["good"], ["bad (bad-dist 1.0): import: OSError: gone"])


def test_the_wheel_is_chosen_by_its_distribution(two):
    tasks, problems = seen(two, "lossary")
    assert "segmentation" in tasks
    assert "good" not in tasks
    assert problems == []


def test_the_warning_may_run_code_that_asks_for_the_plugins(two):
    code = "import warnings, lossary\n"
    code += "warnings.showwarning = lambda *_, **__: print(len(lossary.problems()))\n"
    code += "lossary.names()"

    done = two.run(code, LOSSARY_PLUGINS="good,bad")

    assert done.stdout == "1\n", done.stderr


def test_an_item_that_matches_nothing_is_a_problem(two):
    tasks, problems = seen(two, "good,goood")
    assert tasks == ["good"]
    assert len(problems) == 1
    assert "LOSSARY_PLUGINS: got 'goood'; wanted one of auc, bad, bad-dist" in problems[0]


def test_problems_are_one_warning_in_a_process(two):
    code = "import lossary; lossary.names(); lossary.names(); lossary.problems()"
    done = two.run(code, LOSSARY_PLUGINS="good,bad,absent")
    assert done.returncode == 0
    assert done.stderr.count("PluginWarning") == 1
    assert "2 problem(s) with plugins; all others work" in done.stderr
    assert "bad (bad-dist 1.0): import: OSError: gone" in done.stderr


def test_nothing_is_warned_about_without_a_problem(two):
    assert two.run("import lossary; lossary.names()", LOSSARY_PLUGINS="good,lossary").stderr == ""


def test_importing_lossary_loads_no_plugin(two):
    code = "import sys, lossary; print({'bad', 'good_losses', 'pluggy', 'torch'} & set(sys.modules))"
    assert two.run(code).stdout == "set()\n"


def test_strict_raises_the_first_problem_with_its_cause(two):
    code = """
import lossary
try:
    lossary.names()
except lossary.errors.BrokenPluginError as error:
    print(error, repr(error.__cause__))
"""
    done = two.run(code, LOSSARY_PLUGINS="good,bad", LOSSARY_STRICT="1")
    assert "bad (bad-dist 1.0): import: OSError: gone; wanted one that loads OSError('gone')" in done.stdout
    assert two.run(code, LOSSARY_PLUGINS="good,bad", LOSSARY_STRICT="0").stdout == ""


def test_a_process_without_torch_lists_everything(two):
    code = BLOCK_TORCH + "print(lossary.names(task='good'), 'dice' in lossary.names())"
    done = two.run(code, LOSSARY_PLUGINS="good,lossary")
    assert done.stdout == "('tidy',) True\n"


@pytest.mark.parametrize(
    ("call", "purpose"),
    [
        ("lossary.get('good/tidy')", "lossary.get"),
        ("lossary.create('dice')", "lossary.create"),
        ("lossary.losses.dice", "lossary.losses.dice"),
    ],
)
def test_a_process_without_torch_is_told_which_extra_to_install(two, call, purpose):
    code = f"try:\n    {call}\nexcept lossary.errors.MissingExtraError as error:\n    print(error)"
    done = two.run(BLOCK_TORCH + code, LOSSARY_PLUGINS="good,lossary")
    assert done.stdout == f"{purpose} needs torch, which is not installed: pip install 'lossary[torch]'\n"
