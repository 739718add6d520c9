"""The only place that says which steps run on which database, and what is compared after each."""

from __future__ import annotations

import functools
import json
import re
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from . import mysql, old_code, promised, rows, snapshot
from .declare import compare
from .order import other_order
from .session import Failed, Session, Step, Unsupported, ask, error, missing
from .speak import Speaker
from .watch import Watch

NOT_TOGETHER = re.compile(r"(?i)\badd\s+value\b|^\s*(?:insert|update|delete|with)\b|\bdeferr")
NewDatabase = Callable[..., str]


class Masked(RuntimeError):
    """The project fills or stamps the database by itself, so that its migrations would not run."""


class OutOfTime(BaseException):
    """The time that was given is over."""


class Passes:
    """All that is run over one history."""

    def __init__(self, session: Session, say: Speaker, new_database: NewDatabase, asked: Dict[str, Any]) -> None:
        self._session = session
        self._say = say
        self._new = new_database
        self._engine = str(asked["engine"])
        self._postgresql = self._engine == "postgresql"
        self._camera = snapshot.Camera(str(asked["folder"]))
        self._deadline = time.monotonic() + float(asked["seconds"])
        wanted = asked.get("traced")
        self._scripts: List[Any] = list(reversed(list(session.scripts.walk_revisions())))
        self._traced = {one.revision for one in self._scripts if wanted is None or one.revision in wanted}
        self._old: Optional[Dict[str, List[str]]] = asked.get("old")
        self._verified: Dict[str, List[str]] = asked.get("verify") or {}
        self._watch: Optional[Watch] = None
        self._pictures: Dict[str, str] = {}  # revision -> the schema that it leads to
        self._before: Dict[str, str] = {}  # revision -> the schema that it starts from
        self._destination = "head"
        self._at_head = ""  # the database that the chain has brought to head
        self._known_down_failures: List[str] = []
        self._together = False  # whether a statement may be refused while another migration's are not committed

    def run(self) -> None:
        if not self._scripts:
            self._look_at_nothing()
            return
        if not self._chain():
            return
        self._drain()
        self._reordered()
        if self._together:
            self._as_one()
        if self._postgresql:
            for kind in ("benign", "adversarial"):
                self._with_rows(kind)
            self._models()

    def _picture(self, step: Step) -> str:
        step.settle()
        if self._postgresql:
            return self._camera.picture(self._session.database, self._session.version_table)
        look = mysql.picture if self._engine == "mysql" else snapshot.of_sqlite
        found = look(step.ask, self._session.version_table)
        step.settle()
        return found

    def _watching(self) -> Watch:
        if self._watch is None:
            self._watch = Watch(ask, self._postgresql)
        return self._watch

    def _step(self, step: Step, script: Any, direction: str, data: str) -> Iterator[Any]:
        """One step, said before and after; a failing one leaves the statements to whoever reports the failure."""
        if time.monotonic() > self._deadline:
            raise OutOfTime
        watch = self._watching()
        self._say("begin", revision=script.revision, direction=direction, data=data)
        made = {"up": step.up, "down": step.down, "again": step.again}[direction](script)
        watch.begin(script.path, step.connection, script.revision in self._traced and direction == "up")
        yield watch.around(made, step.connection)
        said = watch.end()
        self._together = self._together or any(NOT_TOGETHER.search(one["sql"]) for one in said)
        self._say("step", revision=script.revision, direction=direction, data=data, statements=said, count=watch.count)
        step.settle()

    def _look_at_nothing(self) -> None:
        def work(step: Step) -> Iterator[Any]:
            found = json.loads(self._picture(step))
            self._say("start", tables=[one["name"] for one in found["table"] or ()], heads=[])
            return iter(())

        self._attempt(self._new(), work)

    def _attempt(self, database: str, work: Callable[[Step], Iterator[Any]]) -> Optional[Failed]:
        try:
            ran = self._session.run(database, work, self._destination)
        except Failed as failed:
            if isinstance(failed.raised, OutOfTime):
                raise OutOfTime from None
            return failed
        if not ran:
            return Failed(None, Unsupported("env.py ended without running the migrations"))
        return None

    def _report(self, failed: Failed, data: str) -> None:
        watch = self._watching()
        statements = watch.end()
        revision, direction = failed.step or (None, None)
        script = next((one for one in self._scripts if one.revision == revision), None)
        said = error(failed.raised, script.path if script else None)
        if said["line"] is None and statements and not statements[-1]["done"]:
            said["line"] = statements[-1]["line"]
        lacks = missing(failed.raised)
        self._say(
            "failed",
            revision=revision,
            direction=direction,
            data=data,
            error=said,
            missing=lacks,
            statements=statements,
        )

    # --- up, down, up on an empty database ---

    def _chain(self) -> bool:
        """Whether the whole history went up."""
        database = self._new()
        left = list(self._scripts)
        first = True
        while left:
            failed = self._attempt(database, functools.partial(self._walk, left=left, first=first))
            first = False
            if failed is None:
                self._at_head = database
                return True
            if isinstance(failed.raised, Masked) and self._destination == "head":
                self._destination, first, database = self._scripts[-1].revision, True, self._new()
                continue
            self._report(failed, "empty")
            if failed.step is None or failed.step[1] == "up":
                return False
            self._known_down_failures.append(failed.step[0])
            at = next(index for index, one in enumerate(self._scripts) if one.revision == failed.step[0])
            left[:] = self._scripts[at + 1 :]
            database = self._straight_to(at)
        return True

    def _walk(self, step: Step, left: List[Any], first: bool) -> Iterator[Any]:
        before = self._picture(step)
        if first:
            found = json.loads(before)
            names = ["%s %s" % (kind, one["name"]) for kind in ("table", "type") for one in found.get(kind) or ()]
            heads = list(step.context.get_current_heads())
            self._say("start", tables=names, heads=heads)
            if names or heads:
                raise Masked("env.py makes %s before any migration ran" % ", ".join(names or heads)[:200])
            self._blank = before
        while left:
            script = left[0]
            self._before[script.revision] = before
            yield from self._step(step, script, "up", "empty")
            after = self._pictures[script.revision] = self._picture(step)
            yield from self._step(step, script, "down", "empty")
            restored = self._picture(step)
            self._say(
                "compared", revision=script.revision, what="down", differences=snapshot.differences(before, restored)
            )
            yield from self._step(step, script, "again", "empty")
            once_more = self._picture(step)
            self._say(
                "compared", revision=script.revision, what="again", differences=snapshot.differences(after, once_more)
            )
            before = once_more
            left.pop(0)
        if self._postgresql:
            promised.counters(step, self._say)

    def _straight_to(self, last: int) -> str:
        """A fresh database, upgraded through the script at that index without looking."""
        database = self._new()
        failed = self._attempt(database, functools.partial(_straight, scripts=self._scripts[: last + 1]))
        if failed is not None:
            self._report(failed, "empty")
            raise failed
        return database

    def _drain(self) -> None:
        """From head to base: nothing may be left."""
        if self._known_down_failures:
            return

        def work(step: Step) -> Iterator[Any]:
            for script in reversed(self._scripts):
                yield step.down(script)
            step.settle()
            self._say("base", differences=snapshot.differences(self._blank, self._picture(step)))

        failed = self._attempt(self._at_head, work)
        if failed is not None:
            self._report(failed, "drain")

    def _reordered(self) -> None:
        """A history with branches, up in another order that its revisions allow."""
        order = other_order(self._scripts)
        if order is not None:
            failed = self._attempt(self._new(), functools.partial(_straight, scripts=order))
            if failed is not None:
                self._report(failed, "reordered")

    def _as_one(self) -> None:
        """All in one transaction, where env.py has it so: what one migration may use only when another is committed."""
        raised = self._session.upgrade(self._new()) if self._session.one_transaction and self._postgresql else None
        if raised is not None:
            said = [(one, error(raised, one.path)) for one in self._scripts]
            script, told = next(((one, text) for one, text in said if text["line"]), (self._scripts[-1], said[-1][1]))
            self._say(
                "failed",
                revision=script.revision,
                direction="up",
                data="together",
                error=told,
                missing=("", None),
                statements=[],
            )

    # --- the same with rows in it ---

    def _with_rows(self, kind: str) -> None:
        at = 0
        wanted = [index for index, one in enumerate(self._scripts) if one.revision in self._traced]
        if not wanted:
            return
        database = self._new()
        begun = 0
        while begun < len(self._scripts):
            state = {"at": begun}
            failed = self._attempt(database, functools.partial(self._walk_rows, state=state, kind=kind))
            if failed is None:
                return
            self._report(failed, kind)
            at = state["at"]
            if at >= len(self._scripts) - 1 or at >= wanted[-1]:
                return
            database = self._straight_to(at)
            begun = at + 1

    def _walk_rows(self, step: Step, state: Dict[str, int], kind: str) -> Iterator[Any]:
        ours: List[str] = []
        for at in range(state["at"], len(self._scripts)):
            state["at"] = at
            script = self._scripts[at]
            if script.revision not in self._traced or script.revision not in self._before:
                yield step.up(script)
                continue
            now, after = rows.Schema(self._before[script.revision]), rows.Schema(self._pictures[script.revision])
            ours = self._seeded(step, now, after, kind, script, ours)
            was = rows.digests(step.ask, now)
            looks = kind == "benign" and self._old is not None
            said = old_code.spoken(step.attempt, now, after, self._old or {}) if looks else []
            yield from self._step(step, script, "up", kind)
            if said:
                broken = old_code.refused(step.attempt, said)
                self._say("old_code", revision=script.revision, refused=broken, said=len(said))
                step.settle()
            changed = rows.changes(was, rows.digests(step.ask, after), ours)
            self._say("rows", revision=script.revision, direction="up", data=kind, changes=changed)
            step.settle()
            if kind == "benign":
                promised.verify(step, self._say, script.revision, self._verified.get(script.revision, ()))
            if script.revision in self._known_down_failures:
                continue
            yield from self._step(step, script, "down", kind)
            changed = rows.changes(was, rows.digests(step.ask, rows.Schema(self._picture(step))), ours)
            self._say("rows", revision=script.revision, direction="down", data=kind, changes=changed)
            yield from self._step(step, script, "again", kind)

    def _seeded(
        self, step: Step, now: rows.Schema, after: rows.Schema, kind: str, script: Any, ours: List[str]
    ) -> List[str]:
        """Take the rows of the step before away, and put rows for this one in."""
        step.settle()
        mine = [rows.quoted(table) for table in ours if table in now.columns]
        if mine:
            step.do("truncate %s cascade" % ", ".join(mine))
        filled, refused = rows.seed(step.ask, step.do, now, after, kind)
        step.commit()
        if refused:
            self._say("not_seeded", revision=script.revision, data=kind, tables=refused)
        self._say("seeded", revision=script.revision, data=kind, tables=filled, rows=rows.ROWS)
        return filled

    # --- what the code declares ---

    def _models(self) -> None:
        """The schema that the models declare, beside the one that the migrations lead to."""
        head = self._pictures.get(self._scripts[-1].revision)
        if head is None:
            return
        metadata = self._session.metadata
        several = [one for one in (metadata if isinstance(metadata, (list, tuple)) else [metadata]) if one is not None]
        tables = sum(len(one.tables) for one in several)
        migrated = json.loads(head)
        self._say("head", picture=migrated, models=tables, version_table=self._session.version_table)
        if not tables:
            return

        def work(step: Step) -> Iterator[Any]:
            compare(step, self._say, several, migrated, functools.partial(self._picture, step), self._session.filters)
            return iter(())

        failed = self._attempt(self._new(beside=True), work)
        if failed is not None:
            self._say("models_failed", error=error(failed.raised, None))


def _straight(step: Step, scripts: List[Any]) -> Iterator[Any]:
    for script in scripts:
        step.settle()
        yield step.up(script)


def ends(scripts: Any) -> Tuple[List[str], List[str]]:
    """Heads and bases of the graph."""
    return list(scripts.get_heads()), list(scripts.get_bases())
