"""The only place that reads `.truth/truth.json`, recomputes the sums in it, and looks inside the proofs that it names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.collect.changes import Base
from checker.collect.files import Root, Unreadable
from checker.collect.outputs import logs
from checker.collect.outputs.evidence import measured
from checker.collect.outputs.text import readable
from checker.collect.outputs.work import moment
from checker.collect.roles import roles_of
from checker.model.observation import Pointer
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import take, text_of
from checker.model.outputs.truth import CodeCommits, GateProof, GateState, LockedSpec, Truth
from checker.model.repo import Inventory, Role
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

LARGEST_PROOF = 32 * 1024 * 1024  # bytes
MOST_COMMITS = 20_000
_SUM = re.compile(r"(?i)^(?:sha(?:-?(?:256|1|512))?:|md5:)?([0-9a-f]{32,128})$")
_EXIT = re.compile(
    r"(?i)\"?\b(?:exit|return)[\s_-]?(?:code|status)\"?\s*[:=]?\s*(-?\d{1,3})\b"
    r"|\bexited? (?:with )?(?:code )?(\d{1,3})\b|\bELIFECYCLE\b.*?exit code (\d+)"
)
_NO_RUN = re.compile(
    r"(?i)(^|/)(?:(?:readme|changelog|license|contributing)[^/]*|(?:package|tsconfig)[^/]*\.json|pyproject\.toml)$"
)
_GATE = re.compile(r"(?i)^G?(\d+(?:\.\d+)?)")
_YES, _NO = (
    ("approved", "passed", "complete", "completed", "done", "locked", "true", "yes"),
    ("pending", "rejected", "failed", "false", "no", "open", "blocked", "in_progress"),
)


def truth(root: Root, inventory: Inventory, artefacts: Artefacts) -> Truth:
    """The truth file. NotApplicable where there is none."""
    found = next(artefacts.of(Kind.TRUTH), None)
    if found is None:
        raise NotApplicable("no .truth/truth.json")
    if found.broken or not isinstance(found.value, Mapping):
        return Truth(found.path, broken=found.broken or "it holds no mapping")
    base = found.path.rpartition(".truth/")[0]
    read = _Reader(root, inventory, base)
    return Truth(
        found.path,
        tuple(_proofs(found, read)),
        tuple(_gates(found)),
        tuple(dict.fromkeys(_progress(found.value))),
        tuple(_specs(found, read)),
    )


class _Reader:
    """Files that a truth file names, from the project's folder or from `.truth/`."""

    def __init__(self, root: Root, inventory: Inventory, base: str) -> None:
        self._root, self._known, self._base = root, inventory.by_path, base

    def read(self, named: str) -> bytes | None:
        bare = named.strip().removeprefix("./").lstrip("/")
        for path in (self._base + bare, f"{self._base}.truth/{bare}", bare):
            if bare and path in self._known:
                try:
                    return self._root.read(path, LARGEST_PROOF)
                except (Unreadable, Unavailable):
                    return None
        return None


def _proofs(file: Artefact, read: _Reader) -> Iterator[GateProof]:
    items = list(_items(file))
    types: dict[str, set[str]] = {}
    for _, item in items:
        types.setdefault(_path(item), set()).add(logs.kind_of(text_of(item, "proof_type", "type")))
    shared = {path for path, kinds in types.items() if len(kinds) > 1}
    yield from (_proof(file, at, item, read, shared) for at, item in items)


def _path(item: Mapping[str, Any]) -> str:
    return text_of(item, "file_path", "path", "file")


