"""`checker report`: a saved audit in any format, or the difference between two."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from checker import gate
from checker.cli.output import FORMATS, Output, emit, write_whole
from checker.model.finding import Finding
from checker.model.report import Report, score
from checker.model.rule import Severity
from checker.model.surroundings import NONE, Surroundings
from checker.model.unavailable import Unavailable
from checker.render.compared import Comparison, compare
from checker.render.verdict import BLOCKING
from checker.render.visible import visible
from checker.toml_source import ConfigurationError

LARGEST = 200 * 1024 * 1024


@click.command("report")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="An earlier report to compare with; html takes several.",
)
@click.option(
    "--repo",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="For html: the repository as it was judged, whose lines are shown.  [default: this folder, where it is that]",
)
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of standard output.")
def report_command(file: Path, against: tuple[Path, ...], repo: Path | None, fmt: str, output: Path | None) -> None:
    """Render the audit saved in FILE (made with --output json:FILE).

    Exits as that audit would: 0 ready, 1 critical or major findings (with --against: new ones), 3 something unseen.
    """
    if against and fmt not in ("text", "json", "html"):
        raise click.UsageError(f"--against compares as text, json or html, not as {fmt}")
    if len(against) > 1 and fmt != "html":
        raise click.UsageError(f"--against takes one report as {fmt}; a trend over several is drawn by --format html")
    if repo is not None and fmt != "html":
        raise click.UsageError(f"--repo shows lines of code, which {fmt} has no place for; add --format html")
    report = read_report(file)
    beside = _beside(report, repo) if fmt == "html" else NONE
    if not against:
        emit(report, Output(fmt, output), verbose=0, beside=beside)
        sys.exit(gate.exit_code(report, Severity.MAJOR, allow_unavailable=False))
    earlier = sorted((read_report(one) for one in against), key=lambda one: one.as_of)
    found = compare(report, earlier[-1])
    if fmt == "html":
        emit(report, Output(fmt, output), verbose=0, beside=replace(beside, earlier=tuple(earlier)))
    else:
        _print(_difference(report, earlier[-1], found), fmt, output)
    sys.exit(gate.NOT_READY if any(one.severity in BLOCKING for one in found.new) else gate.READY)


def _beside(report: Report, repo: Path | None) -> Surroundings:
    """The lines around the findings; a folder that was named must be what was judged, this one may be."""
    from checker import beside

    try:
        return beside.read(repo or Path(), report, os.environ)
    except (Unavailable, ConfigurationError) as refused:
        if repo is not None:
            raise click.UsageError(f"--repo: {refused}") from None
        return Surroundings(unread=str(refused))


def _print(difference: dict[str, Any], fmt: str, output: Path | None) -> None:
    lines = [json.dumps(difference, indent=2)] if fmt == "json" else [visible(line) for line in _lines(difference)]
    if output is None:
        click.echo("\n".join(lines))
    else:
        write_whole(output, ("\n".join(lines) + "\n").encode())


def read_report(file: Path) -> Report:
    """Read a saved audit; a usage error says why it is none."""
    try:
        if file.stat().st_size > LARGEST:
            raise click.UsageError(f"{file}: larger than {LARGEST // 1024 // 1024} MiB")
        report = Report.from_json(file.read_bytes())
    except OSError as refused:
        raise click.UsageError(f"{file}: {refused.strerror}") from None
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        message = (
            f"{file}: not a saved audit ({where}: {first['msg']}); make one with: checker audit --output json:FILE"
        )
        raise click.UsageError(message) from None
    if report.score != score(report.findings):
        raise click.UsageError(
            f"{file}: its score does not follow from its findings, so it was changed after it was made"
        )
    return report


def _difference(new: Report, old: Report, found: Comparison) -> dict[str, Any]:
    return {
        "status": {"old": old.status, "new": new.status},
        "score": {"old": old.score, "new": new.score},
        "new": [_entry(one) for one in found.new],
        "gone": [_entry(one) for one in found.gone],
        "stayed": found.stayed,
    }


def _entry(finding: Finding) -> dict[str, Any]:
    return finding.model_dump(mode="json")


def _lines(difference: dict[str, Any]) -> list[str]:
    status, score = difference["status"], difference["score"]
    lines = [f"status {status['old']} -> {status['new']}, score {score['old']} -> {score['new']}"]
    for word in ("new", "gone"):
        lines.append(f"{word}: {len(difference[word])}")
        for one in difference[word]:
            place = one["where"]["path"] + (f":{one['where']['lines']}" if "lines" in one["where"] else "")
            lines.append(f"  [{one['severity']}] {one['rule']} {place} {one['title']}")
    return [*lines, f"stayed: {difference['stayed']}"]
