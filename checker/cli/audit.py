"""`checker audit`: parse, call, print, exit."""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import click

from checker import gate
from checker.audit import Audit, audit
from checker.cli import plain
from checker.cli.output import FORMATS, WITH_SURROUNDINGS, Output, emit, parse_outputs
from checker.cli.selection import chosen
from checker.cli.ticking import ticking
from checker.model.rule import PROFILES, Severity
from checker.model.surroundings import NONE
from checker.render.agent import Asked, next_step
from checker.toml_source import ConfigurationError
from checker.workplace import Request

_SLOWEST = 25  # facts and rules that --profile-time names
FAIL_ON = [*(severity.value for severity in Severity), "never"]


@click.command("audit")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@chosen
@click.option(
    "--profile", type=click.Choice(PROFILES), default="static", show_default=True, help="What may be executed."
)
@click.option("--base", metavar="REV", help="The revision to judge the change against.")
@click.option(
    "--changed",
    is_flag=True,
    help="Report only what the change brings: findings on lines that it adds, and those that the base does not have; needs a "
    "base (--base HEAD: what is not committed). What execution shows, and the families change, config and proofs, stay whole.",
)
@click.option("--no-cache", is_flag=True, help="Read all source anew, and keep nothing of it.")
@click.option(
    "--import", "imports", multiple=True, metavar="sarif:FILE", help="Join another tool's findings; repeatable."
)
@click.option("--install", is_flag=True, help="Build an environment from the project's lock or requirements; cached.")
@click.option(
    "--allow-remote", metavar="URL", help="Ask the app that runs there, in place of one that is started here."
)
@click.option("--pg-bin", metavar="DIR", help="PostgreSQL's binaries, for the throw-away database.")
@click.option("--mysql-bin", metavar="DIR", help="MariaDB's or MySQL's binaries, for theirs.")
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", "outputs", multiple=True, metavar="FORMAT:PATH", help="Write a format to a file; repeatable.")
@click.option(
    "--fail-on", type=click.Choice(FAIL_ON), default=None, help="The least severity that fails.  [default: major]"
)
@click.option("--allow-unavailable", is_flag=True, help="Do not fail for what could not be looked at.")
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="A saved report whose findings are known."
)
@click.option("--as-of", metavar="TIME", help="Judge as of this ISO 8601 time, for a verdict that can be replayed.")
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Use so many cores at most; all where it is not given."
)
@click.option("--profile-time", is_flag=True, help="Say on stderr which facts and rules took longest.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no closing hints.")
@click.option("-v", "--verbose", count=True, help="More; -vv shows the traceback of a check that broke.")
def audit_command(path: Path, outputs: tuple[str, ...], fmt: str, **options: Any) -> None:
    """Audit the repository at PATH, and the agent outputs in it."""
    if not path.is_dir():
        raise click.UsageError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")
    wanted = parse_outputs(outputs)
    _keep_to(options["jobs"])
    with ticking(sys.stderr, wanted=not (options["quiet"] or plain.lines())):
        done = audit(_request(path, options))
    report = _with_options(done, options)
    shows = WITH_SURROUNDINGS.intersection((fmt, *(output.format for output in wanted)))
    beside = done.around(report) if shows else NONE
    asked = _asked(path, options)
    emit(report, Output(fmt), verbose=options["verbose"], beside=beside, asked=asked)
    for output in wanted:
        emit(report, output, verbose=0, beside=beside, asked=asked)
    if fmt == "text" and not options["quiet"] and sys.stderr.isatty():
        click.echo(f"\nNext: {next_step(report, asked)}", err=True)
    if options["verbose"] >= 2:
        for rule, trace in done.traces.items():
            click.echo(f"{rule}:\n{trace}", err=True)
    for name in (
        sorted(done.seconds, key=done.seconds.__getitem__, reverse=True)[:_SLOWEST] if options["profile_time"] else ()
    ):
        click.echo(f"{done.seconds[name]:9.3f} s  {name}", err=True)
    fail_on = options["fail_on"] or done.fail_on
    threshold = None if fail_on == "never" else Severity(fail_on)
    sys.exit(gate.exit_code(report, threshold, options["allow_unavailable"]))


def _asked(path: Path, options: dict[str, Any]) -> Asked:
    """What a next command repeats: whose rules are asked, against which base, and the folder."""
    named = (("standard", "standards"), ("skip", "skip"))
    words = [f"--{name}={value}" for name, key in named for value in options[key]]
    words += [f"--{name}={options[name]}" for name in ("base", "baseline", "pg_bin") if options[name]]
    words += [f"--{name}" for name in ("changed", "install") if options[name]]
    return Asked("audit", tuple(word.replace("--pg_bin", "--pg-bin") for word in words), (str(path),))


def _keep_to(jobs: int | None) -> None:
    """Bind this process to some of its cores: engines and children ask the kernel how many there are, and inherit it."""
    if jobs is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:jobs])


def _request(path: Path, options: dict[str, Any]) -> Request:
    return Request(
        path=path,
        standards=tuple(dict.fromkeys(options["standards"])),
        only=options["only"],
        skip=options["skip"],
        profile=options["profile"],
        base=options["base"],
        as_of=moment(options["as_of"]),
        environment=dict(os.environ),
        baseline=options["baseline"],
        pg_bin=options["pg_bin"],
        mysql_bin=options["mysql_bin"],
        changed=options["changed"],
        cache=not options["no_cache"],
        imports=tuple(_imported(one) for one in options["imports"]),
        progress=-1 if options["quiet"] else _told(sys.stderr),
        plain=plain.lines(),
        install=options["install"],
        allow_remote=_address(options["allow_remote"]),
    )


def _told(stream: TextIO) -> int:
    """The descriptor behind a stream, for a child that says how far it is; negative where there is none."""
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return -1


def _address(url: str | None) -> str | None:
    """The URL of a remote app as it stands; UsageError for what is none."""
    if url is not None and not re.fullmatch(r"https?://[^/\s@?#]+(?:/[^\s?#]*)?", url):
        raise click.UsageError("--allow-remote: not a plain URL such as https://staging.example.com/api")
    return url


def _imported(word: str) -> Path:
    form, _, file = word.partition(":")
    if form != "sarif" or not file:
        raise click.UsageError(f"--import {word}: write sarif:FILE")
    return Path(file)


def _with_options(done: Audit, options: dict[str, Any]) -> Any:
    """The report, naming the options that change the exit code only."""
    given = [
        f"--fail-on {options['fail_on']}" if options["fail_on"] else "",
        "--allow-unavailable" if options["allow_unavailable"] else "",
        f"--baseline {options['baseline']}" if options["baseline"] else "",
        f"fail_on = {done.fail_on}" if done.fail_on != Severity.MAJOR and not options["fail_on"] else "",
    ]
    notes = (
        [f"given: {' '.join(one for one in given if one)} (changes the exit code, not the status)"]
        if any(given)
        else []
    )
    return done.report.model_copy(update={"notes": (*done.report.notes, *notes)})


def moment(text: str | None) -> datetime:
    """The moment of judgement that an option names; now where it names none. ConfigurationError for what is no time."""
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment + timedelta(days=400)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            "--as-of", None, f"{text!r} is not an ISO 8601 time such as 2026-11-21T00:00:00Z"
        ) from None
