"""The only place that finds commands in records of runs, with what they returned, and tells what they do to the world."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

import tomli

from checker import resources
from checker.collect.files import Root, Unreadable
from checker.collect.outputs.evidence import named_as_evidence
from checker.collect.outputs.text import readable
from checker.model.observation import Place
from checker.model.outputs import headings
from checker.model.outputs.artefact import Artefacts, Kind
from checker.model.outputs.fields import take, text_of, whole
from checker.model.outputs.runs import Packs, RunReports
from checker.model.outputs.session import Act, Acts, RecordedRuns, Run, Sessions
from checker.model.repo import Inventory, Role
from checker.model.unavailable import Unavailable

LARGEST_LOG = 16 * 1024 * 1024  # bytes
_PROMPT = re.compile(r"^\s*(?:\$|>|\+|❯|#>|[\w.@~:/-]+[$#])\s+((?:[A-Z_]+=\S* )*[a-z][\w./-]*(?:\s.*)?)$")
_NAMED = re.compile(r'(?i)^\W*(?:command|cmd|run|running|executing)"?\s*[:=]\s*"?`?(.+?)`?"?,?\s*$')
_CODE = re.compile(
    r"(?i)\bexit(?:ed)?(?:[\s_-](?:with[\s_-])?(?:code|status))?\"?\s*[:=]?\s*(-?\d{1,3})\b|\breturn(?:ed)?[\s_-]?code\"?\s*[:=]?\s*(-?\d{1,3})\b"
    r"|\bprocess exited with code (\d{1,3})\b|\brc=(\d{1,3})\b"
)
_MARKS = (
    "$ ",
    "> ",
    "+ ",
    "❯",
    "ommand",
    "cmd",
    "unning",
    "xecuting",
    "checks passed",
    "no issues",
    "Found ",
    "✖",
    "No new upgrade",
    "*** [",
    "Required test coverage",
)
_CLOSING = (
    (re.compile(r"^All checks passed!\s*$"), "ruff check", 0),
    (re.compile(r"^Success: no issues found in \d+ source files?"), "mypy", 0),
    (re.compile(r"^Found [1-9]\d* errors? in \d+ files?"), "mypy", 1),
    (re.compile(r"^Found [1-9]\d* errors?\.\s*$"), "ruff check", 1),
    (re.compile(r"^✖ [1-9]\d* problems? \([1-9]\d* errors?"), "eslint", 1),
    (re.compile(r"^No new upgrade operations detected"), "alembic check", 0),
)
_RED_TAIL = (  # by which a run ends red though its tests are green, and what takes it back further down
    (r"^make(?:\[\d+\])?: \*\*\* \[[^\n]*\btests?\b[^\n]*\] Error [1-9]", r"\b\d+ passed\b"),
    (r"^(?:FAIL|ERROR:?) ?Required test coverage of [^\n]* not reached", r"^Required test coverage of [^\n]* reached"),
)
TESTED = "tests"  # the command of a log that tells by its end alone that tests ended red
TOOLS = frozenset(tool for _, tool, _ in _CLOSING) | {TESTED}
_SPAN = re.compile(r"`([^`\n]{4,200})`")
_NOT_RUN = re.compile(
    r"(?i)\bnot\b|\bnever\b|\bwithout\b|\bwould\b|\bto be\b|\bplan"
    r"|\brunbook|\broll ?back\b|\bafter (?:the )?merge|\binstruction|\bhow to\b|\bwill\b"
    r"|\bthen run\b|\bplease run\b|\bdo not\b|\bdon't\b|\bto deploy\b|\bto apply\b"
    r"|\bneeds?\b|\bshould\b|\bcan\b|\bonce\b|\bwhen\b|\bnext\b"
)


_PARTS, _COMMENT = re.compile(r"&&|\|\||;|\n"), re.compile(r"(?m)\s#\s.*$")
_TOOLS = (
    r"\b(git|kubectl|helm|alembic|terraform|docker|npm|pnpm|yarn|gh|glab|prisma|pulumi"
    r"|fly|flyctl|heroku|flyway|argocd|aws|gcloud)"
)
_OPTIONS = (  # git --no-pager -C api push, kubectl -n prod apply, alembic -c x.ini upgrade
    re.compile(rf"{_TOOLS}(?: --[\w-]+(?:=\S+)?| -\w(?:=| )?[^\s-]\S*)+ "),
    re.compile(rf"{_TOOLS}(?: -{{1,2}}[\w-]+[= ][^\s-]\S*)+ "),
    re.compile(rf"{_TOOLS}(?: -{{1,2}}[\w-]+(?:=\S+)?)+ "),
)


_Steps = tuple[re.Pattern[str], ...]


@cache
def _kinds() -> dict[str, tuple[_Steps, ...]]:
    """Each kind's expressions, in the parts that follow one another; all that are of one part stand together."""
    table = tomli.loads(resources.text("rules", "commands.toml"))
    found: dict[str, tuple[_Steps, ...]] = {}
    for kind, patterns in table.items():
        apart = [pattern.split(".*") for pattern in patterns]
        whole = "|".join(parts[0] for parts in apart if len(parts) == 1)
        told = [[whole], *(parts for parts in apart if len(parts) > 1)] if whole else apart
        found[kind] = tuple(tuple(re.compile(part, re.IGNORECASE | re.DOTALL) for part in parts) for parts in told)
    return found


