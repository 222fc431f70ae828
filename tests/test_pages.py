"""The report, the reading page and the figures: what they say, and what they must never hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from math import exp
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
import synthetic

from miner import counts, records
from miner.errors import InputError
from miner.pages import figures, markup, reading
from miner.pages.contents import gather
from miner.pages.report import page, report
from miner.pages.words import percent
from miner.selection import select

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
VOID = {"meta", "br", "hr", "img", "input", "link"}

TABLE = pd.DataFrame(
    [
        ("dystrophic", "Dystrophic", 0.95, 0.98),
        ("cppd", "CPPD", 0.01, 0.02),
        ("metastatic_calcification", "Metastatic calcification", 0.01, 0.02),
        ("tumoral_calcinosis", "Tumoral calcinosis", 1e-4, 5e-3),
        ("metastatic_osteosarcoma", "Metastatic osteosarcoma", 1e-5, 1e-3),
        ("primary_osteosarcoma", "Primary soft tissue osteosarcoma", 1e-6, 1e-4),
    ],
    columns=["cause_family", "label", "low", "high"],
)
CORRECTED = pd.DataFrame(
    [("true prevalence", 0.051, 0.041, 0.066, 400, 3997, "two-phase", "")],
    columns=["estimand", "estimate", "lower", "upper", "reviewed", "size", "method", "note"],
)
CALIBRATION = pd.DataFrame(
    [(0.2, 0.25, 0.1, 0.4, 30), (0.8, 0.7, 0.6, 0.85, 41)], columns=["predicted", "observed", "lower", "upper", "nobs"]
)
SCORES = pd.DataFrame([("soft tissue", 200, 0.95, 0.912)], columns=["task", "n", "precision", "recall"])


class Page(HTMLParser):
    """A page taken apart: its tags with attributes, its text, and whether the tags are balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.broken: list[str] = []
        self.feed(html)
        self.broken += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag, and that it is open unless it is void."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost open tag; another one is noted as broken."""
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag, in order."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        """The text of the page with every run of blanks as one blank."""
        return " ".join(" ".join(self.text).split())


def plain(text: str) -> str:
    """The text with every run of blanks as one blank."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def swept() -> synthetic.Sweep:
    """A sweep of four thousand reports."""
    return synthetic.sweep(4000)


@pytest.fixture(scope="module")
def html(swept: synthetic.Sweep) -> str:
    """Its report, with everything that can be given."""
    made = report(
        swept, table=TABLE, labels=synthetic.LABELS, corrected=CORRECTED, calibration=CALIBRATION, scores=SCORES
    )
    assert isinstance(made, str)
    return made


def test_report_stands_alone(html: str) -> None:
    """The page runs no script, loads nothing, says so in its policy, and stays small."""
    parsed = Page(html)
    policies = [meta["content"] for meta in parsed.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [POLICY]
    assert not parsed.all("script") and not parsed.all("link") and not parsed.all("iframe") and not parsed.all("img")
    links = [
        value for _, attributes in parsed.tags for key, value in attributes.items() if key in ("href", "xlink:href")
    ]
    assert links and all(str(link).startswith("#") for link in links)
    assert not [key for _, attributes in parsed.tags for key in attributes if key.startswith("on")]
    assert not re.search(r"url\((?!#)|@import", html)
    assert len(html.encode()) < 3_000_000


def test_report_is_well_formed_and_accessible(html: str) -> None:
    """Tags are balanced, ids are unique, links lead somewhere, tables have captions and scopes, figures have names."""
    parsed = Page(html)
    assert not parsed.broken
    ids = [str(attributes["id"]) for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for _, a in parsed.tags for k, value in a.items() if k in ("href", "xlink:href") and value}
    assert targets <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)
    assert parsed.all("html")[0]["lang"] == "en"
    assert {"class": "skip", "href": "#main"} in parsed.all("a")
    assert len(parsed.all("table")) == len(parsed.all("caption"))
    assert all("scope" in cell for cell in parsed.all("th"))
    assert all(svg["role"] == "img" and svg["aria-labelledby"] for svg in parsed.all("svg"))
    assert len(parsed.all("h1")) == len(parsed.all("main")) == 1
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_report_says_the_numbers_first(html: str, swept: synthetic.Sweep) -> None:
    """The head of the page holds reports, prevalence with interval, leading cause and what is known of the error."""
    contents = gather(swept, table=TABLE)
    head = Page(html.split("<nav")[0]).words
    row = contents.prevalence[(contents.prevalence["unit"] == "report") & (contents.prevalence["policy"] == "no")].iloc[
        0
    ]
    assert f"{row['numerator']} of {row['denominator']:,} reports" in head
    assert plain(percent(row["estimate"])) in head and plain(percent(row["upper"])) in head
    assert "Phlebolith" in head
    assert "Corrected for the machine’s error" in head and "true prevalence, after 400 checks" in head


