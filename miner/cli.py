"""The command line: one command, one function of the same name; no work is done here."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from miner.errors import InputError, LexiconError, MinerError

# Each command imports what it runs, so that `miner --help` and a mistyped option answer at once.

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


class _Group(click.Group):
    """Turns our errors into one message and their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        # a warning is a sentence for the user, not a place in our code
        warnings.showwarning = lambda message, *_args, **_more: click.echo(f"miner: {message}", err=True)
        try:
            return super().invoke(ctx)
        except MinerError as error:
            click.echo(f"miner: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo(
                "miner: stopped; the parts written so far are whole, the same command goes on from there", err=True
            )
            sys.exit(130)


def _lexicons(function: Any) -> Any:
    return click.option(
        "--lexicons",
        "lexicons",
        multiple=True,
        type=_FOLDER,
        help="Folder laid over the bundled lexicons; may be repeated.",
    )(function)


def _model(function: Any) -> Any:
    return click.option(
        "--model", type=_FILE, help="Model file of `miner learn`: learned weights in place of the expert's."
    )(function)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}, epilog="Example: miner demo")
@click.version_option(package_name="miner")
def main() -> None:
    """Read radiology reports for soft tissue calcification, name likely causes, count prevalence."""


@main.command(epilog="Example: miner demo --out my-demo")
@click.option(
    "--out", type=_FOLDER, default=Path("miner-demo"), show_default=True, help="Where the tables and the page go."
)
@click.option("--workers", type=int, default=1, show_default=True, help="Processes; 0 for one a core.")
def demo(out: Path, workers: int) -> None:
    """Sweep the bundled demo corpus (written reports, no patients) and write its tables and its HTML report."""
    from miner.demo import demo as run

    page = run(out, workers=workers)
    click.echo(f"\nThe tables are in {out}. Open the report:\n{page}")


@main.command(epilog="Example: echo 'XR pelvis: several phleboliths.' | miner read -")
@click.argument("file", type=click.Path(allow_dash=True, dir_okay=False, path_type=Path))
@click.option("--study", "study_description", help="Study description, such as 'XR HIP LEFT'.")
@click.option("--age", type=float, help="Age in years.")
@click.option("--sex", type=click.Choice(["F", "M"]), help="Sex of the patient.")
@click.option("--html", type=_FILE, help="Write a page instead of text.")
@click.option("--colour/--no-colour", default=None, help="Colour on or off; on where the output is a terminal.")
@_model
@_lexicons
def read(
    file: Path,
    study_description: str | None,
    age: float | None,
    sex: str | None,
    html: Path | None,
    colour: bool | None,
    model: Path | None,
    lexicons: tuple[Path, ...],
) -> None:
    """Read one report (a text file, or - for standard input): marked-up text, mentions, differential with reasons."""
    import miner
    from miner.explain import labels, sources
    from miner.pages.reading import reading_html, reading_text

    text = sys.stdin.read() if str(file) == "-" else _text(file)
    reading = miner.read(text, study_description=study_description, age=age, sex=sex, lexicons=lexicons, model=model)
    if html is not None:
        html.write_text(
            reading_html(reading, labels=labels(lexicons), sources=sources(lexicons, model), page=True),
            encoding="utf-8",
        )
        click.echo(str(html))
        return
    wanted = sys.stdout.isatty() if colour is None else colour
    click.echo(reading_text(reading, wanted, labels=labels(lexicons), sources=sources(lexicons, model)))


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from None
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{file}: neither UTF-8 nor Windows-1252; is it a text file?")