def _items(file: Artefact) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Each record of a proof with where it stands, in a list or under the name of its gate."""
    listed = take(file.value, "proof_artifacts", "proofs", "artifacts")
    held = listed.value if listed else None
    items = list(enumerate(held)) if isinstance(held, list) else list(held.items()) if isinstance(held, Mapping) else []
    for number, one in items:
        each = one if isinstance(one, list) else [one]
        for n, item in enumerate(each):
            at = (str(number), str(n)) if isinstance(one, list) else (str(number),)
            if isinstance(item, Mapping):
                yield (listed.name if listed else "", *at), item


def _proof(file: Artefact, at: Pointer, item: Mapping[str, Any], read: _Reader, shared: set[str]) -> GateProof:
    path, recorded = _path(item), text_of(item, "file_hash", "hash", "sha256", "checksum")
    data = read.read(path)
    kind = logs.kind_of(text_of(item, "proof_type", "type"))
    code, failed, fault = _inside(path, data, kind, shared=path in shared) if data else (None, None, None)
    stamp = take(item, "created_at", "timestamp", "time", "created")
    fields = {
        "id": text_of(item, "id"),
        "gate": text_of(item, "gate"),
        "proof_type": text_of(item, "proof_type", "type"),
        "file_path": path,
        "file_hash": recorded,
        "pass_fail": text_of(item, "pass_fail", "result", "status", "passed"),
        "created_at": str(stamp.value) if stamp else "",
    }
    return GateProof(
        id=fields["id"],
        gate=_gate(fields["gate"]),
        type=fields["proof_type"].lower(),
        file=path,
        recorded=_bare(recorded),
        digest=_digest(data, recorded),
        size=len(data) if data is not None else -1,
        says=fields["pass_fail"].lower(),
        created=moment(stamp.value) if stamp else None,
        by=text_of(item, "created_by", "by"),
        lacks=tuple(name for name, said in fields.items() if not said),
        place=file.at(*at),
        code=code,
        failed=failed,
        fault=fault.reason if fault else "",
        fault_line=fault.line if fault else None,
        verified=take(item, "verified") is None or text_of(item, "verified").lower() not in ("false", "no", "0"),
    )


def _bare(recorded: str) -> str:
    found = _SUM.match(recorded.strip())
    return found.group(1).lower() if found else recorded.strip().lower()


def _digest(data: bytes | None, recorded: str) -> str:
    """The sum of a file in the kind that was recorded, told by its length."""
    if data is None:
        return ""
    kinds = {32: "md5", 40: "sha1", 128: "sha512"}
    return hashlib.new(kinds.get(len(_bare(recorded)), "sha256"), data, usedforsecurity=False).hexdigest()


def _inside(path: str, data: bytes, kind: str, *, shared: bool) -> tuple[int | None, int | None, logs.Fault | None]:
    try:
        text, _ = readable(path, data)
    except Unreadable:
        return None, None, logs.Fault("is no text") if kind else None
    codes = [int(next(one for one in found.groups() if one is not None)) for found in _EXIT.finditer(text[-200_000:])]
    counts = [int(one.value) for one in measured(path, text, "") if one.measure == "failed"]
    no_run = kind and _NO_RUN.search(path)
    fault = logs.Fault("is no output of a run") if no_run else logs.fault(path, text, kind, shared=shared)
    return (codes[-1] if codes else None), (counts[-1] if counts else None), fault


def _gate(said: str) -> str:
    found = _GATE.match(said.strip())
    return f"G{found.group(1)}" if found else said.strip().upper()


def _gates(file: Artefact) -> Iterator[GateState]:
    for name in ("gates", "gate_status", "gate_approvals", "approvals"):
        held = take(file.value, name)
        items = (
            held.value.items()
            if held and isinstance(held.value, Mapping)
            else enumerate(held.value)
            if held and isinstance(held.value, list)
            else ()
        )
        for key, item in items:
            gate = text_of(item, "gate", "id", "name") or str(key)
            if _GATE.match(gate):
                yield _state(file, (held.name if held else "", str(key)), gate, item)


def _state(file: Artefact, at: Pointer, gate: str, item: Any) -> GateState:
    if not isinstance(item, Mapping):
        said, stamp = str(item).lower(), None
    else:
        said = text_of(item, "approved", "status", "state", "result").lower()
        found = take(item, "approved_at", "timestamp", "time", "date", "at", "completed_at", "approvedat")
        stamp = moment(found.value) if found else None
    approved = True if said in _YES else False if said in _NO else None
    return GateState(
        _gate(gate), True if approved is None and stamp else approved, stamp or moment(said.upper()), file.at(*at)
    )


def _progress(value: Mapping[str, Any]) -> Iterator[str]:
    for name in ("progress", "progress_updates", "progress_log", "updates"):
        held = take(value, name)
        for one in held.value if held and isinstance(held.value, list) else ():
            yield from sub_gates(
                one
                if isinstance(one, str)
                else " ".join(str(part) for part in one.values())
                if isinstance(one, Mapping)
                else ""
            )


def sub_gates(text: str) -> Iterator[str]:
    """The sub-gates that an update names, as `5.1`."""
    yield from re.findall(r"(?i)\bG(\d+\.\d+)\b", text)


def _specs(file: Artefact, read: _Reader) -> Iterator[LockedSpec]:
    for name in ("specs", "locked_specs", "spec_checksums", "specifications"):
        held = take(file.value, name)
        if held is not None:
            yield from _sums(file, (held.name,), held.value, read)


def _sums(file: Artefact, at: Pointer, value: Any, read: _Reader) -> Iterator[LockedSpec]:
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _sums(file, (*at, str(number)), one, read)
    elif isinstance(value, Mapping):
        path, recorded = (
            text_of(value, "path", "file", "file_path"),
            text_of(value, "checksum", "hash", "sha256", "file_hash"),
        )
        if path and recorded:
            yield LockedSpec(path, _bare(recorded), _digest(read.read(path), recorded), file.at(*at))
            return
        for name, one in value.items():
            if isinstance(one, str) and "/" in name and _SUM.match(one):
                yield LockedSpec(name, _bare(one), _digest(read.read(name), one), file.at(*at, name))
            elif isinstance(one, (list, Mapping)) and len(at) < 4:
                yield from _sums(file, (*at, name), one, read)


def code_commits(git: Git, base: Base, description: Description) -> CodeCommits:
    """When the change first and last touched code that runs; all of history where there is no base."""
    if git.head is None:
        raise NotApplicable("nothing is committed yet")
    if git.shallow:
        raise Unavailable(
            "the clone is shallow, so nobody knows when the code was first committed; git fetch --unshallow"
        )
    start = git.resolve(base.fork) if isinstance(base.fork, str) else None
    role = roles_of(description.layout)
    code = (Role.RUNTIME, Role.MIGRATION)
    commits = git.log(f"{start}..HEAD" if start else "HEAD", MOST_COMMITS)
    touching = [one for one in commits if any(role(path) in code and not _is_record(path) for path in one.paths)]
    times = [(found, one.id) for one in touching if (found := moment(one.committed)) is not None]
    if not times:
        raise NotApplicable("no commit of the change touches code")
    first, last = min(times), max(times)
    return CodeCommits(first[0], last[0], first[1], last[1])


def _is_record(path: str) -> bool:
    return path.startswith((".truth/", ".checker/", "specs/", "ops/", ".")) or path.endswith(
        (".toml", ".json", ".yaml", ".yml", ".lock", ".cfg", ".ini")
    )