def _is(kind: str, command: str) -> bool:
    return any(_follow(steps, command) for steps in _kinds()[kind])


def _follow(steps: _Steps, command: str) -> bool:
    """Whether the parts of an expression stand one behind the other; each is looked for once, whatever the length."""
    at = 0
    for step in steps:
        found = step.search(command, at)
        if found is None:
            return False
        at = found.end()
    return True


def acts_of(command: str) -> tuple[str, ...]:
    """What a command does to the world, in the words of `rules/commands.toml`; nothing where it is harmless."""
    parts = [part for part in _PARTS.split(_COMMENT.sub("", command)) if part.strip()]
    kept = [part for part in parts if not _is("harmless", part)]
    if not kept:
        return ()
    # what is between quotes may hold the marks that part commands, so that a command is only taken apart where it must be
    spelt = _spelt(command if len(kept) == len(parts) else " && ".join(kept))
    return tuple(kind for kind in _kinds() if kind != "harmless" and any(_is(kind, one) for one in spelt))


def _spelt(command: str) -> tuple[str, ...]:
    """A command as it stands, without the options before its verb, and with the words of a call out of a program in a row."""
    ways = [command, *(pattern.sub(r"\1 ", command) for pattern in _OPTIONS)]
    if "subprocess" in command or "exec" in command or "spawn" in command:
        ways.append(" ".join(re.sub(r"[\"'\[\](),]+\s*", " ", command).split()))
    return tuple(dict.fromkeys(ways))


def recorded_runs(root: Root, inventory: Inventory, packs: Packs, sessions: Sessions) -> RecordedRuns:
    """The commands in logs of the tree, in logs of packs, and in session logs."""
    found: list[Run] = []
    for file in inventory.files:
        proof = ".truth/proofs/" in f"/{file.path}"
        if (
            (proof or named_as_evidence(file))
            and not file.path.endswith((".xml", ".info"))
            and file.role is not Role.VENDORED
        ):
            try:
                text, _ = readable(file.path, root.read(file.path, LARGEST_LOG))
            except (Unreadable, Unavailable):
                continue
            found.extend(in_log(file.path, text, ""))
    for pack in packs.found:
        for member in pack.members:
            if member.text and not member.name.lower().endswith((".md", ".xml", ".diff", ".patch", ".info")):
                found.extend(in_log(f"{pack.path}!{member.name}", member.text, pack.run))
    said = (one for one in sessions.entries() if one.command and not one.person)
    found.extend(Run(one.command, one.code, one.place, "session log") for one in said)
    return RecordedRuns(tuple(found))


