"""The words in which people say how something ended."""

from __future__ import annotations

import re
from typing import Literal

State = Literal["green", "red", "absent", ""]
_EXIT = r"\bexit(?:ed)?(?: with)?(?: code| status)?\W{0,3}"
_GREEN = re.compile(
    rf"(?i)\b(?:green|pass(?:ed|es|ing)?|success(?:ful(?:ly)?)?|succeeded|ok|completed|clean|grün|bestanden|erfolgreich)\b|✅|✔|✓|🟢|☑|:white_check_mark:|{_EXIT}0\b"
    r"|\breturn(?:s|ed)? 0\b|\bnothing to (?:complain|criticise|criticize)\b"
    r"|\b(?:no|without|zero) (?:complaints|findings|violations)\b"
)
_RED = re.compile(
    rf"(?i)\b(?:red|fail(?:ed|s|ing|ures?)?|broken|errored|timed out|fehlgeschlagen)\b|❌|✘|✗|🔴|:x:|{_EXIT}[1-9]\d*"
)
_NO_RED = re.compile(
    r"(?i)\b(?:0|no|zero|nothing|none|without|never|not)(?: (?:a|one|any) single| \w+)? (?:fail\w*|errors?\b|red\b|broken)"
    r"|\bfail\w*\W{0,2}0\b|\bfail(?:ed|ures?)=0\b"
    r"|\bfail(?:s|ed)? (?:closed|fast|open|if|when|unless|on)\b"
)
_ABSENT = re.compile(
    r"(?i)\bno (?:ci|workflow|pipeline|database|db|container|docker)\b|\bn/?a\b"
    r"|\bnot (?:configured|available|applicable|set up|present)\b|\bskipped\b"
)
RESULT = re.compile(f"{_GREEN.pattern}|{_RED.pattern.removeprefix('(?i)')}|{_ABSENT.pattern.removeprefix('(?i)')}")


_EARLIER = re.compile(r"(?i)\bfirst\b|\bprevious|\bearlier\b|\binitial|\bat first\b|\bbefore\b")
_ASIDE = re.compile(r"\([^()]*\)")
_TRY = r"(?:runs?|attempts?|tr(?:y|ies)|push(?:es)?|time|go|builds?|executions?|rounds?|commits?|pipelines?|jobs?|failure|one|red)"
_EARLIER_TRY = re.compile(
    rf"(?i)\bfirst {_TRY}\b|\bat first\b|\b(?:previous|earlier|initial|old|prior)(?: \w+)? {_TRY}\b|\bpreviously\b|\binitially\b"
    r"|\bbefore (?:the|this|my) (?:fix|change|re-?run)\b|\battempt (?:1|one|no\.? 1)\b|\brun #?\d+ (?:was|had)\b"
    r"|\b(?:was|were) (?:still )?(?:red|failing|broken)\b"
)
_CLAUSES = re.compile(r"(?<=[,;])\s+|(?<=[.!?])\s+|\s+(?=[—–]\s)|\s+(?=but\b|after\b the (?:first|previous|earlier))")


def without_earlier(line: str) -> str:
    """A line without what it says of an earlier try, in brackets or in a clause; whole where nothing else tells of a result."""
    bare = _ASIDE.sub(lambda found: "" if _EARLIER.search(found.group()) else found.group(), line)
    bare = bare if RESULT.search(bare) else line
    kept = " ".join(part for part in _CLAUSES.split(bare) if not (_EARLIER_TRY.search(part) and RESULT.search(part)))
    return kept if RESULT.search(kept) else bare


def ended(line: str) -> State:
    """How a line says that something ended, in its last word, an earlier try apart. Empty where it says nothing."""
    line = without_earlier(line)
    bare = _NO_RED.sub("", line)
    red, green = ([one.start() for one in pattern.finditer(bare)] for pattern in (_RED, _GREEN))
    if red and (not green or red[-1] > green[-1]):
        return "red"
    if green or _NO_RED.search(line):
        return "green"
    return "absent" if _ABSENT.search(line) else ""


INSTEAD = re.compile(
    r"(?i)\bassum(?:e|es|ed|ing)\b.{0,40}\b(?:pass|green|success|ok)"
    r"|\b(?:mock(?:ed)?|simulated|fake|dummy|sample|example) (?:test |build |lint |ci )?(?:output|results?|run|log)\b"
    r"|\b(?:output|results?|log) (?:to be added|goes here|tbd|pending)\b"
)
HOPED = re.compile(  # which stand in place of a run only where none is shown
    r"(?i)\b(?:tests?|build|lint(?:er)?|checks?|it|they|everything|all)\b.{0,20}"
    r"\b(?:would|should|will) (?:all )?(?:pass|succeed|be (?:green|fine|clean))\b"
    r"|\b(?:would|should) (?:exit|return)(?: with)?(?: code)? 0\b"
    r"|\b(?:was|were|could|has been|have been) not (?:actually )?(?:be )?(?:run|executed)\b|\bmanually verified\b"
)
_MADE_UP = re.compile(  # beside a result, in a report
    r"(?i)[(\[]\s?(?:simulated|mocked|faked?|dummy|example|sample|placeholder|assumed|hypothetical|illustrative|expected)"
    r"\s?(?:[,;:)\]—–]|\b(?:because|since|as|here|only|no|results?|runs?|output)\b)"
    r"|\b(?:simulated|hypothetical|illustrative) (?:because|since|as|here|only)\b"
    r"|\b(?:pass(?:ed|es)?|green|success|exit(?:ed)? 0)\b[^.;()]{0,20}(?<!\bas )\bexpected\b(?! \d)"
    r"|\bexpected to (?:pass|succeed|be green)\b|^\W*[^:=|]{1,60}[:=|]\W*(?:it )?(?:will|should|would) (?:pass|succeed|be green)\b"
)
_ELSEWHERE = re.compile(r"(?i)\b(?:ci|workflow|pipeline|github actions|gitlab)\b|\bmanually verified\b")


def stands_in(line: str) -> str:
    """The words of a line that calls something green by which it shows no run of it; empty where there are none."""
    if ended(line) != "green":
        return ""
    found = INSTEAD.search(line) or _MADE_UP.search(line) or (None if _ELSEWHERE.search(line) else HOPED.search(line))
    return found.group() if found else ""
