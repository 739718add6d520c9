"""The whole run of `checker prove`: tree, command of the policy, scratch export, results read, weighed and recorded."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path

from checker.collect.roles import roles_of
from checker.model.proof import (
    POLICY,
    RESULT_OF,
    BaseRun,
    Descriptor,
    Link,
    Proof,
    Run,
    Signal,
    Statement,
)
from checker.model.proof import TestResult as Tested
from checker.model.repo import Role
from checker.model.settings import Description
from checker.model.unavailable import Unavailable
from checker.probe.command import CommandMissing
from checker.probe.git import Git
from checker.probe.network import own_processes
from checker.proofs import brought, bundle, commands, filed, gates, keys, policy
from checker.proofs.binding import base_commit, rules_at, subjects
from checker.proofs.commands import Tool
from checker.proofs.comparison import Comparison
from checker.proofs.decision import Weighed, weigh
from checker.proofs.export import export
from checker.proofs.gates import Gates
from checker.proofs.mutation import Probed
from checker.proofs.outcome import Outcome
from checker.proofs.revision import Revision
from checker.proofs.scratch import Around, Interpreter, Scratch, memory_for
from checker.settings import OWN_FILE, SHARED_FILE
from checker.toml_source import ConfigurationError, nearest
from checker.workplace import Request, Workplace

UNCONFINED = "the kernel does not let a command have processes of its own (unshare --user --pid)"
KEPT = 128 << 20  # bytes of the working tree that are read once: to compare them, and to export them
MOST_NAMES = 20_000  # test names that a statement lists


@dataclass(frozen=True)
class Proved:
    """A proof as it was recorded, where it stands, and what the caller should know besides."""

    proof: Proof
    path: str
    notes: tuple[str, ...]


def prove(kind: str, request: Request, *, confined: bool = False) -> Proved:
    """Run the policy's command for a proof type and append the record; `confined`: only where it sees no other process.

    ConfigurationError: an unknown type, no command for it. Unavailable: no git, a tool that is not there.
    """
    rules = gates.load()
    if kind not in rules.types:
        raise ConfigurationError("checker prove", None, f"unknown proof type {kind!r}{nearest(kind, rules.types)}")
    signer = keys.of(request.environment)
    if confined and not own_processes():
        raise Unavailable(
            f"{UNCONFINED}; let it (kernel.apparmor_restrict_unprivileged_userns=0), or prove without --confined"
        )
    with ExitStack() as stack:
        place = Workplace.open(request, stack)
        keys.refuse_inside(request.environment, place.root.path)
        if not isinstance(place.git, Git):
            raise Unavailable(f"a proof binds a git tree: {place.git}; run git init and commit")
        place.git.keep_contents(KEPT)
        scratch_root = Path(stack.enter_context(_folder(place.git)))
        rules = rules_at(place.settings.base_description)
        run = _Run(kind, rules, place, place.git, scratch_root, request.environment)
        made = run.make()
        path, statement = bundle.append(place.root.path, signer, made)
        assert isinstance(statement, Proof)
        unsigned = (f"unsigned, trust claimed: name a key file in {keys.VARIABLE}",) * (signer is None)
        open_doors = (f"{UNCONFINED}, so it could read the environment of its parents, and a key in it",) * (
            not own_processes()
        )
        return Proved(statement, path, (*unsigned, *open_doors, *place.settings.notes))


def _folder(git: Git) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="checker-prove-", dir=memory_for(git.weight), ignore_cleanup_errors=True)


@dataclass(frozen=True)
class _Run:
    kind: str
    rules: Gates
    place: Workplace
    git: Git
    folder: Path
    environment: Mapping[str, str]

    def make(self) -> Callable[[Link], Statement]:
        """Everything but the place in the chain, which is known once the bundle is locked."""
        started = _now()
        head = Revision.of(self.git, self.git.content(), self.rules, self._role)
        base = self._base()
        tool = commands.choose(self.kind, self.place.settings.policy, (base, head) if base else (head,), self.rules)
        if tool.name in commands.JAVASCRIPT:
            head, base = head.with_javascript(self.git), base.with_javascript(self.git) if base else None
        scratch = self._scratch("head")
        left_out = export(self.git, head.entries, scratch.tree)
        if tool.name in commands.JAVASCRIPT and scratch.modules is not None:
            said = "node_modules is the one that is installed here, bound by nothing"
            left_out = {**left_out, "node_modules": said}
        inside = scratch.interpreter.inside(self.place.root.path)
        if inside:
            left_out = {**left_out, inside: f"{inside} is the environment that is installed here, bound by nothing"}
        if not head.entries:
            raise Unavailable("the tree holds nothing but records, so there is nothing to prove")
        if tool.name == "checker" and base is not None:
            self._base_policy(base, scratch)
        try:
            outcome = self._outcome(tool, scratch, head, base)
        except CommandMissing as missing:
            raise Unavailable(f"{self.kind}: {missing}; install it, or name another command in [commands]") from None
        signals = [*outcome.signals, *(Signal(kind="left-out", about=one) for one in left_out.values())]
        base_run = BaseRun(ran="no", why="no base revision" if base is None else "not asked by this proof type")
        probed = Probed()
        if base is not None:
            against = Comparison(self.kind, self.rules, self.git, base, head, tool, self._scratch)
            found, base_run, probed = against.compared(outcome, scratch)
            signals += found
            signals += brought.signals(left_out, base, head)
            trees = [(*one.entries, *one.records) for one in (base, head)]
            signals += filed.signals(self.git, trees[0], trees[1], self.rules, self._role)
        weighed = weigh(signals, base_run, self.rules.decision)
        return lambda link: self._statement(
            link, outcome, signals, base_run, probed, weighed, left_out, scratch, started
        )

    def _base_policy(self, base: Revision, scratch: Scratch) -> None:
        """Our own audit obeys the base's configuration: in the exported tree there is no git to tell it what that was."""
        for name in (OWN_FILE, SHARED_FILE):
            place, blob = scratch.tree / name, next((one.blob for one in base.entries if one.path == name), None)
            told = next((data for _, data in self.git.blobs([blob])), None) if blob else None
            if told is not None:
                place.unlink(missing_ok=True)
                place.write_bytes(told)
            elif place.is_file() and (name == OWN_FILE or b"[tool.checker" in place.read_bytes()):
                place.unlink()

    @property
    def _description(self) -> Description:
        """The base's, so that the change under judgement does not say where its own tests are; the head's without one."""
        told = self.place.settings.base_description
        return told if isinstance(told, Description) else self.place.settings.description

    @cached_property
    def _role(self) -> Callable[[str], Role]:
        return cache(roles_of(self._description.layout))  # base and head have most of their paths in common

    def _base(self) -> Revision | None:
        fork = base_commit(self.git, self.place.base.fork)
        return Revision.of(self.git, self.git.ls_tree(fork), self.rules, self._role) if fork else None

    def _scratch(self, name: str) -> Scratch:
        root = self.place.root.path.resolve()
        judged = [one.path for one in self.git.content()]
        interpreter = Interpreter.find(root, self._description, self.environment, judged)
        around = Around.find(root, self.environment)
        return Scratch.make(self.folder / name, interpreter, self._description, self.rules, around)

    def _outcome(self, tool: Tool, scratch: Scratch, head: Revision, base: Revision | None) -> Outcome:
        return commands.run(self.kind, tool, scratch, head, base, self.rules)

    def _statement(
        self,
        link: Link,
        outcome: Outcome,
        signals: Sequence[Signal],
        base_run: BaseRun,
        probed: Probed,
        weighed: Weighed,
        left_out: Mapping[str, str],
        scratch: Scratch,
        started: str,
    ) -> Proof:
        run = Run(
            proof_type=self.kind,
            argv=outcome.argv,
            interpreter={"path": str(scratch.interpreter.path), "sha256": scratch.interpreter.sha256},
            exit_code=outcome.code,
            counts=outcome.counts,
            decision=weighed.decision,
            reasons=weighed.reasons,
            signals=tuple(signals)[:1000],
            base_commit=base_commit(self.git, self.place.base.fork),
            base_tests_on_head=base_run,
            canary=outcome.canary,
            mutants={"made": probed.made, "killed": probed.killed} if probed.made else {},
            stdout_sha256=outcome.stdout_sha256,
            env=dict(zip(*_env(scratch), strict=True)),
            left_out=tuple(left_out.values()),
            confined=bool(own_processes()),
            log=link,
            nonce=secrets.token_hex(16),
            started_on=started,
            finished_on=_now(),
        )
        predicate = Tested(
            result=RESULT_OF[weighed.decision],
            configuration=(Descriptor(name=POLICY, digest={"sha256": policy.sha256(self.place.settings.policy)}),),
            url=_url(self.environment),
            passed_tests=outcome.passed[:MOST_NAMES],
            warned_tests=outcome.warned[:MOST_NAMES],
            failed_tests=outcome.failed[:MOST_NAMES],
            checker=run,
        )
        return Proof(subject=subjects(self.git, self.rules), predicate=predicate)


def _env(scratch: Scratch) -> tuple[list[str], list[str]]:
    """Names with values of what we set, names alone of the repository's own: those may be secrets."""
    ours = {"LANG", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTHONHASHSEED", "TZ"}
    names = sorted(scratch.env)
    return names, [scratch.env[name] if name in ours else "set" for name in names]


def _url(environment: Mapping[str, str]) -> str | None:
    server, repo, run = (environment.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repo}/actions/runs/{run}" if server and repo and run else None


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