@main.command(epilog="Example: miner sweep exports/*.csv --out sweep-2024 --workers 0")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--out", type=_FOLDER, required=True, help="Folder for the tables; a second start on it resumes.")
@click.option("--workers", type=int, default=1, show_default=True, help="Processes; 0 for one a core.")
@click.option(
    "--contexts",
    type=click.Choice(["findings", "all"]),
    default="findings",
    show_default=True,
    help="List clinical contexts of reports with a finding word, or of all reports.",
)
@click.option("--text-column", help="Column that holds the report.")
@click.option("--id-column", help="Column that holds the identifier.")
@click.option("--encoding", help="Encoding of the text files, where the automatic choice is wrong.")
@click.option("--replace", is_flag=True, help="Start anew over an earlier sweep in the folder.")
@click.option("--shard", metavar="I/N", help="Mine only every N-th batch from the I-th on; see miner merge.")
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="Where the workers run; with spark (an extra), --workers is the number of tasks, 0 for what Spark has.",
)
@click.option(
    "--max-failures",
    type=float,
    default=0.01,
    show_default=True,
    help="Number (or, below 1, share) of failed reports past which the exit code is 1.",
)
@click.option("--time-limit", type=float, default=60.0, show_default=True, help="Seconds for one report; 0 for none.")
@_model
@_lexicons
def sweep(inputs: tuple[str, ...], out: Path, engine: str, **options: Any) -> None:
    """Mine a corpus of any size (CSV, TSV, JSON lines, Parquet, text files, folders, patterns) into Parquet tables."""
    if engine == "spark":
        from miner.spark import sweep_on_spark

        if options.pop("shard"):
            raise InputError("--shard and --engine spark: Spark makes its own shards; leave one of the two out")
        result = sweep_on_spark(list(inputs), out, tasks=options.pop("workers"), **options)
    else:
        from miner.corpus import sweep as run

        result = run(list(inputs), out, **options)
    counts = result.manifest["counts"]
    click.echo(
        f"{counts['read']:,} reports read: {counts['mined']:,} mined, "
        f"{counts['screened_out']:,} without a finding word, {counts['failed']:,} failed."
    )
    if result.repeated_ids:
        click.echo(
            f"{result.repeated_ids:,} reports share their note_id with another. All are kept and mined; "
            "prevalence counts exact copies once."
        )
    for sentence in result.fell_short:
        click.echo(sentence, err=True)
    click.echo(f"Tables: {out}\nNext: miner prevalence {out}, miner report {out}")
    sys.exit(result.exit_code)


@main.command(epilog="Example: miner merge shard-1 shard-2 shard-3 --out sweep-2024")
@click.argument("shards", nargs=-1, required=True, type=_FOLDER)
@click.option("--out", type=_FOLDER, required=True, help="Folder for the tables of the whole sweep.")
@click.option("--replace", is_flag=True, help="Start anew over an earlier sweep in the folder.")
def merge(shards: tuple[Path, ...], out: Path, replace: bool) -> None:
    """Put the shards of one sweep (miner sweep --shard I/N) together, and check that every one is there once."""
    from miner.shards import merge as run

    result = run(shards, out, replace=replace)
    counts = result.manifest["counts"]
    click.echo(
        f"{len(shards)} shards, {counts['read']:,} reports: {counts['mined']:,} mined, {counts['failed']:,} failed."
    )
    for sentence in result.fell_short:
        click.echo(sentence, err=True)
    click.echo(f"Tables: {out}\nNext: miner prevalence {out}, miner report {out}")
    sys.exit(result.exit_code)


