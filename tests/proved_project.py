"""The only place where tests make a repository with keys, proofs and gates of its own."""

from __future__ import annotations

import base64
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner, Result

from checker.cli import root as command
from checker.gating import GateRun, pass_gate
from checker.proofs import bundle, gates, keys
from checker.proofs.chain import Head
from checker.proving import prove
from checker.workplace import Request
from tests.scratch import FIXTURES, commit, git


class Project:
    """A repository whose policy names a local key and a person's, with helpers that prove, pass and approve."""

    def __init__(self, folder: Path) -> None:
        self.root, self.keys = (
            folder / "repo",
            {name: folder / f"{name}.pem" for name in ("local", "ada", "ci", "stranger")},
        )
        public = {name: keys.create(file) for name, file in self.keys.items()}
        shutil.copytree(FIXTURES / "proofs" / "base", self.root)
        roles = {"local": ("local", "agent-2"), "ada": ("person", "ada"), "ci": ("ci", "ci")}
        entry = '\n[[proofs.keys]]\nid = "{0}"\nowner = "{2}"\nrole = "{1}"\npublic = "{3}"\n'
        with open(self.root / "checker.toml", "a", encoding="utf-8") as file:
            file.writelines(entry.format(name, *told, public[name]) for name, told in roles.items())
        git(self.root, "init", "-q", "-b", "main")
        self.base = commit(self.root, "base")

    def prove(self, *kinds: str, key: str | None = "local") -> list[str]:
        environment = {keys.VARIABLE: str(self.keys[key])} if key else {}
        return [
            prove(kind, Request(path=self.root, base=self.base, environment=environment)).proof.predicate.result
            for kind in kinds
        ]

    def gate(self, name: str = "G3x", as_of: datetime | None = None, anchors: dict[str, Head] | None = None) -> GateRun:
        return pass_gate(name, Request(path=self.root, base=self.base, as_of=as_of or datetime.now(UTC)), (), anchors)

    def bundle(self, key: str | None = "local") -> Path:
        return self.root / bundle.name_of(keys.signer(str(self.keys[key])) if key else None)

    def run(self, *words: str, key: str | None = None) -> Result:
        environment = {keys.VARIABLE: str(self.keys[key]) if key else ""}
        return CliRunner().invoke(command, [*words, "--base", self.base], env=environment)


def quick_gates() -> gates.Gates:
    """Gates that need one quick proof each, beside those that ship."""
    known = gates.load()
    quick = gates.Gate(proofs=("build_output",))
    merging = quick.model_copy(update={"min_trust": "rerun"})
    more = {"G3x": quick, "M": merging, "T": quick.model_copy(update={"proofs": ("test_output",)})}
    return known.model_copy(update={"gates": {**known.gates, **more}})


def reasons(done: GateRun) -> str:
    return "\n".join(done.reasons)


def edited(data: bytes) -> bytes:
    first, *rest = data.splitlines(keepends=True)
    line = json.loads(first)
    payload = base64.b64decode(line["payload"]).replace(b'"FAILED"', b'"PASSED"').replace(b'"block"', b'"pass"')
    changed = json.dumps(line | {"payload": base64.b64encode(payload).decode()}).encode() + b"\n"
    return b"".join([changed, *rest])
