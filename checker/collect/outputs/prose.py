"""The only place that reads numbers of tests and coverage, and that nothing failed, out of what an output says in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from checker.collect.outputs.number_words import in_digits
from checker.collect.outputs.told import Told, is_design, is_review, told
from checker.model.observation import Place
from checker.model.outputs.artefact import Artefact, Kind
from checker.model.outputs.evidence import IMPLIED, Measure, Statement
from checker.model.outputs.results import ended

_NUMBER = r"(\d{1,3}(?:[,.'\u202f\u00a0]\d{3})+|\d{1,6})"
_RATE = r"(\d{1,3}(?:[.,]\d+)?)\s?%"
_PERCENT = re.compile(r"(?i)(?<=\d)\s?(?:per ?cent|pct)\b")
_COVERED = r"(?:coverage|(?:test)?abdeckung|couverture|cobertura)"
_COVERAGE = (
    re.compile(rf"(?i)\b{_COVERED}\b[^.%\n|]{{0,70}}?(?:[\s:~=(]|\|\s?){_RATE}"),
    re.compile(rf"(?i)(?<![\d.,]){_RATE} (?:of )?(?:line |test |statement |code |unit |overall |total )*{_COVERED}\b"),
    re.compile(
        r"(?i)(?<![\d.,])(\d{1,3}(?:[.,]\d+)?)\s?% (?:of )?(?:the )?(?:lines|statements|code)"
        r" (?:are |is |were )?(?:covered|exercised)\b"
    ),
)
_PASSED = r"passed|passing|pass\b|succeeded|successful|bestanden|erfolgreich|réussis|pasaron|superad[ao]s|✅|🟢|✔|✓"
_FAILED = r"failed|failing|failures?|fehlgeschlagen|échoués|fallaron"
_TESTS = r"(?:(?:unit|integration|contract|e2e|backend|api) )?(?:tests?|cases?|specs?|examples?|checks?)"
_COUNTS: tuple[tuple[Measure, re.Pattern[str]], ...] = (
    (
        "passed",
        re.compile(
            rf"(?i)(?<![\d.,/]){_NUMBER}(?:\s?(?:/|of|out of|von)\s?(?:all )?\d{{1,6}})? ?"
            rf"(?:(?:{_TESTS} ?)?(?:have |all )*(?:{_PASSED})|{_TESTS},? (?:(?:all|are|is|have) ){{0,2}}(?:green|ok|grün)\b)"
        ),
    ),
    (
        "passed",
        re.compile(
            rf"(?i)\b(?:tests? )?(?:passed|passing|bestanden)\s?[:=|]+\s?{_NUMBER}\b"
            r"(?! ?(?:%|/|suites?|files?|failed|failures?))"
        ),
    ),
    ("passed", re.compile(rf"(?i)(?:✅|🟢|✔|✓)\W{{0,3}}{_NUMBER}(?:\s?/\s?\d{{1,6}})? ?tests?\b(?! fail)")),
    ("passed", re.compile(rf"(?i)\btests?\W{{0,3}}(?:✅|🟢|✔|✓)\W{{0,3}}{_NUMBER}(?:\s?/\s?\d{{1,6}})?\b(?! ?%)")),
    (
        "passed",
        re.compile(
            rf"(?i)(?<![\d.,/]){_NUMBER} (?:tests|examples|specs|cases)(?:, \d+ assertions)?, (?:0|no) (?:failures|failed)\b"
        ),
    ),
    ("passed", re.compile(rf"(?i)(?<![\d.,/]){_NUMBER} (?:green|passing|successful) (?:tests|specs|cases|checks)\b")),
    ("passed", re.compile(rf"(?i)\btests run: ?{_NUMBER}, failures: 0\b(?!, errors: [1-9])")),
    (
        "passed",
        re.compile(
            rf"(?i)\btests?\s?[:=|]\s?{_NUMBER}\b(?! ?(?:%|/|suites?|files?))"
            r"(?:(?! failed| failing| failures?)[^\n;.\d]){0,20}?\b(?:green|pass(?:ed|ing)?|ok|grün)\b"
        ),
    ),
    (
        "ran",
        re.compile(
            rf"(?i)(?<![\d.,/]){_NUMBER} {_TESTS},? (?:(?:were|was|have|has|been|all|got) ){{0,3}}(?:executed|run|ran|completed)\b"
        ),
    ),
    (
        "ran",
        re.compile(
            rf"(?i)\b(?:compris(?:es|ing)|contains|totals|consists of|suite (?:has|of|counts)|a total of) {_NUMBER} {_TESTS}\b"
        ),
    ),
    ("ran", re.compile(rf"(?i)\b(?:0|no|zero|none) (?:failures?|failed|failing) (?:out of|of|in|among) {_NUMBER}\b")),
    ("passed", re.compile(rf"(?i)\b(?:pass(?:ing)?|success) rate\b[^\n.;/]{{0,20}}?{_NUMBER}\s?/\s?\d{{1,6}}\b")),
    ("ran", re.compile(rf"(?i)\b(?:ran|executed) (?:(?:all|the|a|total|of|our|these) ){{0,3}}{_NUMBER} {_TESTS}\b")),
    (
        "ran",
        re.compile(rf"(?i)\b(?:tests? (?:run|executed|total)|total tests?|tests)\s?[:=]\s?{_NUMBER}\b(?! ?(?:%|/|\w))"),
    ),
    (
        "skipped",
        re.compile(
            rf"(?i)\b(?:no|zero|none of the|0) (?:{_TESTS} )?(?:was |were |is |are )?skipped\b|\bnothing (?:was |is )?skipped\b"
            r"|\bwithout (?:any )?skips?\b"
        ),
    ),
    ("failed", re.compile(rf"(?i)(?<![\d.,/]){_NUMBER} (?:{_TESTS} )?(?:{_FAILED})\b")),
    ("failed", re.compile(rf"(?i)\b(?:{_FAILED})\s?[:=|]+\s?{_NUMBER}\b(?! ?(?:%|passed))")),
)
_FRACTION = re.compile(rf"(?i)\b({_COVERED}\W{{1,4}})0[.,](\d{{2,4}})\b(?! ?%)")
_AND_MORE = re.compile(  # what coverage is said to be above; a threshold is spoken of without such a verb
    rf"(?i)\b{_COVERED}\b(?: (?:is|was|now|went|has|climbed|rose|grew|stands|stays|remains|even|well|far|comfortably|up|at))+"
    r" (?:above|over|beyond|more than|at least) (?P<rate>\d{1,3}(?:[.,]\d+)?)\s?%"
)
_AT_LEAST = re.compile(  # the same as a value of its own
    rf"(?i)\b{_COVERED}\b\W{{0,3}}[:=|]\W{{0,3}}(?:>=?|≥|over|above|more than|at least) ?"
    r"(?P<rate>\d{1,3}(?:[.,]\d+)?)\s?%"
)
_GOAL = re.compile(
    r"(?i)\b(?:target|threshold|goal|minimum|gate|floor|requir\w*|policy|want\w*|ask(?:s|ed)|demand\w*"
    r"|expect\w*|plan\w*|limit|criteri\w*|accept\w*|when)\b|\[ \]"
)
_NO_RATE = re.compile(
    r"(?i)\bmust\b|\bshould\b|\baim|\bbranch(?:es)? (?:coverage|rate)|coverage \(?branch"
    r"|(?<!this )(?<!the )(?<!my )\bbranch(?:es)?\W{0,3}(?=\d)|\bdiff\b|\bminimum of\b"
)
_WANTED = re.compile(  # the number that a threshold is, before or behind its word
    r"(?i)(?:target|threshold|goal|minimum|at least|above|below|\bover\b|gate\b|fail.under|[>≥]=?)[^%\n\d,;]{0,20}\d[\d.]*\s?%?"
    r"|\d[\d.]*\s?%[ -](?:target|threshold|goal|minimum|gate|floor)"
)
_WAS = re.compile(
    r"(?i)\bfrom \d[\d.,]*\s?%?(?: passed)? to (?=\d)|\d[\d.,]*\s?%?(?: passed)?\s?(?:→|->|=>|⇒)\s?(?=\d)"
)
_OF_ANOTHER_RUN = re.compile(
    r"(?i)previous|before|initial|earlier|last run|^\W*(?:was|were|had)\b|\bhad\W*$|from \d|baseline|expect|\bold\b"
    r"|\bfirst (?:run|attempt|try|go|push|pass|time|round|execution|version)\b"
    r"|\bat first\b|^\W*first\W*$|\battempt \d|\battempts?\b(?=\W*$|\W*:)"
    r"|\bshould\b|\bmust\b|\bwould\b|\bwill\b|\btarget\b|\bgoal\b|at least"
)
_AFTERWARDS = re.compile(
    r"(?i)\b(?:in|on|at|by|of|during|from) (?:the |my |our |its |an )?(?:very )?"
    r"(?:first|previous|earlier|initial|last|baseline|old)\b"
    r"|\bpreviously\b|\binitially\b|\bat first\b|\bbaseline\b|\bthat `?main`? had\b"
    r"|\b(?:was|were) \d|\bbefore (?:the|this|my|that|our|any|i|we)"
    r" (?:change|fix|refactor|commit|migration|patch|work|run|mend|update)"
)
_CARRIED = re.compile(
    r"(?i)\b(?:in|on|at|during|by|from|of) (?:the |my |our |its |an? )?(?:very )?"
    r"(?:first|previous|earlier|initial|last|old|baseline)\b"
    r"|^\W*(?:before|previous|initial|earlier|at first|baseline|first (?:run|attempt|try|go))"
)
_THIS_RUN = re.compile(r"(?i)\bnow\b|\bthen\b|\bthis\b|\bafter\b|\bfinal|\bcurrent|\btoday\b")
_THOUSANDS = re.compile(
    r"(?i)(?<![\d.,#])\b([1-9]\d{0,2}) (?=\d{3} (?:tests? |green |passing )?(?:passed|pass\b|tests|bestanden))"
)
_AT_ONCE = re.compile(
    r"(?i)(?<=pass|ssed|sing|reen) (?:on|at|in|with) the (?:very )?first (?:go|try|attempt|run)\b(?!.*\d)"
)
_SENTENCES, _CLAUSES = re.compile(r"(?<=[.!?])\s+"), re.compile(r",(?!\d)|[;()|]| [—–-] |→|->")
_ALL_GREEN = re.compile(
    r"(?i)\b(?:all|every|each|the)\b(?: of)?(?: the| our| my| its)?(?: \d+)?(?: \w+)? (?:tests?|suites?|checks?|gates?)"
    r" (?:(?:now|still|is|are|was|were|all|have|has) )*(?:pass(?:es|ed|ing)?|green|succeed(?:s|ed)?|successful|ok)\b"
    r"|\btests? (?:all |now |still |have )*(?:pass|passed|passing|green|(?:are|is) (?:all )?(?:green|passing|ok))\b"
    r"|\b(?:alle|sämtliche) (?:\w+ )?tests? (?:sind |laufen |wurden )?(?:grün|bestanden|erfolgreich|durch)\b"
    r"|\btests?\b(?:\s*(?:,|/|&|\+|\band\b)\s*(?:and )?(?:the )?\w[\w-]*){1,4}"
    r" (?:are |all |were |both )+(?:green|pass(?:ed|ing)?|ok|clean)\b"
    r"|\b(?:everything|all|suite) (?:is |are )?(?:all )?green\b|\b100 ?% (?:of )?(?:the |all )?tests? pass"
    r"|\btests?(?:\s?[:|=]{1,2})?\s?(?:all )?(?:✅|🟢|✔|✓)"
    r"|\btests?\s?[:|=]{1,2}\s?(?:all )?(?:✅|🟢|✔|✓|green|pass(?:ed|ing|es)?\b|ok\b|grün)"
    r"|\[[xX]\] (?:all )?(?:the )?(?:unit |integration |backend )?tests?\b(?= (?:pass|green|ok)|\W*$|\W*\()"
    r"|`[^`]*\b(?:pytest|vitest|jest|mocha|rspec|phpunit"
    r"|(?:npm|yarn|pnpm|bun|make|go|cargo|mvn|dotnet|mix|gradlew?) (?:run )?test)\b[^`]*`\W{0,4}"
    r"(?:exit(?:ed|s)?(?: with)?(?: code)?:? 0\b|pass(?:ed|es)\b|(?:is )?green\b|✅|(?:->|→|=>) ok\b)"
)
_OF_A_PART = re.compile(
    r"(?i)\b(?:unit|integration|contract|smoke|e2e|end.to.end)\b(?=[^.]*\b(?:tests?|suite|exit|pass|fail|green|red))(?!.*one suite)"
    r"|`[^`]*test[^`]*(?:/| -[km] |::)[^`]*`"
)
_ELSEWHERE = re.compile(  # other code, another place, or a tool that counts something else than the tests of the log
    r"(?i)\b(?:front-?end|web ?app|mobile|client|upstream|ci|nightly|pipelines?|mono-?repo|workspace|other (?:team|package|repo\w*)"
    r"|whole (?:repo\w*|project|product|platform|organi[sz]ation)|all (?:services|packages|apps|teams|repos\w*)"
    r"|schemathesis|hypothesis|fast-check|fuzz\w*|property|k6|locust|newman|postman|dredd|pact|cypress|playwright|mutants?|load)\b"
)
_NO_TESTS = re.compile(r"(?i)\b(?:cases?|checks?|examples?)\b")
_OF_ONE_PART = re.compile(  # of which the total that was measured says nothing
    r"(?i)\b(?:modules?|packages?|files?|layers?|components?|class(?:es)?|branch(?:es)?|diff|patch|functions?|statements?|conditions?"
    r"|services?|routes?|handlers?|new (?:code|lines)|changed (?:code|lines)|unit|integration|contract|e2e|critical|domain)\b"
    r"|[\w.-]+/[\w./-]+|\w\.(?:py|ts|js|go|rs|java)\b|\bof `[^`]+`"
)
_CONDITION = re.compile(
    r"(?i)\[ \]|\b(?:if|when|once|until|unless|must|should|will|would|not|never|can|make sure|ensure|so that|to be|before)\b"
    r"|[:=|] ?\W{0,3}(?:no|open|todo|pending|n/?a|unknown|false|fail\w*|skipped|tbd)\b"
)
_SKIPPED_OF = re.compile(  # whose tests they are of which none was skipped: no word on the others
    r"(?i)^ (?:(?:locally|here)\W+)?(?:in|of|among|from|by|for|because|due to|on)"
    r" (?:the |this |that |my |our |these |any )?(?!whole|run|all|suite|log|end|total|entire|pytest|CI)\w"
)
_OF_OTHERS = re.compile(
    r"(?i)\b(?:claim(?:s|ed)?|says?|said|report(?:s|ed)?|state[sd]?|according to|hand-?off|author)\b|^\W*\d+ passed\W*$"
)
_SHORT = re.compile(
    r"(?i)\b(\d+)\s?(?:/|of|out of|von)\s?(?!\1\b)\d+ ?(?:tests? )?(?:passed|passing|✅|green|bestanden)"
)
_CROSS = re.compile(r"❌|✘|✗|🔴|:x:")  # beside which a tick is of another suite
_MEASURE = re.compile(r"(?i)pass|fail|cover|\btests?\b|abdeckung|bestanden")
_FILE = re.compile(r"(?i)^\W*(?:file|module|path|package|component|class|layer)")
_COVER = re.compile(r"(?i)cover|abdeckung")
_TELLS = re.compile(  # a line without any of these words claims nothing that is read here
    r"(?i)pass|fail|green|skip|cover|cobertura|couverture|abdeckung|\btests?\b|\btests run|✅|🟢|✔|✓|❌|✘|🔴|grün|bestanden|erfolg"
    r"|fehlgeschl|réussi|échou|pasaron|fallaron|superad|\bok\b|\bred\b|broken|errored|timed out|clean|succe|examples|specs|cases"
)
_IN_PART = (Kind.HANDOFF, Kind.RUN_CHECKS, Kind.DELIVERY, Kind.OUTPUT_DOCUMENT, Kind.PR_PAYLOAD, Kind.CHECKPOINT)


def statements(one: Artefact, run: str) -> Iterator[Statement]:
    """Numbers in sentences and tables, left alone where they are a target or of another run, and that all tests pass."""
    if not is_design(one):
        yield from of_units(told(one), run, in_part=one.kind in _IN_PART, repeats=is_review(one))


def of_units(units: list[Told], run: str, *, in_part: bool, repeats: bool = False) -> Iterator[Statement]:
    """The same of some lines; one who `repeats` what others claim claims none of it."""
    said = [(unit, words) for unit in units if _TELLS.search(words := _said(unit))]
    # Which suite is red a log seldom tells: suites that are told apart are held together, and not where one is told as red.
    parts_told = any(_OF_A_PART.search(words) and ended(words) == "red" for _, words in said)
    red = any(_tells_red(words) for _, words in said)
    for unit, words in said:
        line = _of_this_run(words)
        if repeats and _OF_OTHERS.search(line):
            line = ", ".join(part for part in _CLAUSES.split(line) if not _OF_OTHERS.search(part))
        if not line:
            continue
        yield from _rates(line, unit.place, run, at_least=not (unit.wanted or in_part))
        counted = _told_once(_counts(line))
        for measure, value, claim in counted:
            if measure == "skipped" and _SKIPPED_OF.search(line.partition(claim)[2]):
                continue
            elsewhere = _ELSEWHERE.search(words) is not None or _NO_TESTS.search(claim) is not None
            yield Statement(claim, measure, value, unit.place, False, run, in_part, elsewhere)
        partial = _OF_A_PART.search(line) is not None
        if unit.wanted or (partial and parts_told):
            continue
        green = list(_green(line, [(measure, value) for measure, value, _ in counted], unit.place, run))
        parts_told = parts_told or bool(partial and green)
        yield from (one for one in green if not (red and one.claim == IMPLIED))


def _tells_red(line: str) -> bool:
    """Whether a line says that tests of the run itself fail."""
    about = re.search(r"(?i)\btests?\b", line) and not _OF_ANOTHER_RUN.search(line) and not _AFTERWARDS.search(line)
    return bool(about) and ended(line) == "red"


def _said(unit: Told) -> str:
    """The words of a line; a row of a table with the titles of its columns in front of its cells."""
    if not unit.cells:
        return unit.text
    first, *others = unit.cells
    of_tests = [title for title, _ in unit.cells if _MEASURE.search(title)]
    of_part = _FILE.search(first[0]) and not re.search(r"(?i)total|\ball\b|overall", first[1])
    others = [one for one in others if not (of_part and _COVER.search(one[0]))]
    numeric = re.fullmatch(r"[\d.,%/ *]+", first[1]) is not None
    if (len(others) > 1 or numeric) and (of_tests or _MEASURE.search(first[1])):
        told = [f"{title}: {cell}" if of_tests else f"{title} {first[1]}: {cell}" for title, cell in others if title]
        lead = f"{first[0]}: {first[1]}" if numeric else first[1] if of_tests else ""
        return " | ".join(part for part in (lead, *told) if part)
    return f"{first[1]}: {' | '.join(cell for _, cell in others)}"


def _rates(line: str, place: Place, run: str, *, at_least: bool) -> Iterator[Statement]:
    line = _FRACTION.sub(lambda found: f"{found[1]} {float('0.' + found[2]) * 100:g}%", _PERCENT.sub("%", line))
    if "%" not in line:
        return
    kept = ", ".join(part for part in _CLAUSES.split(line) if not _NO_RATE.search(part))
    bare = _WANTED.sub("", kept)
    apart = _OF_ONE_PART.search(line) is not None
    seen = {found.group(1) for pattern in _COVERAGE for found in pattern.finditer(bare)}
    for value in sorted(seen):
        yield Statement(f"coverage {value}%", "coverage", _rate(value), place, firm=False, run=run, apart=apart)
    alone = at_least and not seen and line.count("%") == 1 and not _GOAL.search(line)
    above = _AND_MORE.search(kept) or (_AT_LEAST.search(kept) if alone else None)
    if above and above["rate"] not in seen:
        said = Statement(
            above.group().strip(), "coverage", _rate(above["rate"]), place, firm=False, run=run, apart=apart
        )
        yield replace(said, or_more=True)


def _rate(said: str) -> float:
    return float(said.replace(",", "."))


def _counts(line: str) -> Iterator[tuple[Measure, int, str]]:
    for measure, pattern in _COUNTS:
        for found in pattern.finditer(line):
            number = re.sub(r"\D", "", found.group(1)) if found.lastindex else "0"
            yield measure, int(number), found.group().strip()


def _told_once(counts: Iterable[tuple[Measure, int, str]]) -> list[tuple[Measure, int, str]]:
    """Each count once, in the first words that tell it; that so many ran is told where so many passed."""
    found = {(measure, value): words for measure, value, words in reversed(list(counts))}
    passed = {value for measure, value in found if measure == "passed"}
    told = [(measure, value, words) for (measure, value), words in reversed(found.items())]
    return [one for one in told if one[0] != "ran" or one[1] not in passed]


def _of_this_run(line: str) -> str:
    """What of a line speaks of the run itself: without emphasis, and without the clauses that tell of another run."""
    bare = re.sub(r"\*\*|__|(?<=\d)[`*_]|[`*_](?=\d+[`*_])", "", line)
    bare = _THOUSANDS.sub(r"\1", in_digits(bare))
    bare = _WAS.sub("", _AT_ONCE.sub("", bare))
    return " ".join(", ".join(_own(sentence)) for sentence in _SENTENCES.split(bare))


def _own(sentence: str) -> Iterator[str]:
    """The clauses of a sentence but those of another run, and the numbers that go on one of them."""
    carried = strong = False
    for clause in _CLAUSES.split(sentence):
        number = re.search(r"\d", clause)
        ahead = clause[: number.start()] if number else clause
        another = bool(_OF_ANOTHER_RUN.search(ahead) or (number and _AFTERWARDS.search(clause[number.start() :])))
        goes_on = carried and (strong or re.match(r"\W*\d", clause) is not None) and not _THIS_RUN.search(clause)
        if not (another and number) and not goes_on:
            yield clause.strip()
        carried = another or goes_on
        strong = bool(_CARRIED.search(ahead)) if another else strong and goes_on


def _green(line: str, counted: Iterable[tuple[Measure, int]], here: Place, run: str) -> Iterator[Statement]:
    """That nothing fails, where a line says so in words, or counts what passed and ends green."""
    told_green = _ALL_GREEN.search(line)
    ticked = told_green is not None and told_green.group().startswith("[")
    if any(value for measure, value in counted if measure == "failed") or _SHORT.search(line) or _CROSS.search(line):
        return
    if ended(line) != "green" and not (ticked and not ended(line)):
        return
    if told_green and not _CONDITION.search(line):
        yield Statement(told_green.group().strip(), "failed", 0, here, firm=False, run=run)
    elif any(measure == "passed" for measure, _ in counted) and not any(measure == "failed" for measure, _ in counted):
        yield Statement(IMPLIED, "failed", 0, here, firm=False, run=run)