@main.command(epilog="Example: miner prevalence sweep-2024 --unit patient --by sex --by year")
@click.argument("out", type=_FOLDER)
@click.option("--unit", type=click.Choice(["report", "study", "patient"]), default="report", show_default=True)
@click.option("--by", multiple=True, help="Column to split by (also year, age_band, body_region); may be repeated.")
@click.option("--what", default="soft_tissue", show_default=True, help="soft_tissue, elsewhere, or a cause id.")
@click.option("--among", help="Only reports with this condition, such as renal_failure (sweep with --contexts all).")
@click.option(
    "--cause",
    type=click.Choice(["likely", "stated", "inferred"]),
    default="likely",
    show_default=True,
    help="Which definition of cause the table of causes uses.",
)
@click.option("--checked", type=_FILE, help="A checked sample (miner sample): also print the corrected prevalence.")
@click.option("--save", type=_FILE, help="Also write the table to a .csv, .xlsx or .json file.")
@click.option("--partial", is_flag=True, help="Accept an interrupted sweep.")
def prevalence(
    out: Path,
    unit: str,
    by: tuple[str, ...],
    what: str,
    among: str | None,
    cause: str,
    checked: Path | None,
    save: Path | None,
    partial: bool,
) -> None:
    """Prevalence with intervals, by reports, studies or patients, and the causes beside the teaching page's table."""
    from miner.explain import families, teaching_table
    from miner.prevalence_tables import cause_shares, render, save_table
    from miner.prevalence_tables import prevalence as run
    from miner.tables import load

    tables = load(out, partial=partial)
    frame = run(tables, unit=unit, by=list(by), what=what, among=among, cause=cause)
    click.echo(render(frame))
    if not by and what == "soft_tissue" and among is None:
        if checked is not None:
            from miner import checked as checks

            click.echo("\n" + render(checks.corrected(tables, checks.read(checked))))
        click.echo("\n" + render(cause_shares(tables, cause=cause, table=teaching_table(), families=families())))
    if save is not None:
        save_table(frame, save)
        click.echo(f"\nSaved: {save}")


@main.command(epilog="Example: miner audit sweep-2024 --by radiologist_id --worklist disagreements.csv")
@click.argument("out", type=_FOLDER)
@click.option(
    "--by", type=click.Choice(["radiologist_id", "site_id", "modality", "year"]), help="Rates by this column."
)
@click.option("--funnel", help="A criterion: each radiologist beside the department's mean.")
@click.option("--save", type=_FILE, help="Also write the rates to a .csv, .xlsx or .json file.")
@click.option("--marks", type=_FILE, help="Write every report's marks with their evidence (ids, positions) to a file.")
@click.option("--worklist", type=_FILE, help="Write the reports whose named cause and description disagree to a file.")
@click.option("--partial", is_flag=True, help="Accept an interrupted sweep.")
@_lexicons
def audit(
    out: Path,
    by: str | None,
    funnel: str | None,
    save: Path | None,
    marks: Path | None,
    worklist: Path | None,
    partial: bool,
    lexicons: tuple[Path, ...],
) -> None:
    """The documentation scorecard: what reports of soft tissue calcification say and leave out.

    Each criterion is a number of its own; there is no sum score. Nothing that is written holds report text.
    """
    from miner.scorecard import audit as run
    from miner.scorecard import render
    from miner.tables import load
    from miner.tabulation import save_table

    card = run(load(out, partial=partial), lexicons=lexicons)
    click.echo(render(card, by=by, criterion=funnel))
    for frame, path in ((card.rates(by), save), (card.marks, marks), (card.worklist, worklist)):
        if path is not None:
            save_table(frame, path)
            click.echo(f"\nSaved: {path}")


@main.command(epilog="Example: miner report sweep-2024 --page sweep-2024/report.html")
@click.argument("out", type=_FOLDER)
@click.option("--page", type=_FILE, help="The file to write; OUT/report.html without it.")
@click.option("--checked", type=_FILE, help="A checked sample (miner sample), from which the prevalence is corrected.")
@click.option(
    "--snippets", multiple=True, metavar="INPUT", help="Show words around mentions, from these inputs: patient text!"
)
@click.option("--partial", is_flag=True, help="Accept an interrupted sweep.")
@_lexicons
def report(
    out: Path,
    page: Path | None,
    checked: Path | None,
    snippets: tuple[str, ...],
    partial: bool,
    lexicons: tuple[Path, ...],
) -> None:
    """The self-contained HTML report of a sweep; without --snippets it holds no report text."""
    import pyarrow as pa

    from miner.pages.sweep import page as write

    # what is freed goes back to the system at once: the page of a million reports takes a sixth less memory
    pa.set_memory_pool(pa.system_memory_pool())
    made = write(
        out, page or out / "report.html", partial=partial, checks=checked, lexicons=lexicons, snippets=snippets
    )
    click.echo(str(made))


