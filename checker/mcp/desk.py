"""The tools themselves: each runs one of our commands in a child, and tells its answer in few words."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from checker.mcp.answers import (
    ApprovalAnswer,
    AuditAnswer,
    GateAnswer,
    ProofAnswer,
    RuleAnswer,
    StepAnswer,
    of_audit,
)
from checker.model.outputs.artefact import Kind
from checker.model.report import Report
from checker.model.rule import PROFILES, Profile
from checker.probe import own_command
from checker.probe.own_command import Answer
from checker.probe.snapshot import snapshot
from checker.proofs import gates
from checker.render.agent import Asked
from checker.render.visible import clipped, visible
from checker.toml_source import nearest

Format = Literal["concise", "detailed"]
ProofType = Literal[
    "build_output",
    "lint_output",
    "test_output",
    "coverage_report",
    "security_scan",
    "spec_validation",
    "contract_report",
    "migration_report",
    "smoke_test",
    "deployment_log",
]
_WORDS = 400  # characters of a sentence that may quote the repository
_KEPT = 32  # audits whose answer is remembered


class Desk:
    """Serves the tools. `most` is the profile that the person who started the server allows at most."""

    def __init__(self, most: Profile, reports: Path, environment: Mapping[str, str]) -> None:
        self._most = most
        self._reports = reports
        self._environment = environment
        self._audits: dict[tuple[str, ...], tuple[Report, Path]] = {}
        self._made = 0

    async def audit(
        self,
        ctx: Context,
        path: str = ".",
        scope: Literal["whole", "change"] = "whole",
        profile: Profile = "static",
        standards: list[str] | None = None,
        only: list[str] | None = None,
        skip: list[str] | None = None,
        base: str | None = None,
        response_format: Format = "detailed",
    ) -> AuditAnswer:
        """Audit a backend repository, and the outputs of agents in it, against written standards.

        `scope` change looks at what differs from the base. `profile` static executes nothing; agent takes seconds, gate
        minutes. `only` and `skip` take families and rules. At most twenty findings come back, the gravest first.
        """
        self._allow(profile)
        options = [f"--profile={profile}", *(["--changed"] if scope == "change" else [])]
        for name, values in (("standard", standards), ("only", only), ("skip", skip), ("base", base and [base])):
            options += [f"--{name}={value}" for value in values or ()]
        return await self._audited(ctx, path, options, detailed=response_format == "detailed")

    async def validate_against_spec(
        self, ctx: Context, path: str = ".", profile: Profile = "static", response_format: Format = "detailed"
    ) -> AuditAnswer:
        """Hold the implementation against its contract: the contract itself and, from profile agent on, the running app."""
        self._allow(profile)
        options = [f"--profile={profile}", "--only=api", "--only=runtime"]
        return await self._audited(ctx, path, options, detailed=response_format == "detailed")

    async def check_outputs(
        self,
        ctx: Context,
        files: Annotated[list[str], Field(min_length=1)],
        kind: Kind | None = None,
        response_format: Format = "detailed",
    ) -> AuditAnswer:
        """Judge files that an agent wrote: run reports, packs, locks, hand-offs, approvals, review findings and others.

        The kind is told from path and shape; name it where that is ambiguous.
        """
        for file in files:
            _refuse_outside(file)
        options = (f"--as={kind}",) if kind else ()
        told = await self._ran(ctx, ["outputs", "--format=json", *options, "--", *files])
        asked = Asked("outputs", options, tuple(files))
        return of_audit(*self._kept(told), asked, detailed=response_format == "detailed")

    async def capture_command_output(self, ctx: Context, proof_type: ProofType, path: str = ".") -> ProofAnswer:
        """Record a proof: the repository's policy says which command is run, nobody passes one."""
        self._allow("agent")
        _refuse_outside(path)
        told = _json(await self._ran(ctx, ["prove", proof_type, "--format=json", "--", path]))
        steps = {
            "pass": f"run: {_command('gate', 'handoff', path)}",
            "review": f"a person must look; {_command('gate', 'handoff', path)} names the proof to accept",
            "block": f"mend what the reasons say, then run: {_command('prove', proof_type, path)}",
        }
        known = {name: told[name] for name in ("type", "result", "decision", "tree", "path")}
        counts = {name: value for name, value in told["counts"].items() if isinstance(value, int)}
        return ProofAnswer(**known, reasons=_shown(told["reasons"]), counts=counts, next_step=steps[told["decision"]])

    async def get_gate_proof_status(
        self, ctx: Context, gate: str = "handoff", path: str = ".", base: str | None = None
    ) -> GateAnswer:
        """Say whether a gate is satisfied: which proofs, approvals and audit it needs, which are there, stale or missing."""
        told = await self._gate(ctx, gate, path, base)
        return GateAnswer(
            gate=told["gate"],
            decision=told["decision"],
            reasons=_shown(told["reasons"]),
            proofs=tuple(f"{one['type']}: {one['state']} ({one['trust']})" for one in told["proofs"]),
            approvals=tuple(f"{one['by']}: {one['state']}" for one in told["approvals"]),
            next_step=_after_gate(told, path),
        )

    def validate_approval_response(self, text: str) -> ApprovalAnswer:
        """Read a person's answer to a checkpoint: "ok" and "sure" are not approvals."""
        meaning = gates.load().approval.meaning(text)
        steps = {
            "approved": 'the person signs it: checker approve GATE --by NAME --text "approved"',
            "rejected": "stop; ask what should change",
            "ambiguous": "ask again for a clear approval, naming the options",
            "unknown": "ask again for a clear approval, naming the options",
        }
        return ApprovalAnswer(meaning=meaning, may_proceed=False, next_step=steps[meaning])

    def explain_rule(self, rule: str) -> RuleAnswer:
        """A rule's page: what it does, why it matters, what passes and fails, how to mend, which clauses ask for it."""
        from checker import catalog
        from checker.render import rule_page

        known = catalog.load()
        found = known.rule(rule)
        if found is None:
            raise ToolError(f"no rule {rule!r}{nearest(rule, known.names)}")
        step = f"mend, then audit with only {found.id}"
        return RuleAnswer(rule=found.id, page="\n".join(rule_page.page(known, found)), next_step=step)

    async def next_step(self, ctx: Context, path: str = ".", gate: str = "handoff") -> StepAnswer:
        """Where the work stands and the one thing to do now: mend, prove, or ask a person."""
        audited = await self._audited(ctx, path, ["--profile=static"], detailed=False)
        if audited.status == "blocked":
            return StepAnswer(state=audited.verdict, next_step=audited.next_step)
        try:
            told = await self._gate(ctx, gate, path, quick=True)
        except ToolError as refused:
            return StepAnswer(state=audited.verdict, next_step=f"{_command('gate', gate, path)} by a person: {refused}")
        state = f"{audited.verdict}; gate {gate}: {told['decision']}"
        return StepAnswer(state=state, next_step=_after_gate(told, path))

    async def _audited(self, ctx: Context, path: str, options: list[str], *, detailed: bool) -> AuditAnswer:
        """An audit, or what it said before where nothing below the folder has changed since and nothing is executed."""
        _refuse_outside(path)
        folder = Path(path).absolute()
        before = snapshot(folder) if "--profile=static" in options else None
        minute = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")  # some rules measure the age of what they look at
        key = (str(folder), *options, minute, before or "")
        known = self._audits.get(key) if before else None
        stays = tuple(one for one in options if not one.startswith(("--profile=", "--only=")))
        asked = Asked("audit", stays, (path,))
        if known is not None:
            return of_audit(*known, asked, detailed=detailed).model_copy(update={"cached": True})
        made = self._kept(await self._ran(ctx, ["audit", "--format=json", *options, "--", path]))
        if before is not None and snapshot(folder) == before:
            while len(self._audits) >= _KEPT:
                del self._audits[next(iter(self._audits))]
            self._audits[key] = made
        return of_audit(*made, asked, detailed=detailed)

    def _kept(self, told: Answer) -> tuple[Report, Path]:
        """The report, and the file that holds the whole of it for as long as the server runs."""
        self._made += 1
        file = self._reports / f"report-{self._made}.json"
        file.write_bytes(told.stdout)
        return Report.from_json(told.stdout), file

    async def _gate(
        self, ctx: Context, gate: str, path: str, base: str | None = None, *, quick: bool = False
    ) -> dict[str, Any]:
        """What `checker gate` says; `quick`: without its audit where it is blocked already.

        ToolError where its audit executes more than the server may.
        """
        _refuse_outside(path)
        known = gates.load().gates.get(gate)
        if known is not None and known.audit is not None:
            self._allow(known.audit)
        options = [*([f"--base={base}"] if base else []), *(["--fail-fast"] if quick else [])]
        return _json(await self._ran(ctx, ["gate", "--format=json", *options, "--", gate, path]))

    async def _ran(self, ctx: Context, arguments: list[str]) -> Answer:
        """Run a command of ours; ToolError in its own words where it refuses."""
        seen = 0

        async def told(line: str) -> None:
            nonlocal seen
            seen += 1
            await ctx.report_progress(seen, message=line)

        await ctx.report_progress(0, message=f"checker {arguments[0]}")
        try:
            done = await own_command.run(arguments, cwd=Path.cwd(), environment=self._environment, told=told)
        except (OSError, ValueError, OverflowError) as refused:  # a NUL in a path, arguments that are too long
            raise ToolError(f"checker {arguments[0]} cannot be run: {refused}") from None
        if not done.stdout.startswith(b"{"):
            raise ToolError(done.stderr.strip() or f"checker {arguments[0]} ended with {done.code} and said nothing")
        return done

    def _allow(self, profile: Profile) -> None:
        if PROFILES.index(profile) > PROFILES.index(self._most):
            allowed = f"this server was started with --profile {self._most}"
            raise ToolError(f"{allowed}, so nothing wider is run; whoever starts it can allow --profile {profile}")


