"""The format `markdown`: a pull request's comment, in which nothing from the audited repository is markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from checker.model.finding import Finding
from checker.model.report import Report
from checker.model.rule import Severity
from checker.render import verdict
from checker.render.order import settled
from checker.render.places import place, places
from checker.render.verdict import counted
from checker.render.visible import clipped

LIMIT = 60_000  # GitHub takes 65,536 characters
_MOST_OF_A_KIND = 30
_LONGEST = 400
_BACKTICKS = re.compile("`+")
_TOKEN = re.compile(r"(?<!`)(?:(`+)(?!`).+?(?<!`)\1(?!`))| +|[^ `]+|`+")  # a code span as CommonMark 6.1 reads it
# Letters alone, hyphened or not, or a small number, with the punctuation of a sentence: no host makes anything of it.
_PLAIN = re.compile(r"\(?(?:[^\W\d_]+(?:[-'’/][^\W\d_]+)*|\d{1,5})\)?[.,;:!?]?\)?|[-–—=+(),.;:]|e\.g\.|i\.e\.")
_PUNCTUATED = re.compile(r"([(\"]?)(.*?)([)\",.;:!?]{0,2})")


def render(report: Report) -> bytes:
    """At most 60,000 characters: verdict, counts, findings by severity; what did not fit is counted."""
    report = settled(report)
    head = [f"### {verdict.sentence(report)}", "", *(f"- {prose(reason)}" for reason in verdict.reasons(report))]
    head.extend(("", *_table(report), ""))
    tail = list(_tail(report))
    room = LIMIT - len("\n".join((*head, *tail))) - 1000  # the sections' frames, and the line on what is left out
    return ("\n".join((*head, *_sections(report, room), *tail)) + "\n").encode("utf-8")


def code(text: str, limit: int = _LONGEST) -> str:
    """The text as a code span, which no host reads for markup, mentions or links, whatever backticks it holds."""
    shown = clipped(text, limit)
    if not shown.strip():
        return "(empty)"
    fence = "`" * (max(map(len, _BACKTICKS.findall(shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str, limit: int = _LONGEST) -> str:
    """A sentence in which plain words stand as they are and all else is a code span."""
    pieces: list[tuple[bool, str]] = []  # whether it is code, and the text
    for is_code, piece in (one for token in _TOKEN.finditer(clipped(text, limit)) for one in _pieces(token[0])):
        if is_code and pieces and pieces[-1][0]:  # two spans that touch would be read as one with other ends
            pieces[-1] = (True, pieces[-1][1] + piece)
        else:
            pieces.append((is_code, piece))
    return "".join(code(piece) if is_code else piece for is_code, piece in pieces)


def _pieces(token: str) -> Iterator[tuple[bool, str]]:
    """A token as it stands, or its inside as code with the punctuation of the sentence around it."""
    if token.isspace() or _PLAIN.fullmatch(token):
        yield False, token
    elif token[0] == "`":
        inside = token.strip("`")
        is_padded = len(inside) > 2 and inside[0] == inside[-1] == " "
        yield True, (inside[1:-1] if is_padded else inside) if inside.strip() else token
    elif found := _PUNCTUATED.fullmatch(token):
        is_code = _PLAIN.fullmatch(found[2]) is None
        yield from ((is_code and part == 2, found[part]) for part in (1, 2, 3) if found[part])
    else:
        yield True, token


def _table(report: Report) -> Iterator[str]:
    yield "| findings | " + " | ".join(severity.value for severity in Severity) + " |"
    yield "|---|" + "---:|" * len(Severity)
    for name, findings in (("open", report.findings), ("waived", report.waived), ("baseline", report.baselined)):
        counts = verdict.severities(findings)
        yield f"| {name} | " + " | ".join(str(counts[severity]) for severity in Severity) + " |"
    yield ""
    yield f"{verdict.tally(report)}. Recommendation: **{report.recommendation}**; {verdict.scored(report)}."


def _sections(report: Report, room: int) -> Iterator[str]:
    left = 0
    for severity in Severity:
        findings = [finding for finding in report.findings if finding.severity is severity]
        shown = []
        for finding in findings if not left else ():
            entry = "\n".join(_finding(finding))
            room -= len(entry) + 1
            if room < 0:
                break
            shown.append(entry)
        left += len(findings) - len(shown)
        if shown:
            is_open = " open" if severity in verdict.BLOCKING else ""
            yield f"<details{is_open}><summary><b>{severity.value}</b>: {counted(len(findings), 'finding')}</summary>\n"
            yield from shown
            yield "\n</details>\n"
    if left:
        yield f"**{counted(left, 'finding')} left out here for length**: `checker audit --format json` has all.\n"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"- **{finding.severity.value}** {code(place(finding.where))} {code(finding.rule)}: {prose(finding.title)}"
    if finding.evidence:
        yield f"  - seen: {code(finding.evidence)}"
    if finding.also:
        yield f"  - also: {code(places(finding.also, 3))}"
    yield f"  - mend: {prose(finding.recommendation)} ({code(f'checker explain {finding.rule}')})"


def _tail(report: Report) -> Iterator[str]:
    unseen = [
        f"- **{result.outcome.value}** {code(result.rule)}: {prose(result.reason)}"
        for result in report.outcomes(*verdict.UNSEEN)
    ]
    yield from _folded("Rules that could not be looked at", unseen, is_open=True)
    yield from _folded("Accepted: waivers of the policy", list(_waivers(report)))
    claims = [f"- {claim.state}: {code(claim.claim)} in {code(place(claim.where))}" for claim in report.claims]
    yield from _folded("Claims of the change", claims)
    proofs = [f"- {code(proof.type)}: {proof.state}, {proof.trust}" for proof in report.proofs]
    yield from _folded("Proofs", proofs)
    yield from _folded("Notes", [f"- {prose(note)}" for note in report.notes])
    said = [f"{counted(len(report.suppressions), 'suppression marker')} in the code"]
    said.append(f"{counted(len(report.manual), 'question')} for a person")
    if report.not_asked:
        said.append(verdict.not_asked(report))
    yield f"{'; '.join(said)}."


def _waivers(report: Report) -> Iterator[str]:
    for one in report.waivers:
        people = f"owner {code(one.owner)}, approved by {code(one.approved_by)}, until {code(one.expires)}"
        yield f"- **{one.state}** {code(one.rule)}: {prose(one.reason)} ({people})"


def _folded(title: str, entries: Sequence[str], *, is_open: bool = False) -> Iterator[str]:
    if not entries:
        return
    yield f"<details{' open' if is_open else ''}><summary>{title}: {len(entries)}</summary>\n"
    yield from entries[:_MOST_OF_A_KIND]
    if len(entries) > _MOST_OF_A_KIND:
        yield f"- and {len(entries) - _MOST_OF_A_KIND} more: `checker audit --format json`"
    yield "\n</details>\n"
