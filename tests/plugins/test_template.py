"""The template under plugins/ is a plugin like any stranger's: it is found, loads and conforms."""

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from lossary.catalog import Catalog

TEMPLATE = Path(__file__).parents[2] / "plugins" / "template"


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Catalog:
    monkeypatch.syspath_prepend(TEMPLATE / "src")
    return Catalog.from_packages(["lossary_example"])


@pytest.fixture
def pyproject() -> dict:
    return tomllib.loads((TEMPLATE / "pyproject.toml").read_text(encoding="utf-8"))


def test_its_loss_is_listed_without_importing_it(catalog: Catalog) -> None:
    assert catalog.problems == ()
    assert [entry.qualified_name for entry in catalog.entries()] == ["example/modified_huber"]


def test_its_entry_point_names_the_package_that_is_there(pyproject: dict) -> None:
    assert pyproject["project"]["entry-points"]["lossary"] == {"example": "lossary_example"}
    assert (TEMPLATE / "src" / "lossary_example" / "__init__.py").is_file()


def test_its_requirement_admits_this_lossary(pyproject: dict) -> None:
    requirements = pytest.importorskip("packaging.requirements")
    (requirement,) = map(requirements.Requirement, pyproject["project"]["dependencies"])
    assert requirement.name == "lossary"
    assert importlib.metadata.version("lossary") in requirement.specifier


def test_its_loss_passes_every_check_of_conformance(catalog: Catalog) -> None:
    pytest.importorskip("torch")
    from lossary.conformance import run

    outcomes = run(catalog.get("modified_huber"), goldens=TEMPLATE / "tests" / "goldens")
    assert [f"{outcome.check}: {outcome.detail}" for outcome in outcomes if outcome.status == "failed"] == []
    assert {"goldens", "gradcheck", "docstring"} <= {o.check for o in outcomes if o.status == "passed"}


def test_its_loss_is_the_squared_hinge_until_plainly_wrong(catalog: Catalog) -> None:
    torch = pytest.importorskip("torch")
    logits = torch.linspace(-0.99, 3, 50, dtype=torch.float64)
    loss = catalog.get("modified_huber").function(logits, torch.ones(50), reduction="none")
    torch.testing.assert_close(loss, (1 - logits).clamp(min=0) ** 2)
