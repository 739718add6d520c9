"""`checker gate`, `checker approve` and `checker verify`: parse, call, print, exit."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from checker import gate as verdicts
from checker.approving import Said, approve
from checker.cli import completion
from checker.cli.output import write_whole
from checker.gating import GateRun, anchors_of, needed, pass_gate, verify
from checker.model.unavailable import Unavailable
from checker.proofs import keys
from checker.proofs.anchors import base_of
from checker.proofs.chain import Head
from checker.proofs.envelope import seal
from checker.proofs.judging import Judged
from checker.render.visible import visible
from checker.toml_source import ConfigurationError
from checker.workplace import Request

BLOCKS = 2  # what a host's stop hook heeds
FORMAT = click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text")
KEY = click.option(
    "--key", "supplied", multiple=True, metavar="PUBLIC", help="Believe this key where the policy names none."
)
BASE = click.option("--base", metavar="REV", help="The revision whose policy rules.")
WHERE = click.argument("path", type=click.Path(path_type=Path), default=".")


@click.command("gate")
@click.argument("name", metavar="GATE", shell_complete=completion.gates)
@WHERE
@BASE
@KEY
@click.option(
    "--anchor", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Chain heads kept elsewhere."
)
@click.option("--verdict", type=click.Path(path_type=Path), metavar="FILE", help="Write a Simple Verification Result.")
@click.option("--list", "listing", is_flag=True, help="Print the types of proofs that GATE needs, and judge nothing.")
@click.option("--hook", is_flag=True, help="Exit 2 where the gate is not satisfied, for hosts that ignore 1.")
@click.option("--fail-fast", is_flag=True, help="Leave the audit out where proofs or approvals block already.")
@FORMAT
def gate_command(name: str, path: Path, hook: bool, listing: bool, **options: Any) -> None:
    """Say whether GATE is satisfied: proofs, approvals and audit results that the step needs."""
    if listing:
        needs = needed(name)
        _print({"gate": name, "proofs": list(needs)}, list(needs), options["fmt"])
        return
    if hook and _stops_already():
        sys.exit(verdicts.READY)
    try:
        done = _passed(name, path, options)
    except (ConfigurationError, Unavailable) as refused:
        if not hook:
            raise
        click.echo(f"checker gate {name}: {visible(str(refused))}", err=True)
        sys.exit(BLOCKS)
    lines = [
        f"{name}: {done.decision}",
        *(f"  {one.said}" for one in done.overrides),
        *(f"  {one}" for one in done.reasons),
    ]
    if hook:
        click.echo("\n".join(map(visible, lines)), err=True)
        sys.exit(verdicts.READY if done.decision == "pass" else BLOCKS)
    _print(_json(done), lines, options["fmt"])
    for note in done.notes:
        click.echo(f"note: {visible(note)}", err=True)
    sys.exit(verdicts.READY if done.decision == "pass" else verdicts.NOT_READY)


@click.command("approve")
@click.argument("name", metavar="GATE", shell_complete=completion.gates)
@WHERE
@BASE
@click.option("--by", required=True, metavar="WHO", help="The person; the owner of the key.")
@click.option("--text", required=True, help="The answer, word for word; with --withdraw, why.")
@click.option("--option", metavar="LETTER", help="The option of the checkpoint that was chosen.")
@click.option("--accept", multiple=True, metavar="FINGERPRINT", help="A proof that asks a person; repeatable.")
@click.option("--withdraw", is_flag=True, help="Take back every approval that WHO gave of GATE, of whatever tree.")
@FORMAT
def approve_command(name: str, path: Path, base: str | None, fmt: str, **said: Any) -> None:
    """Sign a person's approval of GATE, bound to the tree as it stands, its base and its policy."""
    _folder(path)
    request = Request(path=path, base=base, environment=dict(os.environ))
    answer = Said(said["by"], said["text"], said["option"], said["accept"], said["withdraw"])
    given, where, lacking = approve(name, request, answer)
    told: dict[str, Any] = {"gate": name, "by": answer.by, "tree": given.tree(), "path": where}
    told |= {"withdrawn": answer.withdraws, "notes": list(lacking)}
    did = "approvals withdrawn of" if answer.withdraws else "approved"
    plain = [f"{did} {name} by {answer.by}, bound to tree {given.tree()}, recorded in {where}", *lacking]
    _print(told, plain, fmt)
    sys.exit(verdicts.NOT_READY if lacking else verdicts.READY)


