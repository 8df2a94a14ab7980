"""`Catalog`, the functions of `lossary` over it, and the flat namespace `lossary.losses`."""

import doctest
from dataclasses import FrozenInstanceError

import lossary
import lossary.catalog
import lossary.naming
import pytest
from lossary import losses
from lossary.catalog import Catalog
from lossary.errors import BrokenPluginError
from lossary.naming import close_names, loss_names, pascal_case

SEGMENTATION = "lossary.losses.segmentation"


def test_the_installed_catalogue_is_found_once():
    assert Catalog.installed() is Catalog.installed()


def test_the_functions_of_lossary_read_the_installed_catalogue():
    assert lossary.names() == Catalog.installed().names()
    assert lossary.names(task="segmentation") == Catalog.installed().names("segmentation")
    assert lossary.problems() is Catalog.installed().problems


def test_a_catalogue_is_immutable():
    with pytest.raises(FrozenInstanceError):
        Catalog.from_packages([]).packages = ()


def test_a_catalogue_of_packages_sees_these_and_no_others():
    catalog = Catalog.from_packages([SEGMENTATION])
    assert catalog.tasks() == ("segmentation",)
    assert "dice" in catalog.names()
    assert Catalog.from_packages([]).entries() == ()


@pytest.mark.parametrize("name", ["lossary.losses.absent", "json.decoder", ""])
def test_a_package_that_does_not_import_is_an_error_with_its_cause(name):
    with pytest.raises(BrokenPluginError, match=f"import_names: got '{name}'") as raised:
        Catalog.from_packages([name])
    assert raised.value.__cause__ is not None


def test_entries_are_sorted_by_name():
    names = [entry.name for entry in Catalog.installed().entries()]
    assert names == sorted(names)


def test_an_entry_says_where_a_loss_comes_from():
    entry = Catalog.installed().entry("segmentation/dice")
    assert (entry.name, entry.family, entry.qualified_name) == ("dice", "segmentation", "segmentation/dice")
    assert (entry.module, entry.distribution) == (f"{SEGMENTATION}.dice", "lossary")
    assert entry.version == lossary.__version__


def test_every_family_offers_its_losses_in_the_flat_namespace():
    for entry in Catalog.from_packages([f"lossary.losses.{name}" for name in losses._families()]).entries():
        assert {entry.name, pascal_case(entry.name)} <= set(dir(losses))


def test_the_flat_namespace_gives_function_and_class():
    pytest.importorskip("torch")
    from lossary.losses import Dice, dice
    from lossary.losses.segmentation import dice as home

    assert (losses.dice, losses.Dice) == (dice, Dice) == (home.dice, home.Dice)


def test_the_flat_namespace_leaves_families_importable():
    import lossary.losses.auc
    from lossary.losses import segmentation

    assert losses.auc is lossary.losses.auc
    assert segmentation.__name__ == SEGMENTATION


@pytest.mark.parametrize("name", ["DICE", "dcie"])
def test_the_flat_namespace_suggests_close_names(name):
    with pytest.raises(AttributeError, match=f"lossary.losses has no '{name}'; it has dice or Dice"):
        getattr(losses, name)


def test_the_flat_namespace_has_no_invented_special_names():
    assert not hasattr(losses, "__wrapped__")


@pytest.mark.parametrize(
    ("name", "wanted"), [("dice", "Dice"), ("multi_similarity", "MultiSimilarity"), ("f2_x", "F2X")]
)
def test_a_class_is_the_pascal_case_of_its_function(name, wanted):
    assert pascal_case(name) == wanted


def test_loss_names_come_from_public_files(tmp_path):
    for name in ("b.py", "a.py", "_private.py", "notes.txt"):
        (tmp_path / name).write_text("raise OSError")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__init__.py").touch()
    assert loss_names([str(tmp_path)]) == ("a", "b")


def test_close_names_are_empty_for_a_name_like_no_other():
    assert close_names("zzz", ["dice"]) == ""


@pytest.mark.parametrize("module", [lossary.catalog, lossary.naming], ids=lambda module: module.__name__)
def test_examples_run(module):
    assert doctest.testmod(module).failed == 0
