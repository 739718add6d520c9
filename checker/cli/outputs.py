"""`checker outputs`: parse, call, print, exit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from checker import gate
from checker.cli.audit import moment
from checker.cli.output import FORMATS, Output, emit
from checker.model.outputs.artefact import Kind
from checker.model.rule import Severity
from checker.outputs import judge
from checker.render.agent import Asked


@click.command("outputs")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--as", "kind", type=click.Choice([kind.value for kind in Kind]), metavar="KIND", help="What each file is to be."
)
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--as-of", metavar="TIME", help="Judge as of this ISO 8601 time.")
@click.option("-v", "--verbose", count=True, help="More.")
def outputs_command(files: tuple[Path, ...], kind: str | None, fmt: str, as_of: str | None, verbose: int) -> None:
    """Judge each FILE by the standard that defines its kind; the kind is told from its path or its shape."""
    report, _ = judge(files, Kind(kind) if kind else None, moment(as_of))
    asked = Asked("outputs", (f"--as={kind}",) if kind else (), tuple(map(str, files)))
    emit(report, Output(fmt), verbose=verbose, asked=asked)
    sys.exit(gate.exit_code(report, Severity.MAJOR, allow_unavailable=False))