@click.command("verify")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@KEY
@click.option(
    "--repo", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Compare with this repository."
)
@BASE
@FORMAT
def verify_command(
    files: tuple[Path, ...], supplied: tuple[str, ...], repo: Path | None, base: str | None, fmt: str
) -> None:
    """Verify proofs offline: signature, chain, tree, policy and trust, each with its reason."""
    request = Request(path=repo, base=base, environment=dict(os.environ)) if repo else None
    done = verify(files, supplied, request)
    lines = [
        f"{one.state} {one.type} {one.path} ({one.trust}){': ' if one.reason else ''}{one.reason}"
        for one in done.judged
    ]
    reached = {name: _head(one) for name, one in done.heads.items()}
    told = {"proofs": [_verified(one) for one in done.judged], "heads": reached, "base": done.base, "notes": done.notes}
    _print(told, lines, fmt)
    for note in done.notes:
        click.echo(f"note: {visible(note)}", err=True)
    sys.exit(verdicts.READY if done.sound else verdicts.NOT_READY)


def _passed(name: str, path: Path, options: dict[str, Any]) -> GateRun:
    _folder(path)
    text = options["anchor"].read_text("utf-8", "replace") if options["anchor"] else None
    anchors, since = ({}, None) if text is None else (anchors_of(text), base_of(text))
    request = Request(path=path, base=options["base"], environment=dict(os.environ))
    done = pass_gate(name, request, options["supplied"], anchors, since, fail_fast=options["fail_fast"])
    if options["verdict"]:
        write_whole(options["verdict"], seal(done.verdict, keys.of(os.environ)) + b"\n")
    return done


def _print(told: dict[str, Any], lines: list[str], fmt: str) -> None:
    text = "\n".join(map(visible, lines))
    click.echo(json.dumps(told, indent=2, ensure_ascii=False) if fmt == "json" else text)


def _folder(path: Path) -> None:
    if not path.is_dir():
        raise click.UsageError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")


def _stops_already() -> bool:
    """Whether the host says that its stop hook has spoken already: a second time would never end."""
    if sys.stdin is None or sys.stdin.isatty():
        return False
    try:
        told = json.loads(sys.stdin.read(1 << 20) or "{}")
    except (ValueError, OSError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("stop_hook_active") is True


def _json(done: GateRun) -> dict[str, Any]:
    audited = done.audit
    return {
        "gate": done.gate,
        "decision": done.decision,
        "recommendation": done.recommendation,
        "reasons": list(done.reasons),
        "proofs": [_proof(one, done.attempts.get(one.type, 0)) for one in done.proofs],
        "overrides": [asdict(one) for one in done.overrides],
        "approvals": [asdict(one) for one in done.approvals],
        "audit": {"profile": audited.profile, "status": audited.status, "findings": len(audited.findings)}
        if audited
        else {},
        "notes": list(done.notes),
    }


def _proof(one: Judged, attempts: int) -> dict[str, Any]:
    return {
        "type": one.type,
        "state": one.state,
        "trust": one.trust,
        "tree": one.proof.tree() if one.proof else None,
        "keyid": one.keyid,
        "path": one.path or None,
        "reason": one.reason,
        "fingerprint": one.fingerprint,
        "attempts": attempts,
        "waived": one.waived or None,
    }


def _verified(one: Judged) -> dict[str, str]:
    return {"path": one.path, "type": one.type, "state": one.state, "trust": one.trust, "reason": one.reason}


def _head(one: Head) -> dict[str, Any]:
    return {"records": one.records, "sha256": one.sha256, **({"also": list(one.also)} if one.also else {})}