@main.command(epilog="Example: miner sample sweep-2024 --size 400 --save to-check.csv")
@click.argument("out", type=_FOLDER)
@click.option("--size", type=int, default=400, show_default=True, help="Reports to check.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed draws the same reports.")
@click.option("--save", type=_FILE, required=True, help="The CSV file to fill in: note_id, stratum, soft_tissue.")
@click.option("--partial", is_flag=True, help="Accept an interrupted sweep.")
def sample(out: Path, size: int, seed: int, save: Path, partial: bool) -> None:
    """Draw reports for a person to check, at random within the machine's labels.

    Fill in the column soft_tissue (present, possible, absent) from the reports themselves, then: miner report OUT
    --checked FILE, or miner prevalence OUT --checked FILE.
    """
    from miner.checked import sample as run
    from miner.tables import load
    from miner.tabulation import save_table

    drawn = run(load(out, partial=partial), size, seed=seed)
    save_table(drawn.drop(columns="stratum"), save)
    counted = drawn["stratum"].value_counts()
    click.echo(f"{len(drawn)} reports: " + ", ".join(f"{number} {name}" for name, number in counted.items()))
    click.echo(f"Saved: {save}")


@main.command(epilog="Example: miner evaluate --gold corpora/gold")
@click.argument("out", type=_FOLDER, required=False)
@click.option(
    "--gold",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Gold file or folder; may be repeated.",
)
@click.option("--against", type=_FOLDER, help="A second sweep of the same gold standard to compare with.")
@click.option("--misses", type=_FILE, help="Write the table of misses (positions, no text) to this CSV file.")
@click.option("--json", "as_json", type=_FILE, help="Write the scores to this JSON file.")
@_model
@_lexicons
def evaluate(
    out: Path | None,
    gold: tuple[Path, ...],
    against: Path | None,
    misses: Path | None,
    as_json: Path | None,
    model: Path | None,
    lexicons: tuple[Path, ...],
) -> None:
    """Score a sweep (without OUT: a reading made now) against a gold standard in the documented format."""
    from miner import gold as golds
    from miner import scores
    from miner.manifest import differences
    from miner.tables import Sweep, load

    standard = golds.load(gold)
    tables = load(out) if out is not None else golds.mined(standard, lexicons, model)
    result = scores.evaluate(tables, standard)
    click.echo(scores.render(result))
    if against is not None:
        other = load(against)
        click.echo("\n" + scores.compare(result, scores.evaluate(other, standard)).to_string(index=False))
        unlike = differences(tables.manifest, other.manifest) if isinstance(tables, Sweep) else []
        for told in unlike:
            click.echo(f"The two sweeps differ: {told}")
    if misses is not None:
        result.misses.to_csv(misses, index=False)
    if as_json is not None:
        as_json.write_text(json.dumps(result.record(), indent=1, default=float), encoding="utf-8")


@main.command(epilog="Example: miner learn sweep-of-gold --gold corpora/gold --save model.json")
@click.argument("out", type=_FOLDER, required=False)
@click.option(
    "--gold",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Gold file or folder with checked causes; may be repeated.",
)
@click.option("--save", type=_FILE, required=True, help="The model file to write (JSON).")
@_lexicons
def learn(out: Path | None, gold: tuple[Path, ...], save: Path, lexicons: tuple[Path, ...]) -> None:
    """Fit the weights of the cause model to checked labels, beside the expert's on the same folds.

    OUT is a sweep of the labelled reports; without it they are read now. At least 200 labelled reports with a cause,
    of 100 patients, and 5 causes with 10 reports each are wanted.
    """
    from miner import gold as golds
    from miner.learning import learn as run
    from miner.learning import render
    from miner.model import weighted
    from miner.tables import load

    standard = golds.load(gold)
    model = run(load(out) if out is not None else golds.mined(standard, lexicons), standard, weighted(lexicons))
    model.save(save)
    click.echo(render(model))
    click.echo(f"\nSaved: {save}\nUse it: miner sweep ... --model {save}")


