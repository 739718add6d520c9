"""The backend developer's hand-off: whole, adding up, and of one mind with itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.checks.outputs.owned_up import left_out, owned_up
from checker.model.base import Frozen
from checker.model.observation import Observation, Place, Pointer
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, TreePaths
from checker.model.outputs.fields import Field, agent, is_blank, key, percent, take, text_of, texts, whole
from checker.model.outputs.results import ended
from checker.model.unavailable import Unavailable

_STATUSES = ("complete", "completed", "done", "blocked", "partial", "escalated", "in_progress", "failed")
_FILE = re.compile(r"`([\w./@-]+/[\w.@-]+\.\w{1,6})`")
_BAD_TALLY = re.compile(r"(?i)\b[1-9]\d* (?:failed|failing|failures?|errors?)\b")
Wrong = tuple[str, Pointer]


class Next(Frozen):
    """`agent`: who hands over; `next_agent`: to whom; an empty text lets any name stand."""

    agent: str = "Backend Developer"
    next_agent: str = "QA Engineer"


class Floor(Frozen):
    """`above`: the coverage in percent that a hand-off must be above, strictly."""

    above: float = 80.0


def handoff_shape(artefacts: Artefacts, params: Next) -> Iterator[Observation]:
    """The hand-off is there, with every field that its format shows, of the right type."""
    files = list(artefacts.of(Kind.HANDOFF))
    if not files:
        message, evidence = "no hand-off JSON was left", "looked through every JSON, YAML and Markdown file"
        yield Observation("hand-off", False, Place("."), message, evidence)
    for file in files:
        if file.broken:
            yield Observation("hand-off", False, file.at(), f"{file.path} is no hand-off: {file.broken}", file.said(""))
            continue
        wrong = dict(_shape(file.value, params))
        for name in ("handoff", "deliverables", "verification", "self_healing_log", "api", "next_agent"):
            pointer = wrong[name][1] if name in wrong else ()
            problem = wrong[name][0] if name in wrong else ""
            message = f"{file.path} {problem}"
            yield Observation(name, not problem, file.at(*pointer), message, file.said(_shown(file.value, name)))


def _shape(value: Any, params: Next) -> Iterator[tuple[str, Wrong]]:
    """What is wrong, by the field at the top that it lies in."""
    head = take(value, "handoff")
    if head is None or not isinstance(head.value, Mapping):
        yield "handoff", ("has no 'handoff' with agent, status and phase", ())
    elif lacks := [name for name in ("agent", "status", "phase") if is_blank(text_of(head.value, name))]:
        yield "handoff", (f"names no {' and no '.join(lacks)} in its 'handoff'", (head.name,))
    elif text_of(head.value, "status").lower().replace(" ", "_") not in _STATUSES:
        yield "handoff", (f"has the unknown status {text_of(head.value, 'status')!r}", (head.name, "status"))
    elif params.agent and agent(params.agent) not in agent(text_of(head.value, "agent")):
        yield "handoff", (f"is of {text_of(head.value, 'agent')!r}, not of {params.agent}", (head.name, "agent"))
    yield from _deliverables(take(value, "deliverables"))
    checks = take(value, "verification")
    if checks is None or not isinstance(checks.value, Mapping):
        yield "verification", ("has no 'verification'", ())
    elif not isinstance(passed := _value(checks.value, "all_passed"), bool):
        yield "verification", (f"has all_passed {passed!r}, not true or false", (checks.name,))
    elif lacks := [name for name in ("build", "test", "lint") if whole(_value(checks.value, name, f"{name}s")) is None]:
        yield "verification", (f"gives no exit code of {', '.join(lacks)}", (checks.name,))
    log = take(value, "self_healing_log", "self_healing")
    if log is None or not isinstance(_value(log.value, "attempts"), list):
        yield "self_healing_log", ("has no 'self_healing_log' with attempts", (log.name,) if log else ())
    api = take(value, "api")
    if api is None or is_blank(text_of(api.value, "base_url")) or is_blank(text_of(api.value, "auth_method", "auth")):
        yield "api", ("has no 'api' with base_url and auth_method", (api.name,) if api else ())
    following = take(value, "next_agent")
    if following is None or is_blank(following.value):
        yield "next_agent", ("names no next agent", ())
    elif params.next_agent and agent(params.next_agent) not in agent(str(following.value)):
        yield "next_agent", (f"hands over to {following.value!r}, not to {params.next_agent}", (following.name,))


def _deliverables(done: Field | None) -> Iterator[tuple[str, Wrong]]:
    if done is None or not isinstance(done.value, Mapping):
        yield "deliverables", ("has no 'deliverables'", ())
        return
    endpoints, database = take(done.value, "endpoints"), take(done.value, "database")
    if endpoints is None or whole(_value(endpoints.value, "total")) is None:
        yield "deliverables", ("gives no total of endpoints as a number", (done.name,))
    elif database is None or None in (whole(_value(database.value, name)) for name in ("tables", "migrations")):
        yield "deliverables", ("gives no numbers of tables and migrations", (done.name,))
    elif percent(_value(done.value, "test_coverage", "coverage")) is None:
        yield "deliverables", ("gives no test_coverage in percent", (done.name,))


def handoff_arithmetic(artefacts: Artefacts) -> Iterator[Observation]:
    """The parts of the endpoints add up to their total, and no count is negative."""
    for file in artefacts.of(Kind.HANDOFF):
        done = take(file.value, "deliverables")
        endpoints = take(done.value, "endpoints") if done else None
        if done is None or endpoints is None or not isinstance(endpoints.value, Mapping):
            continue
        counts = {name: whole(value) for name, value in endpoints.value.items()}
        total = counts.pop("total", None)
        parts = {name: count for name, count in counts.items() if count is not None}
        if total is None:
            continue
        summed = sum(parts.values())
        bad = (bool(parts) and summed != total) or min((total, *parts.values())) < 0
        yield Observation(
            subject="endpoints",
            ok=not bad,
            place=file.at(done.name, endpoints.name),
            message=f"{file.path} counts {total} endpoints in all and {summed} in its parts",
            evidence=file.said(", ".join(f"{name} {count}" for name, count in parts.items())),
        )


def handoff_verification(artefacts: Artefacts) -> Iterator[Observation]:
    """`all_passed` is true exactly when every check ran and passed, and a hand-off that failed is not called complete."""
    for file in artefacts.of(Kind.HANDOFF):
        checks, head = take(file.value, "verification"), take(file.value, "handoff")
        if checks is None or not isinstance(checks.value, Mapping):
            continue
        told = {name: _code(said) for name, said in checks.value.items() if key(str(name)) != "all_passed"}
        codes = {name: code for name, code in told.items() if code is not None}
        passed, green = _value(checks.value, "all_passed"), not any(codes.values())
        status = text_of(head.value, "status").lower() if head else ""
        against = [*left_out(checks.value), *owned_up(file.value)]
        problem = ""
        if isinstance(passed, bool) and codes and passed != green and (passed or not against):
            problem = f"says all_passed {str(passed).lower()} beside these exit codes"
        elif status.startswith(("complete", "done")) and (passed is False or not green):
            problem = f"is called {status} with a verification that failed"
        elif passed is True and against:
            problem = f"says all_passed true beside {against[0]!r}"
        yield Observation(
            subject="verification",
            ok=not problem,
            place=file.at(checks.name),
            message=f"{file.path} {problem}",
            evidence=file.said(", ".join((*(f"{name} {code}" for name, code in codes.items()), *against[:3]))),
        )


def _code(said: Any) -> int | None:
    """A result as an exit code, however it is given: a number, true or false, a word, or a mapping that holds one of them."""
    if isinstance(said, Mapping):
        return _code(_value(said, "return_code", "exit_code", "code", "status", "result", "passed"))
    if isinstance(said, bool):
        return int(not said)
    if (number := whole(said)) is not None or not isinstance(said, str):
        return number
    return 1 if _BAD_TALLY.search(said) else {"green": 0, "red": 1}.get(ended(said))


def handoff_coverage(artefacts: Artefacts, params: Floor) -> Iterator[Observation]:
    """The coverage that the hand-off gives is above the floor."""
    for file in artefacts.of(Kind.HANDOFF):
        done = take(file.value, "deliverables")
        coverage = take(done.value, "test_coverage", "coverage") if done else None
        number = percent(coverage.value) if coverage else None
        if done and coverage and number is not None:
            yield Observation(
                subject="coverage",
                ok=number > params.above,
                place=file.at(done.name, coverage.name),
                message=f"{file.path} hands over a coverage of {coverage.value}, which is not above {params.above:g}%",
                evidence=file.said(f"test_coverage {coverage.value!r}"),
            )


def named_files(artefacts: Artefacts, tree: TreePaths | Unavailable) -> Iterator[Observation]:
    """Every file that a hand-off or a checkpoint says was made is in the tree."""
    if not isinstance(tree, TreePaths):
        raise tree
    for file in artefacts.of(Kind.HANDOFF, Kind.CHECKPOINT):
        for path, place in _named(file):
            yield Observation(
                subject=f"file {path}",
                ok=tree.has(path),
                place=place,
                message=f"{file.path} names {path}, which is not in the tree",
                evidence=file.said(path),
            )


def _named(file: Artefact) -> Iterator[tuple[str, Place]]:
    done = take(file.value, "deliverables")
    for holder, at in ((file.value, ()), (done.value if done else None, ("deliverables",))):
        listed = take(holder, "files", "files_created", "files_changed", "created_files")
        if listed is not None:
            yield from ((path, file.at(*at, listed.name)) for path in texts(listed.value) if "/" in path)
    for section in file.sections:
        if re.search(r"(?i)files? (?:created|changed|modified|added)", section.title):
            for offset, line in enumerate(section.body.split("\n"), 1):
                number = section.line + offset
                yield from ((path, file.lines(number)) for path in _FILE.findall(line))


def _value(value: Any, *names: str) -> Any:
    found = take(value, *names)
    return found.value if found else None


def _shown(value: Any, name: str) -> str:
    found = take(value, name)
    return f"{name}: {str(found.value)[:160]}" if found else f"no field {name!r}"
