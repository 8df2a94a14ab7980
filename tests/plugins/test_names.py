"""Names that clash, that nobody has, or that a broken plugin owns."""

import pytest
from lossary.errors import (
    AmbiguousLossError,
    BrokenPluginError,
    DtypeError,
    InvalidInputError,
    UnknownLossError,
)


@pytest.fixture
def clashing(site):
    """Two strangers with a loss of one name, which a third loss beside them does not share."""
    site.add_good("north", "pull")
    site.add_good("south", "pull")
    site.write({"south_losses/push.py": site.loss("push")})
    return site.catalog("north", "south")


def test_a_clash_is_listed_in_qualified_forms(clashing):
    assert {"north/pull", "south/pull", "push"} <= set(clashing.names())
    assert "pull" not in clashing.names()
    assert clashing.names(task="south") == ("push", "south/pull")


def test_a_clash_is_an_error_that_names_both(clashing):
    with pytest.raises(AmbiguousLossError, match=r"north/pull \(north_losses.pull\), south/pull"):
        clashing.entry("pull")


def test_a_qualified_name_always_works(clashing):
    assert clashing.entry("north/pull").module == "north_losses.pull"
    assert clashing.entry("south/pull").module == "south_losses.pull"


def test_a_stranger_cannot_take_a_name_of_ours(site):
    site.add_good("rival", "dice")
    catalog = site.catalog("rival")
    with pytest.raises(AmbiguousLossError, match=r"rival/dice .*segmentation/dice"):
        catalog.entry("dice")
    assert catalog.entry("segmentation/dice").module == "lossary.losses.segmentation.dice"
    assert catalog.problems == ()


def test_qualified_names_that_clash_are_ambiguous_too(site):
    site.add_good("same", "pull")
    files = {"elsewhere/__init__.py": site.hook, "elsewhere/pull.py": site.loss("pull")}
    site.add("elsewhere-dist", entries={"same": "elsewhere"}, files=files)
    catalog = site.catalog("same")
    assert catalog.names(task="same") == ("same/pull",)
    with pytest.raises(
        AmbiguousLossError, match=r"same/pull \(elsewhere.pull\), same/pull \(same_losses.pull\)"
    ):
        catalog.entry("same/pull")


@pytest.mark.parametrize(
    ("slip", "meant"), [("dcie", "dice"), ("Dice", "dice"), ("segmentaton/dice", "segmentation/dice")]
)
def test_an_unknown_name_suggests_close_ones(site, slip, meant):
    with pytest.raises(UnknownLossError, match=f"name: got '{slip}'; wanted .*{meant}"):
        site.catalog().entry(slip)


def test_an_unknown_name_points_at_what_did_not_load(site):
    site.add("bad-dist", entries={"bad": "bad"}, files={"bad/__init__.py": "raise OSError"})
    with pytest.raises(UnknownLossError, match="It might be in what does not load: bad"):
        site.catalog("bad").entry("no_such_loss")


def test_a_name_of_a_broken_plugin_raises_its_error_as_cause(site):
    site.add("bad-dist", entries={"bad": "bad"}, files={"bad/__init__.py": "raise OSError('gone')"})
    with pytest.raises(
        BrokenPluginError, match=r"name: got plugin bad \(bad-dist 1.0\): import: OSError: gone"
    ) as raised:
        site.catalog("bad").entry("bad/anything")
    assert isinstance(raised.value.__cause__, OSError)


def test_the_task_of_a_broken_plugin_raises_its_error_as_cause(site):
    site.add("bad-dist", entries={"bad": "bad"}, files={"bad/__init__.py": "raise OSError('gone')"})
    with pytest.raises(BrokenPluginError, match="task: got plugin bad") as raised:
        site.catalog("bad").names(task="bad")
    assert isinstance(raised.value.__cause__, OSError)


def test_an_unknown_task_lists_the_known_ones(site):
    with pytest.raises(
        InvalidInputError, match=r"task: got 'segmentaton'; wanted one of auc, .*segmentation"
    ):
        site.catalog().names(task="segmentaton")


def test_a_name_must_be_text(site):
    with pytest.raises(DtypeError, match="name: got int; wanted a str"):
        site.catalog().entry(3)
