"""Metadata of installed distributions: doubled, clashing, unreadable, made for another version."""

import lossary
import pytest


def test_the_same_entry_twice_is_one_plugin(site):
    site.add_good("twin")
    site.add("twin-dist-editable", entries={"twin": "twin_losses"}, files={})
    catalog = site.catalog("twin")
    assert catalog.problems == ()
    assert [package.import_name for package in catalog.packages if package.family == "twin"] == [
        "twin_losses"
    ]
    assert catalog.names(task="twin") == ("tidy",)


def test_an_older_copy_of_a_distribution_is_shadowed(site):
    site.add_good("moved")
    site.add("Moved.Dist", entries={"moved": "moved_before"}, files={}, version="0.5")
    (site.root / "zzz").mkdir()
    old = next(site.root.glob("Moved*"))
    old.rename(site.root / "zzz" / old.name)
    code = f"""
import sys
sys.path.append({str(site.root / "zzz")!r})
import lossary
print(lossary.names(task="moved"), lossary.problems())
"""
    assert site.run(code, LOSSARY_PLUGINS="moved").stdout == "('tidy',) ()\n"


def test_one_name_for_two_packages_loads_both_and_says_so(site):
    site.add_good("shared", "first")
    files = {"other_losses/__init__.py": site.hook, "other_losses/second.py": ""}
    site.add("other-dist", entries={"shared": "other_losses"}, files=files)
    catalog = site.catalog("shared")
    assert catalog.names(task="shared") == ("first", "second")
    (problem,) = catalog.problems
    assert problem.stage == "entry point"
    assert "shared-dist (shared_losses)" in str(problem)
    assert "other-dist (other_losses)" in str(problem)


def test_one_package_under_two_names_is_not_ambiguous(site):
    site.add_good("early")
    site.add("late-dist", entries={"late": "early_losses"}, files={})
    catalog = site.catalog("early", "late")
    assert catalog.problems == ()
    assert catalog.names(task="early") == catalog.names(task="late") == ("tidy",)
    assert catalog.entry("tidy").module == "early_losses.tidy"


def test_unreadable_entry_points_are_one_problem(site):
    site.write(
        {
            "torn-1.0.dist-info/METADATA": "Name: torn\nVersion: 1.0\n",
            "torn-1.0.dist-info/entry_points.txt": "[lossary]\nno equals sign",
        }
    )
    site.add_good()
    catalog = site.catalog("good")
    assert catalog.names(task="good") == ("tidy",)
    (problem,) = catalog.problems
    assert problem.stage == "entry point"
    assert "torn-1.0.dist-info" in str(problem)


def test_unreadable_entry_points_of_strangers_are_none_of_our_business(site):
    site.write(
        {
            "alien-1.0.dist-info/METADATA": "Name: alien\nVersion: 1.0\n",
            "alien-1.0.dist-info/entry_points.txt": "[console_scripts]\nno equals sign",
        }
    )
    assert site.catalog().problems == ()


@pytest.mark.parametrize("family", ["two words", "a/b"])
def test_a_family_name_that_no_one_can_type_is_refused(site, family):
    site.add("bad-dist", entries={family: "bad_losses"}, files={"bad_losses/__init__.py": site.hook})
    problem = site.problem(family)
    assert problem.stage == "name"
    assert repr(family) in str(problem)


@pytest.mark.parametrize(
    ("requires", "made_for", "side"),
    [
        ("lossary>=9", "lossary>=9", ", which is older"),
        ("lossary[torch] (>=9,<10)", "lossary>=9,<10", ", which is older"),
        ("lossary~=9.1; python_version > '3'", "lossary~=9.1", ", which is older"),
        ("Lossary<0.0.1", "lossary<0.0.1", ", which is newer"),
        ("lossary==0.0.1", "lossary==0.0.1", ", which is newer"),
        ("lossary>=0.0.1,<9", "lossary>=0.0.1,<9", ""),
    ],
)
def test_a_problem_says_which_side_is_older(site, requires, made_for, side):
    files = {"skewed/__init__.py": "from lossary.plugin import no_such_name"}
    site.add("skewed-dist", entries={"skewed": "skewed"}, files=files, requires=requires)
    problem = site.problem("skewed")
    wants = f"made for {made_for}; this lossary is {lossary.__version__}{side}"
    assert str(problem).startswith(f"skewed (skewed-dist 1.0, {wants}): import: ")


@pytest.mark.parametrize("requires", ["", "lossary-extras>=9", "lossary>=9; extra == 'test'"])
def test_a_plugin_that_says_nothing_about_lossary_is_not_dated(site, requires):
    files = {"silent/__init__.py": "raise OSError"}
    site.add("silent-dist", entries={"silent": "silent"}, files=files, requires=requires)
    problem = site.problem("silent")
    assert problem.requires == ""
    assert str(problem) == "silent (silent-dist 1.0): import: OSError"
