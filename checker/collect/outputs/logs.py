"""The only place that tells whether a text is the log of a build, a lint or a test run at all, and whether it ends red."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.collect.outputs.evidence import measured
from checker.collect.outputs.recorded import in_log
from checker.model.outputs.fields import is_blank
from checker.model.outputs.results import HOPED, INSTEAD
from checker.model.outputs.steps import STEPS

LONGEST = 600  # characters of a line that is looked at
KINDS = ("build", "lint", "test")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
NONE_RAN = re.compile(
    r"(?im)\bno tests ran\b|^collected 0 items|^No tests? (?:files? )?found|^Ran 0 tests\b|^[ \t]*Tests:?[ \t]+0 total|^1\.\.0\b"
    r"|^=* ?(?:\d+ (?:skipped|xfailed|deselected|warnings?),? ?)+ in [\d.]|^=* ?\d+ tests? collected in "
    r"|<testsuites?\b[^<>]*\btests=\"0\"|^\[no test files\]|\btests? run: 0\b|^ℹ tests 0$|^# tests 0$"
)
SOME_RAN = re.compile(
    r"(?im)\b[1-9]\d* (?:tests? )?(?:passed|passing|failed|failing)\b|^ok\s+\S|^Ran [1-9]\d* tests?|^(?:ℹ|#) tests [1-9]"
    r"|\btests run: [1-9]|<testcase\b"
)
_TESTED = re.compile(
    r"(?im)^(?:ok|PASS|FAIL|---? PASS)\b|\b\d+ (?:tests?|specs?|examples?|assertions?|scenarios?|passed|passing)\b|\bPASSED\b"
    r"|✓|✔|<testsuite|\btests? run: \d|\b(?:tests?|passed|failed):? +\d"
)
_LINTED = re.compile(
    r"(?i)\ball checks passed\b|\bno (?:lint(?:ing)? )?(?:issues|errors|problems|warnings|violations|offenses)\b"
    r"|\b0 (?:errors|problems|issues)\b"
    r"|\bsuccess\b|\bclean\b|\bpassed\b|\bunchanged\b|\brated at\b|✓|✔|\bno fixes\b"
)
_BUILT = re.compile(
    r"(?i)\bsuccess(?:ful(?:ly)?)?\b|\bbuilt\b|\bcompiled\b|\bbuild (?:succeeded|complete[d]?|passed|ok)\b"
    r"|\bfinished\b|✓|✔|\bnaming to \S|\bdone in [\d.]"
    r"|\bBUILD SUCCESS|\b0 errors\b|\bdist/"
)
_SIGNS = {"build": _BUILT, "lint": _LINTED, "test": _TESTED}
_EXIT = re.compile(
    r"(?i)\bexit(?:ed)?[\s_-]?(?:with[\s_-])?(?:code|status)?\"?\s*[:=]?\s*-?\d{1,3}\b|\breturn[\s_-]?code\W{0,3}\d|\brc=\d"
)
_PROMPT = re.compile(
    r"^\s*(?:(?:PS )?[A-Z]:\\[^>]{0,120}>)\s*\S|^\s*(?:\$|>|\+|❯|[\w.@~:/-]+[$#])\s+\S"
    r"|^(?:command|cmd|running)\b\W{1,3}\S",
    re.IGNORECASE,
)
_RED = re.compile(
    r"(?i)^npm (?:ERR!|error\b)|\bbuild failed\b|\bBackend (?:subprocess exited|failed)|^(?:\S+: )?error(?:\[\w+\])?:"
    r"|\berror TS\d+:"
    r"|^Found [1-9]\d* errors?\b|✖ [1-9]\d* problems? \([1-9]|\bELIFECYCLE\b|^Traceback \(most recent|^make(?:\[\d+\])?: \*\*\*"
    r"|\bcommand not found\b|\bfailed to compile\b|\bcompilation failed\b|^fatal:|^error Command failed|\bwould reformat\b"
    r"|\b[1-9]\d* errors? (?:generated|found)\b|\bfailed with [1-9]\d* errors?|\"errorCount\": ?[1-9]|\"level\": ?\"error\""
)
_TIMED_OUT = re.compile(
    r"(?im)^[^\w\n]{0,20}(?:error[^\w\n]{1,3})?(?:command |step |job |tests? |build )?timed out\b|\bkilled after \d+ ?s"
)
_FAILED = re.compile(  # of runners whose tallies nothing else reads
    r"(?im)^--- FAIL:|^FAIL(?:[ \t]|$)|^FAILURES!|\b(?:Failures|Errors): [1-9]|\bexamples?, [1-9]\d* failures?\b|\bFailed: +[1-9]"
)
_RUNS_NOTHING = re.compile(
    r"^(?:echo|printf|ls|pwd|cd|date|true|whoami|touch|export|:)(?:\s|$)|\s(?:--version|--help|--collect-only|--co|-V)(?:\s|$)"
)
_COMMAND = re.compile(r"^\s*(?:(?:PS )?[A-Z]:\\[^>]{0,120}>|\$|❯|[\w.@~:/-]+[$#])\s*(\S.*)")
_NOT_RED = re.compile(r"(?i)\b0 remaining\b|\bfixed\b")
_GREEN = re.compile(
    r"(?i)^all checks passed|^success: no issues|\bsuccessfully (?:built|compiled)|\bcompiled successfully"
    r"|\bbuild success|\bbuild succeeded|^found 0 errors"
    r"|✖ \d+ problems? \(0 errors|\b0 errors, "
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text does not show that something passed, and at which line that shows."""

    reason: str
    line: int | None = None


