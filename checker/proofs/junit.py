"""The only reader of JUnit and Cobertura files that a run wrote; what is malformed is said to be, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

LARGEST = 256 << 20  # bytes
_WORST_FIRST = ("failed", "xfailed", "skipped", "passed")


class Unparsed(ValueError):
    """The file is not there or is not what it should be; one clear line."""


@dataclass(frozen=True)
class Results:
    """Test ids (`path::Class::name`, without parameters) with the worst outcome of their cases, and all cases counted.

    `modules` are files that were skipped as a whole, `unloaded` those that could not be imported; `unexpected` are tests
    that failed only because a failure was expected of them, strictly.
    """

    tests: Mapping[str, str]
    cases: Mapping[str, int]
    modules: frozenset[str] = frozenset()
    unloaded: frozenset[str] = frozenset()
    unexpected: frozenset[str] = frozenset()

    def named(self, outcome: str) -> tuple[str, ...]:
        return tuple(sorted(name for name, one in self.tests.items() if one == outcome))


def read(file: Path) -> Results:
    """pytest's JUnit file of family xunit1, which says each test's file."""
    tests: dict[str, str] = {}
    cases = dict.fromkeys(_WORST_FIRST, 0)
    modules, unexpected = set(), set()
    for case in _root(file).iter("testcase"):
        outcome = _outcome(case)
        cases[outcome] += 1
        path, name = case.get("file") or "", case.get("name") or ""
        if not case.get("classname"):
            dotted = name.replace(".", "/") + ".py"
            modules.add(path or dotted)
            tests[path or dotted] = outcome
            continue
        one = _identity(path, case.get("classname") or "", name)
        if any("[XPASS(strict)]" in (child.get("message") or "") + (child.text or "") for child in case):
            unexpected.add(one)
        tests[one] = min(tests.get(one, outcome), outcome, key=_WORST_FIRST.index)
    skipped = frozenset(one for one in modules if tests.get(one) == "skipped")
    unloaded = frozenset(one for one in modules if tests.get(one) == "failed")
    return Results(tests, cases, skipped, unloaded, frozenset(unexpected))


def cases(file: Path) -> dict[str, str]:
    """The cases of any JUnit file by `class::name`, each with its worst outcome."""
    found: dict[str, str] = {}
    for case in _root(file).iter("testcase"):
        name = "::".join(filter(None, (case.get("classname"), case.get("name"))))
        outcome = _outcome(case)
        found[name] = min(found.get(name, outcome), outcome, key=_WORST_FIRST.index)
    return found


def line_rate(file: Path, tree: Path, wanted: Mapping[str, int]) -> float:
    """The percentage of lines covered, counted from the lines of a Cobertura file and not read from its total.

    `wanted` are the files of source below `tree` that must be covered, with how many lines each has: no line of a test
    counts, and a file that nothing imported counts as not covered. Unparsed: no line that is known.
    """
    root = _root(file)
    places = [Path(one.text or ".") for one in root.iter("source")] or [tree]
    seen: dict[str, dict[int, bool]] = {}
    for each in root.iter("class"):
        name = _named(each.get("filename") or "", places, tree)
        if name in wanted:
            for line in each.iter("line"):
                hits, number = line.get("hits", ""), line.get("number", "")
                if not hits.isdigit() or not number.isdigit():
                    raise Unparsed(f"{file.name}: a line without hits")
                lines = seen.setdefault(name, {})
                lines[int(number)] = lines.get(int(number), False) or hits != "0"
    total = sum(map(len, seen.values())) + sum(lines for name, lines in wanted.items() if name not in seen)
    if not total:
        raise Unparsed(f"{file.name} names no line of source at all")
    return 100.0 * sum(sum(one.values()) for one in seen.values()) / total


def _named(name: str, places: list[Path], tree: Path) -> str:
    """The path below the tree of a file that a report names below one of its sources."""
    for place in places:
        found = place / name
        if found.is_relative_to(tree) and found.is_file():
            return found.relative_to(tree).as_posix()
    return name


def _identity(path: str, classname: str, name: str) -> str:
    module = path.removesuffix(".py").replace("/", ".")
    classes = classname.removeprefix(module).strip(".").split(".") if path and classname.startswith(module) else []
    place = path or classname.replace(".", "/") + ".py"
    return "::".join([place, *filter(None, classes), re.sub(r"\[.*", "", name, flags=re.DOTALL)])


def _outcome(case: ElementTree.Element) -> str:
    kinds = {child.tag: child for child in case}
    if "failure" in kinds or "error" in kinds:
        return "failed"
    if "skipped" in kinds:
        return "xfailed" if kinds["skipped"].get("type") == "pytest.xfail" else "skipped"
    return "passed"


def _root(file: Path) -> ElementTree.Element:
    try:
        data = file.read_bytes() if file.stat().st_size <= LARGEST else b""
    except OSError:
        raise Unparsed(f"the run left no {file.name}") from None
    try:
        text = data.decode("utf-8")  # as text it is parsed as UTF-8, whatever encoding it names to hide something in
    except UnicodeDecodeError:
        raise Unparsed(f"{file.name} is not UTF-8 text") from None
    if "<!ENTITY" in text or ("<!DOCTYPE" in text[:4096].upper() and "[" in text[:4096]):
        raise Unparsed(f"{file.name} declares entities")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - what declares entities was refused above, and the size is bounded
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Unparsed(f"{file.name} is not XML") from None