def in_log(path: str, text: str, run: str) -> Iterator[Run]:
    """Commands after a prompt, or named as such, each with the exit code that stands before the next one."""
    if not any(mark in text for mark in _MARKS):
        return
    command, line, code = "", 1, None
    for number, said in enumerate(text.split("\n"), 1):
        if len(said) > 600:
            continue
        if said.lstrip()[:1] == "{":
            yield from _as_data(path, number, said, run)
            continue
        started = _PROMPT.match(said) or _NAMED.match(said)
        if started:
            if command:
                yield Run(command, code, Place(path, (line, line)), "log", run)
            command, line, code = started.group(1).strip(), number, None
        elif closing := next(((tool, code) for pattern, tool, code in _CLOSING if pattern.match(said)), None):
            if command and code is None and closing[0].split()[0] in command:
                code = closing[1]
            elif not command:
                yield Run(closing[0], closing[1], Place(path, (number, number)), "log", run)
        elif command and (ended := _CODE.search(said)):
            code = int(next(group for group in ended.groups() if group is not None))
    tail = _red_tail(text)
    if tail and (not command or code is None):
        command, code, line = command or TESTED, 1, tail
    if command:
        yield Run(command, code, Place(path, (line, line)), "log", run)


def _red_tail(text: str) -> int:
    """The line by which a log of tests ends red behind green tests; 0 where there is none."""
    for red, mended in _RED_TAIL:
        last = next(reversed(list(re.finditer(red, text, re.MULTILINE))), None)
        if last and not re.search(mended, text[last.end() :], re.MULTILINE):
            return text.count("\n", 0, last.start()) + 1
    return 0


def _as_data(path: str, number: int, line: str, run: str) -> Iterator[Run]:
    """A line of a log that is a JSON record of a command."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return
    command = text_of(record, "command", "cmd")
    code = take(record, "exit_code", "return_code", "returncode", "code")
    if command:
        yield Run(command, whole(code.value) if code else None, Place(path, (number, number)), "log", run)


def acts(runs: RecordedRuns, reports: RunReports, artefacts: Artefacts, sessions: Sessions) -> Acts:
    """Commands that change something outside, among all recorded and all that a report says were run."""
    found: list[Act] = []
    commands = [(one.command, one.place, one.source) for one in runs.found]
    for report in reports.current:
        commands.extend(
            _in_report(
                report.path,
                [
                    (one.line + 1, one.body)
                    for name, one in report.sections.items()
                    if name in (headings.LOG, headings.DOSSIER)
                ],
            )
        )
    for one in artefacts.of(Kind.CHECKPOINT, Kind.OUTPUT_DOCUMENT, Kind.DELIVERY):
        told = [
            section
            for section in one.sections
            if re.search(r"(?i)commands? (?:run|executed)|execution log|what i ran", section.title)
        ]
        commands.extend(_in_report(one.path, [(section.line + 1, section.body) for section in told]))
    for command, place, source in commands:
        found.extend(
            Act(kind, command, place, source, place.lines[0] if place.lines else 0) for kind in acts_of(command)
        )
    paths = dict.fromkeys(
        [place.path for _, place, _ in commands] + list(sessions.logs) + [one.path for one in reports.current]
    )
    return Acts(tuple(found), len(commands), tuple(Place(path) for path in paths))


def _in_report(path: str, bodies: list[tuple[int, str]]) -> Iterator[tuple[str, Place, str]]:
    """Commands in code of a section that tells what was done; lines that speak of plans, needs and negations are passed over."""
    for first, body in bodies:
        fenced = False
        for number, line in enumerate(body.split("\n"), first):
            if line.lstrip().startswith(("```", "~~~")):
                fenced = not fenced
                continue
            spans = (
                [line.strip().removeprefix("$ ")] if fenced or line.lstrip().startswith("$ ") else _SPAN.findall(line)
            )
            if not _NOT_RUN.search(_SPAN.sub("", line)) and not (fenced and line.lstrip().startswith("#")):
                yield from ((command, Place(path, (number, number)), "report") for command in spans if command)
