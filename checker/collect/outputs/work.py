"""The only place that reads locks and the queue, as they stand and as the change went through them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from checker.collect.changes import Base
from checker.collect.data_parsed import Malformed
from checker.collect.files import Root, Unreadable
from checker.collect.outputs import loose
from checker.collect.outputs.artefacts import fixed_kind
from checker.collect.outputs.text import LARGEST, readable
from checker.model.outputs.artefact import Artefacts, Kind
from checker.model.outputs.fields import agent, take, text_of, texts
from checker.model.outputs.work import STATUSES, Lock, Locks, Queue, Step, Task, WorkHistory
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

MOST_COMMITS = 20_000
MOST_OF_QUEUES = 128 * 1024 * 1024  # bytes of all versions of the queue in one change
_OWNER = ("owner", "agent", "assignee", "agent_id", "locked_by", "holder")
_TASK = ("task_id", "wbs_id", "task", "wbs", "task_ids", "wbs_ids")
_SCOPE = ("scope_paths", "scope", "scopes", "paths", "scope_path", "files")
_TIME = ("start_time", "timestamp", "timestamp_utc", "started_at", "created_at", "acquired_at", "started")


def locks(root: Root, artefacts: Artefacts) -> Locks:
    """The locks that stand in the tree."""
    found = [one.path for one in artefacts.of(Kind.LOCK)]
    return Locks(tuple(lock_of(path, _read(root, path)) for path in found))


def queue(root: Root, artefacts: Artefacts) -> Queue:
    """The queue as it stands. NotApplicable where there is none, Unavailable where it cannot be opened."""
    found = [one.path for one in artefacts.of(Kind.QUEUE)]
    if not found:
        raise NotApplicable("no queue (ops/queue.jsonl)")
    data = _read(root, found[0])
    return _queue_of(found[0], data) if isinstance(data, bytes) else Queue(found[0], (), ((1, data),))


def work_history(root: Root, git: Git, base: Base, description: Description, artefacts: Artefacts) -> WorkHistory:
    """How locks and queue stood at each step of the change. NotApplicable where nobody knows what the change is."""
    if not isinstance(base.fork, str):
        raise base.fork
    if git.shallow:
        raise Unavailable("the clone is shallow, so the steps of the change cannot be seen; git fetch --unshallow")
    past = _Past(git, description)
    start = git.resolve(base.fork) or base.fork
    commits = git.log(f"{start}..HEAD", MOST_COMMITS)[::-1] if git.head else []
    if len(commits) >= MOST_COMMITS:
        raise Unavailable(f"the change has {MOST_COMMITS} commits or more; judge a shorter one with --base REV")
    past.learn([(start, entry.path) for entry in git.ls_tree(start)])
    past.learn([(commit.id, path) for commit in commits for path in commit.paths])
    alive = {path: lock for (revision, path), lock in past.locks.items() if revision == start}
    before = tuple(alive[path] for path in sorted(alive))
    first = next((found for (revision, _), found in past.queues.items() if revision == start), None)
    steps = []
    for commit in commits:
        for path in commit.paths:
            if past.kind(path) is Kind.LOCK:
                alive.pop(path, None)
                if (commit.id, path) in past.locks:
                    alive[path] = past.locks[commit.id, path]
        now = next((past.queues[commit.id, path] for path in commit.paths if (commit.id, path) in past.queues), None)
        gone = "" if now else next((path for path in commit.paths if past.kind(path) is Kind.QUEUE), "")
        steps.append(Step(commit.id[:12], commit.paths, tuple(alive[path] for path in sorted(alive)), now, gone))
    if git.dirty:
        paths = tuple(sorted({*git.changed_in_worktree(), *git.untracked()}))
        touched = next((path for path in paths if past.kind(path) is Kind.QUEUE), "")
        now = queue(root, artefacts) if touched and any(artefacts.of(Kind.QUEUE)) else None
        steps.append(Step("the working tree", paths, locks(root, artefacts).found, now, "" if now else touched))
    return WorkHistory(before, first, tuple(steps))


class _Past:
    """Locks and queues as revisions have them; equal contents are read once."""

    def __init__(self, git: Git, description: Description) -> None:
        self._git, self._layout = git, description.layout
        self.locks: dict[tuple[str, str], Lock] = {}
        self.queues: dict[tuple[str, str], Queue] = {}

    def kind(self, path: str) -> Kind | None:
        return fixed_kind(path, self._layout)

    def learn(self, places: list[tuple[str, str]]) -> None:
        """Read what is a lock or a queue among some revisions' paths, in two questions to git."""
        wanted = [(revision, path) for revision, path in places if self.kind(path) in (Kind.LOCK, Kind.QUEUE)]
        ids = self._git.blob_ids(wanted)
        users: dict[str, list[tuple[str, str]]] = {}
        for place, blob in zip(wanted, ids, strict=True):
            if blob is not None:
                users.setdefault(blob, []).append(place)
        size = 0
        for blob, data in self._git.blobs(list(users), LARGEST):
            size += len(data or b"")
            if size > MOST_OF_QUEUES:
                raise Unavailable("the queue's past is too large to be read; judge a shorter change with --base REV")
            for revision, path in users[blob]:
                self._keep(revision, path, data or b"")

    def _keep(self, revision: str, path: str, data: bytes) -> None:
        if self.kind(path) is Kind.LOCK:
            self.locks[revision, path] = lock_of(path, data)
        else:
            self.queues[revision, path] = _queue_of(path, data)