def _refuse_outside(path: str) -> None:
    """The server serves the folder that it was started in: nothing else is read or run, whatever a caller was talked into."""
    here = Path.cwd().resolve()
    try:
        inside = (here / path).resolve().is_relative_to(here)
    except (OSError, ValueError, RuntimeError) as refused:  # a NUL, a name that is too long, a loop of links
        raise ToolError(visible(f"{path} cannot be looked at: {refused}")) from None
    if not inside:
        raise ToolError(visible(f"{path} lies outside {here}, where this server was started; start one there"))


def _json(told: Answer) -> dict[str, Any]:
    found = json.loads(told.stdout)
    assert isinstance(found, dict)
    return found


def _after_gate(told: dict[str, Any], path: str) -> str:
    """The first thing that a gate misses, and the command for it."""
    gate = told["gate"]
    if told["decision"] == "pass":
        return f"gate {gate} is satisfied: take the step"
    lacking = next((one for one in told["proofs"] if one["state"] in ("missing", "stale")), None)
    if lacking is not None:
        return f"record the proof {lacking['type']}, which is {lacking['state']}; run: {_command('prove', lacking['type'], path)}"
    failed = next((one for one in told["proofs"] if one["state"] == "failed"), None)
    if failed is not None and failed["fingerprint"]:
        accept = _command("approve", gate, path, f"--accept={failed['fingerprint']}", "--by=NAME", "--text=approved")
        return f"a person must look at {failed['type']}; after that they run: {accept}"
    if failed is not None:
        return f"mend what {failed['type']} says, then run: {_command('prove', failed['type'], path)}"
    again = _command("gate", gate, path)
    return f"mend: {clipped(told['reasons'][0], _WORDS)}; then run: {again}" if told["reasons"] else f"run: {again}"


def _shown(reasons: list[str]) -> tuple[str, ...]:
    return tuple(clipped(one, _WORDS) for one in reasons)


def _command(name: str, what: str, path: str, *options: str) -> str:
    """A command of ours as a person would type it; the folder where it is another than the server's."""
    return visible(shlex.join(("checker", name, *options, what, *([path] if path != "." else []))))


def environment() -> Mapping[str, str]:
    """What our commands get: the server's own environment, and no colour."""
    return {**os.environ, "NO_COLOR": "1"}
