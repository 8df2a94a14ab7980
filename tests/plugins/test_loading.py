"""A plugin that fails is one problem with a stage and an error; everybody else works."""

import sys

import pytest
from lossary.discovery import discover

HOOK_BODY = """\
from lossary.plugin import hookimpl


@hookimpl
def lossary_loss_packages():
    {}
"""

FAULTS = {
    "broken_import": ("raise RuntimeError('out of order')", "import", "RuntimeError: out of order"),
    "syntax_error": ("def (", "import", "SyntaxError"),
    "system_exit": ("raise SystemExit(3)", "import", "SystemExit: 3"),
    "missing_dependency": ("import no_such_dependency", "import", "No module named 'no_such_dependency'"),
    "error_without_text": (
        "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute",
        "import",
        "Mute",
    ),
    "base_exception": (
        "class Abort(BaseException): pass\nraise Abort('from Rust')",
        "import",
        "Abort: from Rust",
    ),
    "misspelt_hook": (
        HOOK_BODY.format("return [__name__]").replace("packages", "package"),
        "register",
        "unknown hook 'lossary_loss_package'",
    ),
    "hook_with_argument": (
        HOOK_BODY.format("return [__name__]").replace("packages()", "packages(config)"),
        "register",
        "config",
    ),
    "no_hook": ("", "hook", "got no hook; wanted lossary_loss_packages"),
    "no_marker": (
        HOOK_BODY.format("return [__name__]").replace("@hookimpl", ""),
        "hook",
        "got no hook; wanted lossary_loss_packages",
    ),
    "hook_raises": (HOOK_BODY.format("raise OSError('disk gone')"), "hook", "OSError: disk gone"),
    "hook_exits": (HOOK_BODY.format("raise SystemExit"), "hook", "SystemExit"),
    "hook_returns_none": (HOOK_BODY.format("return None"), "hook", "got None; wanted a list of import names"),
    "hook_returns_str": (HOOK_BODY.format("return __name__"), "hook", "wanted a list of import names"),
    "hook_returns_modules": (
        "import sys\n" + HOOK_BODY.format("return [sys]"),
        "hook",
        "wanted a list of import names",
    ),
    "hook_yields": (HOOK_BODY.format("yield __name__"), "hook", "wanted a list of import names"),
    "missing_package": (HOOK_BODY.format("return ['no_such_package']"), "package", "no_such_package"),
    "module_as_package": (
        HOOK_BODY.format("return ['json.decoder']"),
        "package",
        "got a module; wanted a package",
    ),
    "empty_package_name": (HOOK_BODY.format("return ['']"), "package", "ValueError"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_problem_and_the_others_work(site, fault):
    init, stage, message = FAULTS[fault]
    site.add(
        "bad-dist", entries={"bad": f"bad_{fault}"}, files={f"bad_{fault}/__init__.py": init}, version="2.1"
    )
    problem = site.problem("bad")
    assert (problem.plugin, problem.distribution, problem.version) == ("bad", "bad-dist", "2.1")
    assert problem.stage == stage
    assert message in str(problem)
    assert "\n" not in str(problem)


def test_a_ten_line_plugin_is_listed_without_importing_its_losses(site):
    site.add_good("fine", "smooth")
    catalog = site.catalog("fine")
    assert catalog.problems == ()
    assert catalog.names(task="fine") == ("smooth",)
    entry = catalog.entry("smooth")
    assert (entry.qualified_name, entry.module) == ("fine/smooth", "fine_losses.smooth")
    assert (entry.distribution, entry.version) == ("fine-dist", "1.0")
    assert "fine_losses.smooth" not in sys.modules


def test_private_modules_and_subpackages_are_no_losses(site):
    files = {
        "tidy/__init__.py": site.hook,
        "tidy/_private.py": "",
        "tidy/data/__init__.py": "",
        "tidy/one.py": "",
    }
    site.add("tidy-dist", entries={"tidy": "tidy"}, files=files)
    assert site.catalog("tidy").names(task="tidy") == ("one",)


def test_a_file_that_cannot_be_imported_by_name_is_a_problem_of_its_own(site):
    files = {
        "odd/__init__.py": site.hook,
        "odd/two-words.py": "",
        "odd/lambda.py": "",
        "odd/even.py": "",
    }
    site.add("odd-dist", entries={"odd": "odd"}, files=files)
    catalog = site.catalog("odd")
    assert catalog.names(task="odd") == ("even",)
    assert [problem.stage for problem in catalog.problems] == ["name", "name"]
    assert "two-words.py; wanted a Python identifier" in str(catalog.problems[1])


def test_one_bad_package_of_a_plugin_leaves_its_others(site):
    init = site.hook.replace("[__name__]", "['absent', __name__]")
    site.add("half-dist", entries={"half": "half"}, files={"half/__init__.py": init, "half/whole.py": ""})
    catalog = site.catalog("half")
    assert catalog.names(task="half") == ("whole",)
    assert [problem.stage for problem in catalog.problems] == ["package"]


def test_an_interrupt_is_never_swallowed(site):
    site.add("stop-dist", entries={"stop": "stop"}, files={"stop/__init__.py": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        discover({"stop"})


def test_a_plugin_that_asks_for_the_catalogue_while_loading_is_told_so(site):
    site.add(
        "eager-dist",
        entries={"eager": "eager"},
        files={"eager/__init__.py": "import lossary\nlossary.names()"},
    )
    code = "import lossary; (problem,) = lossary.problems(); print(problem)"
    done = site.run(code, LOSSARY_PLUGINS="eager", PYTHONWARNINGS="ignore")
    assert "eager (eager-dist 1.0): import: " in done.stdout
    assert "got a call from a plugin that is being loaded" in done.stdout


def test_a_slow_loss_file_costs_nothing_until_it_is_wanted(site):
    files = {"slow/__init__.py": site.hook, "slow/sleepy.py": "import time\ntime.sleep(60)"}
    site.add("slow-dist", entries={"slow": "slow"}, files=files)
    assert site.catalog("slow").names(task="slow") == ("sleepy",)


def test_a_slow_plugin_is_timed(site):
    init = "import time\ntime.sleep(0.2)\n" + site.hook
    site.add("slow-dist", entries={"slow_init": "slow_init"}, files={"slow_init/__init__.py": init})
    site.add_good()
    seconds = {package.family: package.seconds for package in site.catalog("slow_init", "good").packages}
    assert seconds["slow_init"] >= 0.2
    assert seconds["good"] < seconds["slow_init"]
