"""A loss file is checked when its loss is wanted; one that fails leaves the other losses alone."""

import sys

import pytest
from lossary.errors import (
    AmbiguousLossError,
    BrokenPluginError,
    InvalidInputError,
    PluginWarning,
    UnknownLossError,
)

pytest.importorskip("torch")
pytest.importorskip("jaxtyping")


def catalog_of(site, files):
    """A plugin `mine` of these loss files beside a good one."""
    files = {f"mine/{name}.py": text for name, text in files.items()}
    files |= {"mine/__init__.py": site.hook, "mine/kept.py": site.loss("kept")}
    site.add("mine-dist", entries={"mine": "mine"}, files=files, version="2.0", requires="lossary>=9")
    return site.catalog("mine")


def test_a_loss_is_loaded_and_built(site):
    catalog = catalog_of(site, {"near_miss": site.loss("near_miss")})
    assert catalog.get("near_miss").function is sys.modules["mine.near_miss"].near_miss
    assert catalog.get("mine/near_miss") is catalog.get("near_miss")
    assert repr(catalog.create("near_miss", scale=2.0)) == "NearMiss(scale=2.0)"


def test_an_unknown_option_is_refused(site):
    with pytest.raises(TypeError, match="scales"):
        catalog_of(site, {}).create("kept", scales=2.0)


def test_an_alias_finds_the_loss_and_skips_files_that_fail(site):
    named = site.loss("long_name", options='aliases=("ln", "LN"),')
    catalog = catalog_of(site, {"long_name": named, "torn": "raise OSError"})
    assert catalog.get("ln") is catalog.get("LN") is catalog.get("long_name")
    assert catalog.create("ln").scale == 1.0


def test_a_registered_name_wins_over_an_alias(site):
    catalog = catalog_of(site, {"thief": site.loss("thief", options='aliases=("kept",),')})
    assert catalog.get("kept").name == "kept"


def test_an_alias_of_two_losses_is_ambiguous(site):
    files = {name: site.loss(name, options='aliases=("both",),') for name in ("left", "right")}
    with pytest.raises(AmbiguousLossError, match=r"mine/left .*mine/right"):
        catalog_of(site, files).get("both")


def test_an_unknown_name_suggests_aliases_and_names_files_that_fail(site):
    named = site.loss("long_name", options='aliases=("abbreviated",),')
    catalog = catalog_of(site, {"long_name": named, "torn": "raise OSError"})
    with pytest.raises(UnknownLossError, match=r"wanted abbreviated.* does not load: mine/torn"):
        catalog.get("abreviated")


def test_losses_are_found_by_the_words_of_their_paper(site):
    named = site.loss("near_miss", options='aliases=("nm",),')
    catalog = catalog_of(site, {"near_miss": named})
    assert [entry.name for entry, _ in catalog.find("gauss SQUARE", "mine")] == ["kept", "near_miss"]
    ((entry, spec),) = catalog.find("nm perthes")
    assert (entry.qualified_name, spec) == ("mine/near_miss", catalog.get("near_miss"))
    assert catalog.find("nobody", "mine") == ()


def test_a_search_tells_of_files_that_fail(site):
    catalog = catalog_of(site, {"torn": "raise OSError('gone')"})
    with pytest.warns(PluginWarning, match=r"not searched: .*mine/torn"):
        ((entry, _),) = catalog.find("gauss perthes")
    assert entry.name == "kept"


@pytest.mark.parametrize("words", ["", "  ", "-_"])
def test_a_search_without_words_is_refused(site, words):
    with pytest.raises(InvalidInputError, match="words: got"):
        catalog_of(site, {}).find(words)


FAULTS = {
    "raises": ("raise OSError('gone')", OSError, "OSError: gone"),
    "exits": ("raise SystemExit(1)", SystemExit, "SystemExit: 1"),
    "missing_dependency": ("import no_such_einops", ModuleNotFoundError, "No module named 'no_such_einops'"),
    "no_loss": ("", ValueError, "LOSS: got NoneType; wanted a LossSpec"),
    "wrong_type": ("LOSS = {}", ValueError, "LOSS: got dict; wanted a LossSpec"),
    "newer_spec": (None, TypeError, "this lossary is 0.1.0, which is older): load: TypeError"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_fails_raises_its_error_as_cause_and_the_others_work(site, fault):
    text, cause, message = FAULTS[fault]
    if text is None:
        text = site.loss("faulty", options="invented_in_version_nine=True,")
    catalog = catalog_of(site, {"faulty": text})
    for _ in range(2):
        with pytest.raises(BrokenPluginError) as raised:
            catalog.get("faulty")
        assert str(raised.value).startswith(
            "mine/faulty: got plugin mine (mine-dist 2.0, made for lossary>=9; "
        )
        assert message in str(raised.value)
        assert isinstance(raised.value.__cause__, cause)
    assert catalog.get("kept").name == "kept"
    assert "faulty" in catalog.names()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("mine_own", "other", "LOSS.function: got other; wanted the file's own mine_own"),
        ("function=mine_own", "function=lambda prediction: 0", "LOSS.function: got <lambda>; wanted"),
        ("MineOwn", "Mineown", "LOSS.module: got MineOwn; wanted the file's own MineOwn"),
        ("module=MineOwn", "module=loss_module(mine_own)", "LOSS.module: got MineOwn; wanted the file's own"),
    ],
)
def test_file_function_and_class_must_share_the_name(site, before, after, message):
    text = site.loss("mine_own").replace(before, after)
    with pytest.raises(BrokenPluginError, match=message):
        catalog_of(site, {"mine_own": text}).get("mine_own")


def test_an_interrupt_while_loading_is_never_swallowed(site):
    with pytest.raises(KeyboardInterrupt):
        catalog_of(site, {"stop": "raise KeyboardInterrupt"}).get("stop")
