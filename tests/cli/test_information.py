import json
import re
import sys
from importlib import metadata

import lossary
import numpy as np
import pytest
from lossary.catalog import Catalog
from lossary.cli import main
from lossary.discovery import PluginProblem

pytest.importorskip("typer", reason="the command line needs lossary[eval]")
pytest.importorskip("rich", reason="the command line needs lossary[eval]")


def test_list_shows_every_installed_loss(capsys):
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    for entry in Catalog.installed().entries():
        assert re.search(rf"^ *{entry.name} +{entry.family} +{entry.distribution} ", shown, re.MULTILINE)


def test_list_as_json_of_one_task(capsys):
    assert main(["list", "--task", "segmentation", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["family"] for row in rows} == {"segmentation"}
    assert {
        "name": "dice",
        "family": "segmentation",
        "module": "lossary.losses.segmentation.dice",
        "distribution": "lossary",
        "version": metadata.version("lossary"),
    } in rows


def test_list_finds_losses_by_their_paper(capsys):
    pytest.importorskip("torch", reason="lossary list --paper imports the losses")
    assert main(["list", "--paper", "cldice stucki"]) == 0
    assert "soft_cldice" not in capsys.readouterr().out
    assert main(["list", "--paper", "clDice Shit 2021"]) == 0
    shown = capsys.readouterr().out
    assert re.search(
        r"^soft_cldice +segmentation +lossary .* \(Shit et al., CVPR 2021\)$", shown, re.MULTILINE
    )
    assert len(shown.splitlines()) == 3


def test_list_by_paper_as_json_gives_the_paper(capsys):
    pytest.importorskip("torch", reason="lossary list --paper imports the losses")
    assert main(["list", "--paper", "cldice", "--task", "segmentation", "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["name"] == "soft_cldice"
    assert row["paper"]["url"] == Catalog.installed().get("soft_cldice").paper.url


def test_list_by_paper_without_torch_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["list", "--paper", "cldice"]) == 2
    assert "pip install 'lossary[torch]'" in capsys.readouterr().err


def test_show_tells_what_the_loss_declares(capsys):
    pytest.importorskip("torch", reason="lossary show imports a loss")
    assert main(["show", "dice"]) == 0
    shown = capsys.readouterr().out
    spec = Catalog.installed().get("dice")
    assert shown.startswith(f"dice: {spec.summary}\n")
    for text in (
        spec.formula,
        "prediction: probabilities p, in [0, 1].",
        "\n  smooth=1e-05: s, added above and below; a larger value (1.0) softens the loss of maps with",
        str(spec.paper),
        spec.paper.url,
        "lossary.metrics.f1_score, zero_division=1.0",
        *(each.value for each in spec.properties),
        "from lossary.losses.segmentation.dice import dice, Dice",
    ):
        assert text in shown


def test_show_tells_which_output_of_a_metric_is_meant(capsys):
    pytest.importorskip("torch", reason="lossary show imports a loss")
    assert main(["show", "betti_matching"]) == 0
    assert re.search(r"^  lossary\.metrics\.betti_\w+.*, output \w+$", capsys.readouterr().out, re.MULTILINE)


def test_show_without_torch_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["show", "dice"]) == 2
    assert "pip install 'lossary[torch]'" in capsys.readouterr().err


def test_doctor_reports_versions_extras_and_plugins(capsys):
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert f"lossary {lossary.__version__}, {lossary.get_num_threads()} threads" in shown
    assert f"numpy {np.__version__}" in shown
    assert re.search(r"^  eval: pyarrow \S+, rich \S+, typer \S+$", shown, re.MULTILINE)
    assert re.search(r"^  torch: torch (\d\S+|not installed), jaxtyping", shown, re.MULTILINE)
    assert re.search(r"^  segmentation: lossary \S+, losses: \d+, loaded in 0\.\d+ s$", shown, re.MULTILINE)
    assert shown.endswith("no problems\n")


@pytest.fixture
def one_problem(monkeypatch):
    try:
        raise ModuleNotFoundError("No module named 'gone'")
    except ModuleNotFoundError as error:
        problem = PluginProblem(
            plugin="stranger", distribution="lossary-stranger", version="0.3", stage="import", error=error
        )
    monkeypatch.setattr(Catalog, "installed", lambda: Catalog((), (problem,)))
    return problem


def test_doctor_with_a_problem_has_exit_status_1(capsys, one_problem):
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert str(one_problem) in shown
    assert "Traceback" not in shown


def test_verbose_doctor_shows_the_tracebacks(capsys, one_problem):
    assert main(["doctor", "--verbose"]) == 1
    assert "Traceback" in capsys.readouterr().out
