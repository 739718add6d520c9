"""`checker prove TYPE`: runs what the policy says, never what the caller says, and prints what was recorded."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

import click

from checker.cli import completion
from checker.proving import Proved, prove
from checker.render.visible import visible
from checker.workplace import Request

_READY, _NOT_READY = 0, 1  # as checker.gate has them, which loads the engine: a third of what a small proof takes


@click.command("prove")
@click.argument("kind", metavar="TYPE", shell_complete=completion.proof_types)
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--base", metavar="REV", help="The revision whose policy rules and whose tests are run.")
@click.option(
    "--confined",
    is_flag=True,
    envvar="CHECKER_CONFINED",
    help="Refuse where the kernel does not let the command see only its own processes.",
)
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text")
def prove_command(kind: str, path: Path, base: str | None, confined: bool, fmt: str) -> None:
    """Run the policy's command for a proof TYPE and append a proof; nobody passes the command."""
    if not path.is_dir():
        raise click.UsageError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")
    gc.disable()  # the process is short, and a large tree's entries would only be walked
    done = prove(kind, Request(path=path, base=base, environment=dict(os.environ)), confined=confined)
    click.echo(
        json.dumps(_json(done), indent=2, ensure_ascii=False)
        if fmt == "json"
        else "\n".join(map(visible, _lines(done)))
    )
    for note in done.notes:
        click.echo(f"note: {visible(note)}", err=True)
    sys.exit(_READY if done.proof.predicate.checker.decision == "pass" else _NOT_READY)


def _json(done: Proved) -> dict[str, object]:
    run = done.proof.predicate.checker
    return {
        "type": run.proof_type,
        "result": done.proof.predicate.result,
        "decision": run.decision,
        "reasons": list(run.reasons),
        "counts": run.counts.model_dump(),
        "tree": done.proof.tree(),
        "path": done.path,
        "notes": list(done.notes),
    }


def _lines(done: Proved) -> list[str]:
    run = done.proof.predicate.checker
    counts = (
        ", ".join(f"{value} {name}" for name, value in run.counts.model_dump().items() if value) or "nothing counted"
    )
    return [
        f"{done.proof.predicate.result} {run.proof_type} ({run.decision}): {counts}",
        *(f"  {reason}" for reason in run.reasons),
        f"  bound to tree {done.proof.tree()}, recorded in {done.path}",
    ]
