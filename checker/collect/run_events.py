"""The only place that reads the events of a driven history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from checker.model.migration_run import (
    Default,
    Difference,
    MigrationRun,
    OldStatement,
    RowChange,
    RunFailure,
    RunStatement,
    RunStep,
)
from checker.model.migrations import Tree
from checker.probe.alembic import Heard

Event = Mapping[str, Any]
_NEXT = "Alembic's own commands, run by hand, show whether its env.py needs another's: settings go to checker.toml, [app] env"
TO_INSTALL = ", or add --install"  # the end of a way to mend
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


def run_of(tree: Tree, engine: str, version: str, heard: Heard) -> MigrationRun:
    """What was heard, as facts. `blocked` where the history could not be run, with the reason, or what was heard is no word
    of the driver's: the process that runs the project's code could have written it."""
    try:
        run = _run(tree, engine, version, heard)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as wrong:
        return MigrationRun(tree, engine, version, blocked=f"what the driver said cannot be read: {wrong!r}"[:200])
    return run if run.blocked else replace(run, blocked=_silent(run, heard))


def _silent(run: MigrationRun, heard: Heard) -> str:
    """Why the run says less than it should: migrations that neither went up nor failed, or that nobody read before."""
    if run.failures or run.before_first:
        return ""
    hello = next(iter(heard.of("hello")), None)
    walked = {str(one): str(path) for one, path in hello["revisions"]} if hello else {}
    strange = [path for one, path in walked.items() if run.tree.revisions and one not in run.tree.by_id]
    if strange:
        return f"Alembic runs {strange[0]}, which cannot be read from its source"
    left = [one.name for one in run.tree.revisions if not run.went(one.id, "up")]
    if left:
        return f"{left[0]} neither went up nor failed ({len(left)} of {len(run.tree.revisions)} such): the run ended before it"
    return ""


def _run(tree: Tree, engine: str, version: str, heard: Heard) -> MigrationRun:
    head = next((one for one in heard.of("head") if one.get("picture")), None)
    base = next(iter(heard.of("base")), None)
    models = next(iter(heard.of("models")), None)
    start = heard.of("start")
    return MigrationRun(
        tree=tree,
        engine=engine,
        version=version,
        failures=tuple(_failure(one) for one in heard.of("failed")),
        steps=tuple(_step(one) for one in heard.of("step")),
        compared=tuple(
            (one["revision"], one["what"], _differences(one["differences"])) for one in heard.of("compared")
        ),
        row_changes=tuple(change for one in heard.of("rows") for change in _row_changes(one)),
        seeded=tuple((one["revision"], one["data"], tuple(one["tables"])) for one in heard.of("seeded")),
        not_seeded=tuple(
            (one["revision"], table, why) for one in heard.of("not_seeded") for table, why in one["tables"]
        ),
        base_left=_differences(base["differences"]) if base else None,
        before_first=tuple(start[0]["tables"] or start[0]["heads"]) if start else (),
        head=head["picture"] if head else None,
        models=models["picture"] if models else None,
        models_failed=next((str(one["error"]["text"]) for one in heard.of("models_failed")), ""),
        filtered=bool(models and models.get("filtered")),
        left_out=frozenset((kind, name) for kind, name in (models or {}).get("left_out") or ()),
        defaults=tuple(
            Default(column, want, have, bool(sure)) for column, want, have, sure in (models or {}).get("defaults") or ()
        ),
        declared=int(head.get("models") or 0) if head else 0,
        blocked=_blocked(heard),
        notes=tuple(_notes(heard)),
        wanted=_wanted(heard),
        refused=tuple(
            OldStatement(
                one["revision"], broken["table"], broken["verb"], broken["sql"], " ".join(broken["why"].split())
            )
            for one in heard.of("old_code")
            for broken in one["refused"]
        ),
        spoken=tuple((one["revision"], int(one["said"])) for one in heard.of("old_code")),
        verified=tuple(
            (one["revision"], one["query"], bool(one["held"]), str(one["said"])) for one in heard.of("verified")
        ),
        behind=tuple((one["table"], one["column"], int(one["most"]), int(one["last"])) for one in heard.of("behind")),
    )


def _blocked(heard: Heard) -> str:
    """Why the history could not be run at all, or not to its end; the empty string when nothing stood in the way."""
    refused = next((str(one["why"]) for one in heard.of("refused")), "")
    if refused:
        return f"env.py {refused}"
    broke = next(iter(heard.of("broke")), None)
    if broke:
        return _why(broke)
    before = next((one for one in heard.of("failed") if one["revision"] is None), None)
    if before:
        return _why(before)
    if heard.of("out_of_time") or heard.timed_out:
        at = next(
            (f" at {one['revision']} {one['direction']}" for one in reversed(heard.of("begin"))),
            " before the first migration",
        )
        return f"not finished within the time{at}; a profile with more time may be (--profile gate, nightly)"
    if not heard.of("bye"):
        last = heard.stderr.strip().splitlines()[-1:] or ["no word"]
        return f"the interpreter ended early: {last[0][:200]}"
    lacking = next((one for one in heard.of("failed") if _failure(one).environmental), None)
    outside = (
        "; the throw-away server starts no program and writes no file" if lacking and _failure(lacking).outside else ""
    )
    return _why(lacking) + outside if lacking else ""


def _why(event: Event) -> str:
    error = event["error"]
    kind, names = event.get("missing") or ("", None)
    if kind == "module":
        return (
            f"the project's interpreter has no module {names!r}; install its requirements, set [app] python{TO_INSTALL}"
        )
    if kind == "settings":
        return f"settings are missing: {', '.join(names or ())}; set them in checker.toml: [app] env"
    said = str(error["text"]).splitlines()[0][:300] if error["text"] else ""
    return f"{error['type']}: {said}; {_NEXT}"


def _notes(heard: Heard) -> Iterable[str]:
    for one in heard.of("note"):
        yield str(one["text"])
    if heard.invented:
        yield f"settings made up to start env.py: {', '.join(heard.invented)}"
    if not heard.network_closed:
        yield "the network could not be closed around the migrations (no namespaces here); connections were refused inside"


def _wanted(heard: Heard) -> tuple[str, ...]:
    hosts = {str(one["wanted"].get("host", "")) for one in heard.of("redirect")}
    return tuple(sorted(host for host in hosts if host not in _LOCAL and not host.startswith("/")))


def _failure(event: Event) -> RunFailure:
    error = event["error"]
    statements = event.get("statements") or ()
    unfinished = [one for one in statements if not one.get("done")]
    return RunFailure(
        revision=event["revision"],
        direction=event["direction"],
        data=event["data"],
        kind=error["type"],
        text=" ".join(str(error["text"]).split()),
        code=error.get("code"),
        line=error.get("line"),
        statement=str(unfinished[-1]["sql"]) if unfinished else "",
    )


def _step(event: Event) -> RunStep:
    statements = tuple(_statement(one) for one in event["statements"])
    return RunStep(event["revision"], event["direction"], event["data"], statements, int(event["count"]))


def _statement(one: Event) -> RunStatement:
    return RunStatement(
        sql=one["sql"],
        line=one.get("line"),
        done=bool(one.get("done")),
        rows=one.get("rows"),
        locks=tuple((table, mode) for table, mode in one.get("locks") or ()),
        held=tuple(one.get("held") or ()),
        rewritten=tuple(one.get("rewritten") or ()),
        scanned=tuple(one.get("scanned") or ()),
        lock_timeout=str((one.get("timeouts") or [""])[0]),
        kept=tuple((table, mode) for table, mode in one.get("kept") or ()),
        wrote=tuple((table, int(count)) for table, count in one.get("wrote") or ()),
        transaction=str(one.get("transaction") or ""),
    )


def _differences(found: Iterable[Event]) -> tuple[Difference, ...]:
    return tuple(Difference(one["kind"], one["name"], one["change"], one["before"], one["after"]) for one in found)


def _row_changes(event: Event) -> Iterable[RowChange]:
    for one in event["changes"]:
        yield RowChange(
            revision=event["revision"],
            direction=event["direction"],
            data=event["data"],
            table=one["table"],
            column=one["column"],
            gone=bool(one.get("gone")),
            before=one["before"],
            after=None if one["after"] is None else str(one["after"]),
            rows=int(one["rows"]),
        )