@main.command(
    name="what-if", epilog="Example: miner what-if report.txt --without context:renal_failure --with size:over_40mm"
)
@click.argument("file", type=click.Path(allow_dash=True, dir_okay=False, path_type=Path))
@click.option("--without", multiple=True, help="Evidence to take away, such as context:renal_failure or stated:all.")
@click.option("--with", "adding", multiple=True, help="Evidence to add, such as descriptor:rice_grain.")
@click.option("--lesion", help="Lesion, such as L2; without it the one that speaks for the report.")
@click.option("--study", "study_description", help="Study description, such as 'XR HIP LEFT'.")
@click.option("--age", type=float, help="Age in years.")
@click.option("--sex", type=click.Choice(["F", "M"]), help="Sex of the patient.")
@_model
@_lexicons
def what_if(
    file: Path,
    without: tuple[str, ...],
    adding: tuple[str, ...],
    lesion: str | None,
    study_description: str | None,
    age: float | None,
    sex: str | None,
    model: Path | None,
    lexicons: tuple[Path, ...],
) -> None:
    """How the differential of a report moves without a piece of evidence, or with another one.

    Without --without and --with it lists the evidence that holds.
    """
    import miner
    from miner.explain import labels
    from miner.whatif import render
    from miner.whatif import what_if as run

    text = sys.stdin.read() if str(file) == "-" else _text(file)
    reading = miner.read(text, study_description=study_description, age=age, sex=sex, lexicons=lexicons, model=model)
    result = run(reading, without=without, adding=adding, lesion=lesion, lexicons=lexicons, model=model)
    click.echo(render(result, labels(lexicons)))


@main.group()
def lexicon() -> None:
    """The lexicon workshop: check entries, list them, see what a change does."""


@lexicon.command(epilog="Example: miner lexicon check --lexicons our-lexicons")
@_lexicons
def check(lexicons: tuple[Path, ...]) -> None:
    """Check every entry of every file and run its examples; exit code 1 where something is wrong.

    Doubts are listed after the problems: what is allowed but probably not meant. They leave the exit code as it is.
    """
    from miner.workshop import check as run
    from miner.workshop import doubts

    problems = run(lexicons)
    for problem in problems:
        click.echo(problem)
    click.echo("The lexicons are in order." if not problems else f"{len(problems)} problem(s).")
    try:
        doubtful = doubts(lexicons)
    except LexiconError:  # the files hold problems, listed above; doubts need files that load
        doubtful = []
    if doubtful:
        click.echo("Doubts:")
    for doubt in doubtful:
        click.echo(doubt)
    sys.exit(1 if problems else 0)


@lexicon.command(epilog="Example: miner lexicon table --save lexicon.csv")
@click.option("--save", type=_FILE, required=True, help="A .csv or .html file.")
@_lexicons
def table(save: Path, lexicons: tuple[Path, ...]) -> None:
    """All entries as a table for a spreadsheet or a browser."""
    from miner.workshop import save_table
    from miner.workshop import table as run

    save_table(run(lexicons), save)
    click.echo(str(save))


@lexicon.command(epilog="Example: miner lexicon diff bundled our-lexicons --on exports/2024.csv")
@click.argument("old", type=str)
@click.argument("new", type=str)
@click.option("--on", "corpus", multiple=True, required=True, help="Reports to read with both; may be repeated.")
@click.option("--save", type=_FILE, help="Write the changed reports (ids and labels, no text) to this CSV file.")
def diff(old: str, new: str, corpus: tuple[str, ...], save: Path | None) -> None:
    """What a change of lexicon does to a corpus; OLD and NEW are folders, or 'bundled' for ours."""
    from miner.workshop import diff as run
    from miner.workshop import render

    result = run(None if old == "bundled" else Path(old), None if new == "bundled" else Path(new), list(corpus))
    click.echo(render(result))
    if save is not None:
        result.reports.to_csv(save, index=False)


if __name__ == "__main__":
    main()
