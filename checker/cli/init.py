"""`checker init`: parse, show, ask, write."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from checker import gate
from checker.initial import PARTS, UNPUBLISHED, Step, carry_out, plan, undo
from checker.render.visible import visible

NOTHING = "nothing was written"
_DONE = {"write": "writes", "append": "adds a section to", "keep": "keeps"}
_LATER = (
    "What the first audit finds can be set apart: checker audit --output json:checker-baseline.json, commit that file and "
    "merge it into the base branch first (a baseline counts only as the base has it), "
    "then add --baseline checker-baseline.json where the pipeline audits."
)


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--only", "parts", multiple=True, type=click.Choice(list(PARTS)), help="Nothing else; repeatable.")
@click.option(
    "--install",
    metavar="WHAT",
    help="What pip installs in the pipeline: git+https://…@TAG or a wheel's path; without it the pipeline fails and says so.",
)
@click.option("--undo", "takes_back", is_flag=True, help="Take back what an earlier init wrote.")
@click.option("--dry-run", is_flag=True, help="Show, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask on a terminal.")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text")
def init_command(
    path: Path, parts: tuple[str, ...], install: str | None, takes_back: bool, dry_run: bool, yes: bool, fmt: str
) -> None:
    """Show, then write, what a repository needs: configuration, pipeline, hooks, the agents' section. Never over a file."""
    if takes_back:
        _tell([{"path": name, "how": became} for name, became in undo(path)], fmt, _command("init", path))
        sys.exit(gate.READY)
    steps = plan(path, dict(os.environ), parts, install)
    if fmt == "text":
        for step in steps:
            click.echo("\n".join(map(visible, _shown(step))))
        if install is None and any(step.part == "workflow" for step in steps):
            click.echo(f"ATTENTION: {UNPUBLISHED}\n")
    wanted = any(step.how != "keep" for step in steps) and not dry_run
    if wanted and sys.stdin.isatty() and sys.stdout.isatty() and not yes:
        wanted = click.confirm("Write these?")
    if wanted:
        carry_out(path, steps)
        if fmt == "text":
            click.echo(_LATER)
    _tell([_json(step, done=wanted) for step in steps], fmt, _command("audit", path) if wanted else NOTHING)
    sys.exit(gate.READY)


def _command(name: str, path: Path) -> str:
    return shlex.join(("checker", name, *([str(path)] if path != Path() else [])))


def _shown(step: Step) -> list[str]:
    why = f": {step.why}" if step.why else ""
    if step.how == "keep" and "by hand" not in step.why:
        return [f"keeps {step.path}{why}", ""]
    return [f"{_DONE[step.how]} {step.path}{why}", *(f"  | {line}".rstrip() for line in step.text.splitlines()), ""]


def _json(step: Step, *, done: bool) -> dict[str, Any]:
    how = step.how if done or step.how == "keep" else f"would {step.how}"
    return {"part": step.part, "path": step.path, "how": how, "why": step.why, "text": step.text}


def _tell(files: list[dict[str, Any]], fmt: str, step: str) -> None:
    if fmt == "json":
        click.echo(json.dumps({"files": files, "next": step}, indent=2, ensure_ascii=False))
        return
    for one in files if "part" not in (files or [{}])[0] else ():
        click.echo(visible(f"{one['path']}: {one['how']}"))
    click.echo(visible(step if step == NOTHING else f"Next: {step}"))