def kind_of(name: str) -> str:
    """Which of build, lint and test a proof type or a file's name speaks of; empty for others."""
    said = re.sub(r"[_\W]+", " ", name)
    return next((kind for kind in ("lint", "build", "test") if STEPS[kind].search(said)), "")


def fault(path: str, text: str, kind: str, *, shared: bool = False) -> Fault | None:
    """What is wrong with a text as the log of a run that passed; None where nothing is. `kind` is of KINDS, or empty.

    `shared`: it is shown for runs of other kinds too, and so must name what was run for each.
    """
    if shared and kind and not STEPS[kind].search(text):
        return Fault(f"is shown for other proofs too, and names no {kind}", 1)
    return not_green(path, text, kind) or _strange(path, text, kind)


def not_green(path: str, text: str, kind: str) -> Fault | None:
    """Why what a run printed, be it little, does not show that it passed."""
    return in_place_of_a_run(path, text) or _none_ran(text, kind) or _red(path, text, kind)


def no_log(path: str, text: str, kind: str) -> Fault | None:
    """Why a text is no log of a run: a template, words in place of a run, no test, nothing that such a run prints."""
    return in_place_of_a_run(path, text) or _none_ran(text, kind) or _strange(path, text, kind)


def in_place_of_a_run(path: str, text: str) -> Fault | None:
    """Template text, or words that say how a run would have ended."""
    if is_blank(text) or (len(text) < 5000 and all(is_blank(line) for line in text.split("\n"))):
        return Fault("says nothing but template text", 1)
    instead = INSTEAD.search(text) is not None
    if not instead and HOPED.search(text) is None:
        return None
    counted = not instead and next(iter(measured(path, text, "")), None) is not None
    for number, line in _lines(text) if not counted else ():
        if found := INSTEAD.search(line) or HOPED.search(line):
            return Fault(f"has words in place of a run ({found.group()[:60]!r})", number)
    return None


def _none_ran(text: str, kind: str) -> Fault | None:
    if kind == "test" and (none := NONE_RAN.search(text)) and not SOME_RAN.search(text):
        return Fault("tells that no test ran", text.count("\n", 0, none.start()) + 1)
    return None


def _strange(path: str, text: str, kind: str) -> Fault | None:
    commands = [found.group(1).strip() for _, line in _lines(text) if (found := _COMMAND.match(line))] if kind else []
    if commands and all(_RUNS_NOTHING.search(one) for one in commands):
        return Fault(f"shows only `{commands[0][:60]}`, which runs no {kind}", 1)
    shown = not kind or _shows(path, text, kind)
    return None if shown else Fault(f"shows neither a command, nor an exit code, nor a result of a {kind}", 1)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line and len(line) <= LONGEST:
            yield number, _ESCAPES.sub("", line) if "\x1b" in line else line


def _shows(path: str, text: str, kind: str) -> bool:
    if any(kind != "test" or one.measure == "passed" for one in measured(path, text, "")):
        return True
    if not path.lower().endswith((".md", ".markdown", ".rst")) and _SIGNS[kind].search(text):
        return True
    if kind == "lint" and path.lower().endswith((".json", ".sarif", ".xml")):
        return True
    lines = sum(1 for line in text.split("\n") if line.strip())
    if lines > 1 and _EXIT.search(text):
        return True
    return any(_PROMPT.match(line) and STEPS[kind].search(line) for _, line in _lines(text))


def _red(path: str, text: str, kind: str) -> Fault | None:
    for command, code, line in _last_codes(path, text):
        steps = STEPS.values() if not kind else [STEPS[kind], STEPS["typecheck"]]
        if code and any(step.search(command) for step in steps):
            return Fault(f"says that `{command[:60]}` exited {code}", line)
    if late := _TIMED_OUT.search(text):
        return Fault("says that it timed out", text.count("\n", 0, late.start()) + 1)
    if kind in ("", "test"):
        return _failures(path, text)
    return _errors(text)


def _last_codes(path: str, text: str) -> Iterator[tuple[str, int, int]]:
    last = {one.command: (one.code, one.place) for one in in_log(path, text, "") if one.code is not None}
    yield from ((command, code or 0, place.lines[0] if place.lines else 1) for command, (code, place) in last.items())


def _failures(path: str, text: str) -> Fault | None:
    """A tally with failures after which no tally of at least as many tests is green."""
    tallies: dict[int, dict[str, int]] = {}
    for one in measured(path, text, ""):
        if one.measure in ("passed", "failed"):
            tallies.setdefault(one.place.lines[0] if one.place.lines else 1, {})[one.measure] = int(one.value)
    runs = sorted((line, one.get("passed", 0), one.get("failed", 0)) for line, one in tallies.items())
    for at, (line, passed, failed) in enumerate(runs):
        if failed and not any(not bad and good >= passed + failed for _, good, bad in runs[at + 1 :]):
            return Fault(f"counts {failed} failures", line)
    if runs:
        return None
    after = max((number for number, line in _lines(text) if _COMMAND.match(line)), default=0)
    told = ((number, found) for number, line in _lines(text) if number > after and (found := _FAILED.search(line)))
    return next((Fault(f"tells of a failure ({found.group().strip()!r})", number) for number, found in told), None)


def _errors(text: str) -> Fault | None:
    """The last line that tells of errors, where neither a closing line nor another run after it is green."""
    red: tuple[int, str] | None = None
    again = False
    for number, line in _lines(text):
        if _RED.search(line) and not _NOT_RED.search(line):
            red, again = (number, line), False
        elif _GREEN.search(line) and not _RED.search(line):
            red = None
        elif red and _PROMPT.match(line):
            again = True
        elif red and again and (code := _EXIT.search(line)) and re.search(r"\D0$", code.group()):
            red = None
    return Fault(f"tells of errors ({red[1].strip()[:60]!r})", red[0]) if red else None
