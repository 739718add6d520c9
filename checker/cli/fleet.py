"""`checker fleet`: parse, run, print, exit."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from checker import catalog, gate
from checker.cli.output import write_whole
from checker.cli.selection import chosen
from checker.fleet import listing, overview, running
from checker.fleet.judging import Row
from checker.fleet.since import since
from checker.model.rule import PROFILES
from checker.render.visible import visible
from checker.toml_source import ConfigurationError
from checker.workplace import catalog_at

_GRAVEST = (gate.BROKEN, gate.USAGE, gate.NOT_READY, gate.NOT_LOOKED_AT)


@click.command("fleet")
@click.argument("repos", metavar="REPOS.txt", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="checker-fleet", show_default=True)
@chosen
@click.option("--profile", type=click.Choice(PROFILES), default="static", show_default=True)
@click.option("--shard", metavar="I/N", help="Only this part of the list.")
@click.option("--scheduler", metavar="URL", help="A Dask scheduler whose workers see the same folders.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=os.cpu_count() or 1, help="Audits at once on this machine."
)
@click.option("--timeout", type=click.FloatRange(1), default=600.0, show_default=True, metavar="SECONDS")
@click.option("--memory", type=click.IntRange(128), default=2048, show_default=True, metavar="MIB")
@click.option(
    "--against",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="An earlier run to compare with.  [default: the last one into --out]",
)
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text")
def fleet_command(
    repos: Path, out: Path, against: Path | None, scheduler: str | None, jobs: int, fmt: str, **options: object
) -> None:
    """Audit every repository that REPOS.txt names, one folder a line, relative to that file; reports and an overview go to --out.

    A repository that has not changed since the last run into the same folder is not judged again.
    """
    listed = listing.read(repos)
    names = listing.shard(listed, str(options["shard"]) if options["shard"] else None)
    _refuse_unknown(options, [repos.parent / name for name in listed])
    _make(out)
    earlier = _earlier(out, against)
    work = running.tasks(
        names,
        repos.parent,
        _options(options),
        float(str(options["timeout"])),
        int(str(options["memory"])),
        executes=options["profile"] != "static",
    )
    with running.on_a_cluster(scheduler) if scheduler else running.on_this_machine(jobs) as workers:
        rows = running.run(work, out, workers, _told)
    with running.alone_in(out):
        every = running.rows_of(out)
        known = set(listed)
        changed = since([row for row in every if row.name in known], earlier, whole=options["shard"] is None)
        write_whole(out / "index.html", overview.page(every, changed).encode("utf-8", "surrogateescape"))
    if fmt == "json":
        told = {name: list(one) for name, one in changed.changes.items()} if changed.compared else None
        click.echo(json.dumps({"repositories": [row.model_dump() for row in rows], "since": told}, indent=2))
    else:
        click.echo("\n".join(overview.text(rows, changed)))
        click.echo(visible(f"Reports and an overview: {out / 'index.html'}"))
    codes = {row.code for row in rows} or {gate.NOT_LOOKED_AT}  # an empty shard
    sys.exit(next((code for code in _GRAVEST if code in codes), gate.READY))


def _earlier(out: Path, against: Path | None) -> list[Row]:
    """The rows of the run to compare with: of the folder that was named, else of the last run into this one."""
    if against is not None and not (against / running.INDEX).is_file():
        raise click.UsageError(f"--against {against}: no earlier run lies there ({running.INDEX})")
    return running.rows_of(against or out)


def _make(out: Path) -> None:
    try:
        (out / running.REPORTS).mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise click.UsageError(f"--out {out}: cannot be made: {refused.strerror}") from None
    if not (os.access(out, os.W_OK | os.X_OK) and os.access(out / running.REPORTS, os.W_OK | os.X_OK)):
        raise click.UsageError(f"--out {out}: cannot be written to")


def _refuse_unknown(options: dict[str, object], folders: Sequence[Path]) -> None:
    """Once and first what each audit would refuse; a name that is not ours may be a custom rule of one of the repositories."""
    standards, only, skip = (options[name] for name in ("standards", "only", "skip"))
    assert isinstance(standards, tuple)
    assert isinstance(only, tuple)
    assert isinstance(skip, tuple)
    ours = catalog.load()
    catalog.refuse_unknown_standards(ours, standards)
    try:
        catalog.selected((), ours, only, skip)
    except ConfigurationError:
        if not any(_knows(folder, only, skip) for folder in folders):
            raise


def _knows(folder: Path, only: Sequence[str], skip: Sequence[str]) -> bool:
    try:
        catalog.selected((), catalog_at(folder), only, skip)
    except (ConfigurationError, OSError):
        return False
    return True


def _options(options: dict[str, object]) -> tuple[str, ...]:
    words = [f"--profile={options['profile']}"]
    for name, key in (("standard", "standards"), ("only", "only"), ("skip", "skip")):
        values = options[key]
        assert isinstance(values, tuple)
        words += [f"--{name}={value}" for value in values]
    return tuple(words)


def _told(row: Row, position: int, of: int) -> None:
    click.echo(visible(f"[{position}/{of}] {row.name}: {row.status}, {row.seconds:.1f} s"), err=True)