def test_report_shows_three_policies_and_both_units(html: str) -> None:
    """Prevalence stands there for reports and for patients, under three policies each."""
    words = Page(html).words
    for unit in ("Reports", "Patients"):
        for policy in ("as with", "as without", "left out"):
            assert f"{unit}, uncertain {policy}" in words


def test_report_shows_causes_three_ways_and_apart(html: str) -> None:
    """Likely, stated and inferred causes stand beside the teaching page; what has no row there is apart."""
    words = Page(html).words
    for basis in ("By likely cause,", "By cause stated in the report,", "By cause inferred from description"):
        assert basis in words
    assert all(label in words for label in TABLE["label"])
    assert "apart: no row in the table" in words and "Abstained" in words


def test_report_without_checks_says_that_the_error_is_unknown(swept: synthetic.Sweep) -> None:
    """Where no labels were checked, the head says so and the methods leave the place open."""
    words = Page(str(report(swept))).words
    assert "no labels of this corpus have been checked" in words
    assert "[ values with intervals ]" in words or "[values with intervals]" in words
    assert "No table of expected shares was given" in words


def test_report_without_soft_tissue_gives_the_upper_limit() -> None:
    """Where nothing is found the page says so, with the share that the data can rule out."""
    swept = synthetic.sweep(300, rate=0.0, failed=0)
    words = Page(str(report(swept, table=TABLE))).words
    upper = gather(swept).prevalence.iloc[1]["upper"]
    assert "None of 300 reports shows soft tissue calcification or ossification." in words
    assert f"These data can rule out a share above {plain(percent(upper))}" in words


@pytest.mark.parametrize(
    "options",
    [
        {"dates": False},
        {"carried": False},
        {"patients": 1},
        {"rate": 0.5, "n": 12},
        {"failed": 40},
        {"n": 1, "failed": 0},
    ],
    ids=["no dates", "no columns", "one patient", "twelve reports", "all failed", "one report"],
)
def test_report_of_odd_sweeps(options: dict[str, int]) -> None:
    """A page comes out whole for sweeps without dates, columns, patients to compare, or any report that counts."""
    swept = synthetic.sweep(**{"n": 40, **options})
    parsed = Page(str(report(swept, table=TABLE)))
    assert not parsed.broken
    assert "nan" not in parsed.words.lower().split()


def test_report_without_patient_ids(swept: synthetic.Sweep) -> None:
    """Without patients there is no patient row, and the page says what that does to the interval."""
    alone = replace(swept, reports=swept.reports.assign(person_id=None))
    words = Page(str(report(alone, table=TABLE))).words
    assert "Patients, uncertain" not in words
    assert "Without patient ids every report counts as independent" in words


def test_report_of_a_column_with_too_many_values(swept: synthetic.Sweep) -> None:
    """A column with more values than can be shown gives the reason in its place."""
    many = replace(
        swept, reports=swept.reports.assign(radiologist_id=[f"Q{n % 77}" for n in range(len(swept.reports))])
    )
    words = Page(str(report(many))).words
    assert "By radiologist" in words and "77 levels are more than 50" in words


def test_report_of_nothing_is_an_error(swept: synthetic.Sweep) -> None:
    """A sweep without any row cannot be reported on."""
    with pytest.raises(InputError, match="no reports"):
        report(replace(swept, reports=swept.reports.iloc[:0]))


def test_report_is_written_whole_and_the_same_every_time(tmp_path: Path, swept: synthetic.Sweep) -> None:
    """Two reports of one sweep are the same to the byte, and nothing but the report stays in the folder."""
    first = report(swept, path=tmp_path / "a.html", table=TABLE)
    second = report(swept, path=tmp_path / "b.html", table=TABLE)
    assert Path(first).read_bytes() == Path(second).read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_report_names_all_problems_of_the_call(tmp_path: Path, swept: synthetic.Sweep) -> None:
    """A missing folder and snippets without texts are named together."""
    with pytest.raises(InputError) as caught:
        report(swept, path=tmp_path / "none" / "a.html", snippets=True)
    assert "no such folder" in str(caught.value) and "texts" in str(caught.value)