def _read(root: Root, path: str) -> bytes | str:
    try:
        return root.read(path, LARGEST)
    except Unreadable as wrong:
        return str(wrong)


def lock_of(path: str, data: bytes | str) -> Lock:
    """One lock, from JSON, YAML or `key: value` lines; what it lacks stands in `missing`, what was assumed in `assumed`."""
    if isinstance(data, str):
        return Lock(path, "", "", (), None, "", broken=data)
    try:
        text, assumed = readable(path, data)
        value, how = loose.pairs(text)
    except (Unreadable, Malformed) as wrong:
        return Lock(path, "", "", (), None, "", broken=str(wrong))
    owner, task, scope, begun = (take(value, *names) for names in (_OWNER, _TASK, _SCOPE, _TIME))
    notes = [field.alias for field in (owner, task, scope, begun) if field and field.alias]
    tasks = text_of(value, *_TASK)
    fields = {
        "owner": text_of(value, *_OWNER),
        "task_id": tasks,
        "scope_paths": scope and texts(scope.value),
        "start_time": begun,
    }
    return Lock(
        path=path,
        owner=agent(fields["owner"]) if isinstance(fields["owner"], str) else "",
        task=tasks,
        scopes=texts(scope.value) if scope else (),
        started=moment(begun.value) if begun else None,
        status=text_of(value, "status", "state").lower(),
        refs=texts(found.value) if (found := take(value, "blueprint_refs", "blueprint_ids", "refs")) else (),
        missing=tuple(name for name, one in fields.items() if not one),
        assumed=tuple(note for note in (*assumed, how, *notes) if note),
    )


def moment(value: Any) -> datetime | None:
    """A time as UTC; one without a zone is taken as UTC. None for what is no time."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1e9 < value < 1e13:
        return datetime.fromtimestamp(value / (1000 if value > 1e11 else 1), UTC)
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip().removesuffix("UTC").strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _queue_of(path: str, data: bytes) -> Queue:
    """The queue: one JSON object a line; a JSON list of them is read as well."""
    try:
        text, _ = readable(path, data)
    except Unreadable as wrong:
        return Queue(path, (), ((1, str(wrong)),))
    tasks: list[Task] = []
    broken: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip().rstrip(",")
        if not bare or bare in ("[", "]") or bare.startswith(("#", "//")):
            continue
        try:
            value = json.loads(bare)
        except (ValueError, RecursionError) as wrong:
            broken.append((number, str(wrong).partition(": line")[0]))
            continue
        records = value if isinstance(value, list) else [value]
        for record in records:
            if isinstance(record, dict):
                tasks.append(_task(record, number))
            else:
                broken.append((number, f"a {type(record).__name__} where a record should be"))
    return Queue(path, tuple(tasks), tuple(broken))


def _task(record: Mapping[str, Any], line: int) -> Task:
    name, owner = take(record, "id", "task_id", "wbs_id"), take(record, *_OWNER)
    needs = take(record, "dependencies", "deps", "depends_on", "needs", "blocked_by")
    criteria = take(record, "exit_criteria", "acceptance_criteria", "acceptance", "done_when")
    status = text_of(record, "status", "state").lower().replace("-", "_").replace(" ", "_")
    has = {"id": name, "owner": owner, "title": take(record, "title", "name", "summary"), "status": status}
    return Task(
        id=text_of(record, "id", "task_id", "wbs_id"),
        owner=agent(text_of(record, *_OWNER)),
        title=text_of(record, "title", "name", "summary"),
        status=STATUSES.get(status, status),
        needs=texts(needs.value) if needs else (),
        criteria=texts(criteria.value) if criteria else (),
        notes=text_of(record, "notes", "note", "comment", "log", "updates"),
        line=line,
        missing=tuple(field for field, value in has.items() if not value),
        assumed=tuple(field.alias for field in (name, owner, needs, criteria) if field and field.alias),
    )
