"""The only place that takes the lines around a finding out of the audited tree, for a page, and the secrets out of those."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from checker.collect.detectors import detectors
from checker.collect.env_files import is_env_file
from checker.collect.files import Root, Unreadable, decoded
from checker.model.finding import Finding, Where
from checker.model.redaction import shown
from checker.model.report import Report
from checker.model.rule import Family
from checker.model.surroundings import Excerpt
from checker.model.unavailable import Unavailable

MOST = 600  # excerpts in one page, gravest findings first
MOST_FILES = 150
LARGEST = 8 << 20  # bytes of a file that is read for its excerpts
CONTEXT, LONGEST, WIDEST = 3, 18, 240  # lines before and after, lines of the finding itself, characters of a line
_HIDDEN = "[not shown: a secret stands on this line]"


@dataclass
class Excerpts:
    """The lines by place, and for a place without any the reason."""

    found: dict[Where, Excerpt] = field(default_factory=dict)
    withheld: dict[Where, str] = field(default_factory=dict)


def excerpts(root: Root, report: Report) -> Excerpts:
    """The lines around open and waived findings. What a secret finding means is never read, and no file of variables."""
    taken = Excerpts()
    secret = _secret_lines((*report.findings, *report.waived, *report.baselined))
    wanted: dict[str, list[Where]] = defaultdict(list)
    for number, one in enumerate(_placed((*report.findings, *report.waived), taken)):
        if number >= MOST or (one.where.path not in wanted and len(wanted) >= MOST_FILES):
            taken.withheld[one.where] = "left out: the page holds the excerpts of the gravest findings alone"
        else:
            wanted[one.where.path].append(one.where)
    for path, places in wanted.items():
        try:
            lines = _lines(root, path)
        except (Unavailable, Unreadable) as refused:
            taken.withheld |= dict.fromkeys(places, str(refused))
            continue
        hidden = secret.get(path, frozenset())
        for where in places:
            _take(where, lines, hidden, taken)
    return taken


def _placed(findings: Iterable[Finding], taken: Excerpts) -> Iterator[Finding]:
    """The findings whose lines may be shown, each place once, gravest first."""
    seen: set[Where] = set()
    for one in sorted(findings, key=lambda one: one.order):
        if one.where.first is None or one.where in seen:
            continue
        seen.add(one.where)
        if one.category is Family.SECRETS or is_env_file(one.where.path):
            taken.withheld[one.where] = "not shown: what stands there is, or may be, a secret"
        elif "!" in one.where.path:
            taken.withheld[one.where] = "not shown: inside an archive"
        else:
            yield one


def _secret_lines(findings: Iterable[Finding]) -> dict[str, frozenset[int]]:
    """By path, the lines that findings about secrets name; 0 stands for the whole file."""
    lines: dict[str, set[int]] = defaultdict(set)
    for one in findings:
        for where in (one.where, *one.also) if one.category is Family.SECRETS else ():
            lines[where.path].update(range(where.first or 0, (where.last or 0) + 1))
    return {path: frozenset(named) for path, named in lines.items()}


def _lines(root: Root, path: str) -> list[str]:
    data = root.read(path, LARGEST)
    text = decoded(path, data)
    if not text.encoding.startswith("utf-8"):
        raise Unreadable(f"{path} is {text.encoding}, in which secrets cannot be looked for")
    clean = _without_secrets(path, data)
    return [line.rstrip("\r").expandtabs(4)[:WIDEST] for line in decoded(path, clean).text.split("\n")]


def _without_secrets(path: str, data: bytes) -> bytes:
    """The same lines, with the length of each secret in its place."""
    parts: list[bytes] = []
    at = 0
    for start, end, value in sorted(detectors().stretches(path, data)):
        if end <= at:
            continue
        parts += [data[at : max(at, start)], shown(value).encode() if start >= at else b""]
        parts.append(b"\n" * data.count(b"\n", max(at, start), end))
        at = end
    return b"".join((*parts, data[at:]))


def _take(where: Where, lines: list[str], hidden: frozenset[int], taken: Excerpts) -> None:
    first, last = where.first or 1, where.last or 1
    if 0 in hidden:
        taken.withheld[where] = "not shown: a secret stands in this file"
    elif first > len(lines):
        taken.withheld[where] = f"{where.path} has {len(lines)} lines, and no line {first}"
    else:
        last = max(first, min(last, len(lines)))
        ends = min(last, first + LONGEST - 1)
        begin, end = max(1, first - CONTEXT), min(len(lines), ends + (CONTEXT if ends == last else 0))
        numbered = zip(range(begin, end + 1), lines[begin - 1 : end], strict=True)
        kept = tuple(_HIDDEN if number in hidden else line for number, line in numbered)
        taken.found[where] = Excerpt(begin, kept, (first, ends), last - ends)