def test_report_holds_text_only_when_asked(swept: synthetic.Sweep) -> None:
    """Texts that are handed over stay out of the page unless snippets are asked for; then it warns and escapes them."""
    texts = dict.fromkeys(swept.reports["note_id"], "SECRET <b>s calcification SECRET")
    quiet = str(report(swept, texts=texts))
    assert "SECRET" not in quiet and "R0000" not in quiet
    loud = str(report(swept, texts=texts, snippets=True))
    assert "SECRET &lt;b" in loud and "This page holds text of patients" in loud


def test_report_escapes_what_the_input_brought(swept: synthetic.Sweep) -> None:
    """Markup in a carried column, a label or the manifest is shown, not obeyed."""
    evil = "<script>alert(1)</script>"
    bad = replace(swept, reports=swept.reports.assign(site_id=[evil, "b"] * (len(swept.reports) // 2)))
    bad.manifest = {**swept.manifest, "note": evil}
    made = str(report(bad, labels={"phlebolith": evil}, table=TABLE, title=evil))
    assert not Page(made).all("script") and "<script" not in made
    assert "&lt;script&gt;" in made


def test_report_counts_add_up(swept: synthetic.Sweep) -> None:
    """In the flow, every row read is accounted for: what leaves and what stays add up at each step."""
    rows = select(swept).rows
    steps = counts.steps(swept, rows[rows["dropped"] == ""])
    left = 0
    for step in steps.to_dict("records"):
        if step["role"] == "main":
            assert left in (0, step["count"])
            left = step["count"]
        elif step["role"] == "aside":
            left -= step["count"]
    assert steps.loc[steps["role"] == "split", "count"].sum() == left


def test_counts_by_cause_count_a_lesion_once() -> None:
    """Two mentions of one lesion with the same site are one in the table, and negated ones are none."""
    mentions = pd.DataFrame(
        [
            ("a", "L1", "soft_tissue", "present", ["hip", "thigh"]),
            ("a", "L1", "soft_tissue", "possible", ["hip"]),
            ("a", "L2", "soft_tissue", "absent", ["knee"]),
            ("b", "L1", "vascular", "present", ["hip"]),
        ],
        columns=["note_id", "lesion_id", "scope", "status", "sites"],
    )
    causes = pd.DataFrame(
        [("a", "L1", 1, "phlebolith"), ("a", "L1", 2, "cppd"), ("a", "L2", 1, "cppd")],
        columns=["note_id", "lesion_id", "rank", "cause"],
    )
    table = counts.by_cause(mentions, causes, column="sites")
    assert table.to_dict() == {"phlebolith": {"hip": 1, "thigh": 1}}


def test_counts_of_empty_tables() -> None:
    """Empty tables give empty counts with the columns in place."""
    empty = synthetic.sweep(3, rate=0.0, failed=0)
    assert counts.scopes(empty.mentions)["reports"].tolist() == [0, 0, 0, 0]
    assert counts.by_cause(empty.mentions, empty.causes, column="sites").empty
    assert counts.disagreement(empty.reports).empty and counts.failures(empty.failures).empty
    assert counts.concepts(empty.mentions).empty and counts.leaves(empty.reports).empty


FIGURES = {
    "flow": lambda: figures.flow(
        pd.DataFrame([("Read", 10, "main"), ("failed", 1, "aside"), ("Mined", 9, "main"), ("Found", 9, "split")],
                     columns=["label", "count", "role"])
    ),
    "forest": lambda: figures.forest(
        pd.DataFrame([("A & B", 0.96, 0.9, 0.99, 0.95, 0.98), ("C", 0.0, 0.0, 0.01, 1e-6, 1e-4)],
                     columns=["label", "estimate", "lower", "upper", "low", "high"]),
        title="Causes", odds=True, reference="teaching page",
    ),
    "plain forest": lambda: figures.forest(
        pd.DataFrame([("A", 0.02, 0.01, 0.03, "x"), ("B", float("nan"), 0.0, 1.0, "y")],
                     columns=["label", "estimate", "lower", "upper", "series"]),
        title="Prevalence",
    ),
    "years": lambda: figures.over_time(
        pd.DataFrame([("2020", 0.02, 0.01, 0.03, 900), ("2021", 0.0, 0.0, 0.02, 800)],
                     columns=["period", "estimate", "lower", "upper", "denominator"])
    ),
    "heat": lambda: figures.heat(
        pd.DataFrame({"phlebolith": [3, 0], "CPPD": [0, 2]}, index=["pelvis", "knee"]),
        title="Sites", across="causes", down="sites",
    ),
    "reliability": lambda: figures.reliability(CALIBRATION),
}  # fmt: skip


@pytest.mark.parametrize("which", FIGURES)
def test_figures_are_named_small_and_stable(which: str) -> None:
    """A figure is well-formed, has title and description, holds text as text, no date, and repeats to the byte."""
    svg = FIGURES[which]()
    assert svg == FIGURES[which]()
    root = ElementTree.fromstring(svg)
    tags = [element.tag.split("}")[1] for element in root.iter()]
    assert tags[1:3] == ["title", "desc"] and "text" in tags
    assert "metadata" not in tags and "script" not in tags and "style" not in tags
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b|DejaVu|nan", svg)
    assert len(svg) < 60_000


def test_figures_describe_their_numbers() -> None:
    """What a figure draws can also be read in its description."""
    assert "A &amp; B: 96.0 %, interval 90.0–99.0 %, teaching page 95.0 % to 98.0 %" in plain(FIGURES["forest"]())
    assert "pelvis with phlebolith: 3; knee with CPPD: 2" in FIGURES["heat"]()
    assert "given 20.0 %, right 25.0 % of 30" in plain(FIGURES["reliability"]())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"), (1, "100 %"), (0.9999, "> 99.9 %"), (0.965, "96.5 %"), (0.0123, "1.23 %"), (0.00345, "0.34 %"),
        (1e-6, "0.00010 %"), (1e-9, "< 0.00001 %"), (float("nan"), "–"), (None, "–"),
    ],
)  # fmt: skip
def test_percent(value: float | None, text: str) -> None:
    """Proportions read as percentages without exponent, and 0 and 100 % only where they are exact."""
    assert percent(value) == text.replace(" %", "\N{NO-BREAK SPACE}%")


def test_marks_give_the_text_back() -> None:
    """The pieces of a marked text, joined, are the text, and each mark covers its own words."""
    made = synthetic.reading()
    marked = markup.marks(made, {})
    cut = markup.pieces(made.report.text, marked)
    assert "".join(piece.text for piece in cut) == made.report.text
    for mark in marked:
        covered = "".join(piece.text for piece in cut if mark in piece.marks)
        assert covered == made.report.text[mark.start : mark.end]
        assert sum(mark in piece.opens for piece in cut) == sum(mark in piece.closes for piece in cut) == 1


def test_marks_that_cross_and_places_that_are_none() -> None:
    """Marks may overlap in any way; a place outside the text is not marked."""
    mentions = (
        records.Mention("m1", 0, 6, "x", "calcification", "present", "other", "findings"),
        records.Mention("m2", 3, 9, "y", "calcification", "present", "other", "findings"),
        records.Mention("m3", -1, -1, "z", "calcification", "present", "other", "findings"),
        records.Mention("m4", 5, 99, "z", "calcification", "present", "other", "findings"),
    )
    made = records.Reading(records.Report("1", "abcdefghij"), "absent", "present", None, mentions)
    cut = markup.pieces(made.report.text, markup.marks(made, {}))
    assert [(piece.text, [mark.tag for mark in piece.marks]) for piece in cut] == [
        ("abc", ["M1"]), ("def", ["M1", "M2"]), ("ghi", ["M2"]), ("j", []),
    ]  # fmt: skip
    assert not Page(reading.reading_html(made, page=True)).broken


def test_reading_page_shows_why() -> None:
    """The page names entry, cue, words and source behind every label, and is safe to open."""
    made = synthetic.reading()
    sources = {("calcific_tendinitis", "globular"): "teaching page"}
    html = reading.reading_html(made, labels=synthetic.LABELS, sources=sources, page=True)
    parsed = Page(html)
    assert not parsed.broken and not parsed.all("script")
    assert [m["content"] for m in parsed.all("meta") if m.get("http-equiv") == "Content-Security-Policy"] == [POLICY]
    assert "&lt;favored&gt; &amp; more" in html
    for said in ("possible, set by likely", "from the examination", "8 mm", "teaching page", "renal failure"):
        assert said in parsed.words
    assert {mark["class"] for mark in parsed.all("mark")} == {"m", "s", "d", "x", "c"}


def test_reading_fragment_leaves_the_notebook_alone() -> None:
    """Without ``page`` it is a fragment whose style touches nothing but itself."""
    html = reading.reading_html(synthetic.reading())
    assert "<html" not in html and "<body" not in html and not Page(html).broken
    style = html.split("<style>")[1].split("</style>")[0]
    selectors = re.findall(r"([^{}]+)\{", re.sub(r"@media print \{ @page \{[^}]*\}", "", style))
    assert all(part.strip().startswith(".miner-reading") for each in selectors for part in each.split(","))


def test_reading_adds_up() -> None:
    """In each differential the weights shown sum to the total shown, and the totals give the probabilities."""
    for account in reading.accounts(synthetic.reading(), {}, {}):
        for total in account.sums:
            assert round(sum(line.weight for line in total.lines), 2) == total.total
            assert exp(total.total) / account.scale == pytest.approx(total.share, rel=0.03, abs=0.0005)
        assert sum(each.share for each in account.sums) + account.rest == pytest.approx(1)


def test_reading_takes_the_prior_where_it_is_given() -> None:
    """A prior that stands among the evidence is shown as it is, once."""
    made = synthetic.reading()
    prior = records.Evidence("shoulder", "prior", -1.25)
    candidates = tuple(each._replace(evidence=(prior, *each.evidence)) for each in made.differentials[0].candidates)
    changed = replace(made, differentials=(replace(made.differentials[0], candidates=candidates),))
    for total in reading.accounts(changed, {}, {})[0].sums:
        assert [line.weight for line in total.lines if line.what == "prior"] == [-1.25]


def test_reading_text_with_and_without_colour() -> None:
    """Colour adds nothing but colour: without its codes the text is the same, and letters carry the meaning."""
    made = synthetic.reading()
    plain, coloured = reading.reading_text(made, False), reading.reading_text(made, True)
    assert "\x1b" not in plain and re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain
    assert "[M1 calcification]" in plain and "[S1,2 supraspinatus tendon]" in plain and "[C2 likely]" in plain


def test_reading_lets_no_control_character_through() -> None:
    """Escape sequences, bells and direction marks in a report reach neither terminal nor page."""
    text = "No calci\x1b[31mfication.\x07\r\nNext\rline\u202e"
    made = records.Reading(records.Report("1", text), "absent", "absent", None)
    for shown in (reading.reading_text(made, True), reading.reading_html(made)):
        assert not set(shown) & set("\x1b\x07\r\u202e")
    assert len(markup.visible(text)) == len(text)


def test_reading_of_a_report_without_findings() -> None:
    """A report in which nothing is found says so."""
    made = records.Reading(records.Report("1", ""), "absent", "absent", None)
    assert "No mention of calcification or ossification" in reading.reading_html(made, page=True)
    assert reading.reading_text(made, False).startswith("soft tissue: absent")


def test_report_of_an_unfinished_sweep_says_so(swept: synthetic.Sweep) -> None:
    """A sweep that was interrupted, or fell short, is marked as such; places on the machine stay off the page."""
    cut = replace(swept, manifest={**swept.manifest, "state": "interrupted", "fell_short": ["9 reports failed"]})
    words = Page(str(report(cut))).words
    assert "not complete (interrupted)" in words and "9 reports failed" in words
    assert "label reports.parquet" in words and "/there/" not in words


def test_methods_cite_the_table_or_ask_for_its_source(swept: synthetic.Sweep) -> None:
    """The methods name the source that the table of expected shares carries, and leave the place open without one."""
    sourced = TABLE.copy()
    sourced.attrs["source"] = "A Teaching Page, 2002"
    assert "expected ranges of A Teaching Page, 2002" in Page(str(report(swept, table=sourced))).words
    assert "[source of the table]" in Page(str(report(swept, table=TABLE))).words.replace("[ ", "[").replace(" ]", "]")


def test_manifest_with_many_inputs_is_cut(swept: synthetic.Sweep) -> None:
    """Of a long list of inputs the first ones are shown, and the number of the others."""
    many = replace(swept, manifest={"inputs": [{"label": f"file{n}.csv"} for n in range(500)]})
    words = Page(str(report(many))).words
    assert "file0.csv" in words and "and 470 more" in words and "file400.csv" not in words


def test_page_takes_contents_as_they_are(swept: synthetic.Sweep) -> None:
    """The page computes nothing: other numbers put into the contents are the numbers it shows."""
    contents = gather(swept)
    words = Page(page(replace(contents, read=123456789), {})).words
    assert "123,456,789 rows were read" in words


def test_screens_of_the_page(html: str, tmp_path: Path) -> None:
    """Where a Chromium is at hand, the first screen and a printed page are kept in ``.artefacts`` to be looked at."""
    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not browser:
        pytest.skip("no Chromium on this machine")
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    kept = Path(__file__).parent.parent / ".artefacts"
    kept.mkdir(exist_ok=True)
    plain = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={tmp_path}/c",
    ]
    for given, made in (
        (["--window-size=1100,900", f"--screenshot={kept / 'report.png'}"], kept / "report.png"),
        ([f"--print-to-pdf={kept / 'report.pdf'}"], kept / "report.pdf"),
    ):
        made.unlink(missing_ok=True)
        subprocess.run([*plain, *given, page.as_uri()], capture_output=True, check=False, timeout=120)
        assert made.stat().st_size > 10_000
