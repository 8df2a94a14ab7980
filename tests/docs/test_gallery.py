"""The gallery shows every loss, its links lead somewhere, and its pictures are light."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

pytest.importorskip("torch")

from lossary.authoring import ExactMetric
from lossary.catalog import Catalog

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "docs" / "gallery"
PAGES = [ROOT / "README.md", ROOT / "docs/papers.md", *sorted(GALLERY.glob("*.md"))]
LOSSES = [entry for entry in Catalog.installed().entries() if entry.distribution == "lossary"]
MOST_BYTES = 25_000
MOST_BYTES_IN_ALL = 5_000_000


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery_pages", ROOT / "docs" / "gallery_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors(page: Path) -> set[str]:
    """What a link to a heading of the page may say."""
    return {title.lower() for title in re.findall(r"^#+ (\w+)$", page.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]*)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        place = page.parent / path if path else page
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


@pytest.mark.parametrize("entry", LOSSES, ids=lambda entry: entry.name)
def test_every_loss_has_a_section_and_a_picture(entry) -> None:
    section = (GALLERY / f"{entry.family}.md").read_text().partition(f"## {entry.name}\n")[2]
    picture, paper, verified = (
        section.index(text) for text in (f"]({entry.family}/{entry.name}.svg)", "**Paper:**", "**Verified:**")
    )
    assert picture < paper < verified


def test_pictures_are_light_and_of_losses() -> None:
    pictures = sorted(GALLERY.glob("*/*"))
    sizes = [path.stat().st_size for path in pictures]
    assert max(sizes) <= MOST_BYTES
    assert sum(sizes) <= MOST_BYTES_IN_ALL
    for path in pictures:
        assert path.suffix == ".svg"
        text = path.read_text()
        assert text.startswith("<?xml")
        assert f">{path.stem}</text>" in text
        assert "metadata" not in text
        assert f"## {path.stem}\n" in (GALLERY / f"{path.parent.name}.md").read_text()


def test_formulas_align_only_inside_an_environment() -> None:
    for page in (ROOT / "docs/losses.md", *PAGES):
        for formula in re.findall(r"^```math\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            outside = re.sub(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", "", formula, flags=re.DOTALL)
            assert "&" not in outside.replace(r"\&", ""), formula


def test_a_formula_is_aligned_where_it_has_marks(pages) -> None:
    assert pages.displayed("a &= b \\\\\n c &= d") == "\\begin{aligned}\na &= b \\\\\n c &= d\n\\end{aligned}"
    assert pages.displayed("a = b") == "a = b"
    cases = r"a = \begin{cases} 0 & b \\ 1 & c \end{cases}"
    assert pages.displayed(cases) == cases


def test_a_metric_is_told_with_options_and_output(pages) -> None:
    metric = ExactMetric(name="fbeta_score", adapt=tuple, options={"beta": 2.0}, output="value")
    assert pages.call(metric) == "fbeta_score(beta=2.0), output value"
    assert pages.call(ExactMetric(name="f1_score")) == "f1_score"


def specs_of(*names: str) -> dict:
    catalog = Catalog.installed()
    return {catalog.entry(name): catalog.get(name) for name in names}


def test_families_are_told_with_their_shortest_names(pages) -> None:
    lines = pages.family_table(specs_of("tversky", "soft_cldice", "dice", "jaccard", "betti_matching"), "x/")
    row = lines.splitlines()[2]
    names = re.findall(r"\[(\w+)\]\(x/segmentation\.md#", row)
    assert names == ["dice", "jaccard", "tversky", "soft_cldice"]
    assert row.startswith("| [segmentation](x/segmentation.md) | 5 | ")


def test_verification_counts_cases_and_checks_and_names_the_sources(pages) -> None:
    ((entry, spec),) = specs_of("dice").items()
    (file,) = pages.find_goldens(ROOT / "tests/goldens", "dice")
    goldens = pages.load_goldens(file)
    text = pages.verification(entry, spec, ROOT)
    assert text.startswith(f"{len(goldens.cases)} golden cases, {len(pages.applicable(spec))} checks (")
    assert goldens.provenance.rstrip(".") in text
    assert "property_zero_at_target" in pages.applicable(spec)
    assert "property_convex" not in pages.applicable(spec)


def test_losses_of_one_paper_share_a_row(pages) -> None:
    page = pages.papers_page(specs_of("alignment", "uniformity", "dice"), ROOT, "note")
    (row,) = (line for line in page.splitlines() if "#alignment)" in line)
    assert "#uniformity)" in row
    assert "#dice)" not in row
    assert "The 2 papers of 3 losses" in page


def test_sources_beside_the_losses_are_those_of_docstrings(pages) -> None:
    module = SimpleNamespace(__name__="made.up", __all__=["cited", "silent"])

    def cited():
        """One line.

        Source: Doe, On Gaps,
            arXiv 2020.

        Example: none.
        """

    module.cited, module.silent = cited, len
    assert list(pages.sourced(module)) == [("made.up.cited", "Doe, On Gaps, arXiv 2020.")]


def test_drawing_again_changes_nothing_and_removes_what_is_of_no_loss(pages, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    wanted = tmp_path / "docs/gallery/segmentation/dice.svg"
    stale = wanted.with_name("gone.svg")
    assert list(pages.draw(specs_of("dice"), tmp_path)) == [wanted]
    first = wanted.read_bytes()
    stale.touch()
    assert list(pages.draw(specs_of("dice"), tmp_path)) == [stale]
    assert (wanted.read_bytes(), stale.exists()) == (first, False)
    assert len(first) <= MOST_BYTES


def test_a_picture_that_is_there_may_stay(pages, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "docs/gallery/segmentation"
    folder.mkdir(parents=True)
    (folder / "dice.svg").write_text("old")
    drawn = pages.draw(specs_of("dice", "jaccard"), tmp_path, missing_only=True)
    assert list(drawn) == [folder / "jaccard.svg"]
    assert (folder / "dice.svg").read_text() == "old"


def test_a_light_picture_has_no_digit_or_word_too_many(pages) -> None:
    svg = (
        "<svg>\n <metadata>\n  <date/>\n </metadata>\n"
        ' <g id="axes_1">\n  <g>\n   <use x="1.23456"/>\n  </g>\n'
        '  <path d="M -0.001 2.999 L 3.14159 7" style="fill: none; stroke: red"/>\n'
        '  <text x="0.125">0.0125</text>\n </g>\n</svg>'
    )
    assert pages.light(svg) == (
        '<svg>\n<g>\n<use x="1.23"/>\n<path d="M 0 3 L 3.14 7" style="fill:none;stroke:red"/>\n'
        '<text x="0.12">0.0125</text>\n</g>\n</svg>'
    )


def test_the_text_is_written_without_matplotlib(pages, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "## dice" in pages.gallery(specs_of("dice"), ROOT, "note")[GALLERY / "segmentation.md"]
