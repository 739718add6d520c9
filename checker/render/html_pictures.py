"""The only place that draws: small SVG pictures whose words, or the table beside them, say all that they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from checker.model.report import LockTimeline, Report
from checker.model.surroundings import History
from checker.render import verdict
from checker.render.visible import clipped

_BAR = 1000  # units of a whole bar
_ROW, _LANE, _TOP = 30, 18, 16  # of a graph of migrations
_AROUND, _LAST = 2, 8  # revisions that are drawn around a bad one, and at the end
_MOST_REVISIONS = 60
_MOST_STATEMENTS, _MOST_TABLES = 24, 12


def bar(counts: Sequence[tuple[str, int]], whole: int) -> Markup:
    """One bar of a table whose cells say the same; `whole` is the longest bar's number."""
    at = 0.0
    parts = []
    for name, count in counts:
        width = _BAR * count / max(whole, 1)
        if count:
            parts.append(
                Markup('<rect class="fill-{}" x="{:.1f}" y="0" width="{:.1f}" height="10"/>').format(
                    _kind(name), at, max(width - 4, 2)
                )
            )
        at += width
    return Markup(
        '<svg class="bar" viewBox="0 0 {} 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">{}</svg>'
    ).format(_BAR, Markup("").join(parts))


def largest(rows: Iterable[tuple[str, Sequence[tuple[str, int]]]]) -> int:
    """The highest sum of a row."""
    return max((sum(count for _, count in counts) for _, counts in rows), default=1)


def _kind(name: str) -> str:
    return name.replace(" ", "-").replace("_", "-")


def trend(reports: Sequence[Report]) -> Markup:
    """Critical and major findings, and the score, of reports from the oldest to this one; the table beside it says the same."""
    width, height, left, bottom = 640, 190, 44, 150
    step = (width - left - 40) / max(len(reports) - 1, 1)
    grave = [sum(one.severity in verdict.BLOCKING for one in report.findings) for report in reports]
    highest = max(*grave, 1)
    lines = []
    for klass, values, top in (("grave", grave, highest), ("score", [report.score for report in reports], 100)):
        points = [(left + number * step, bottom - 120 * value / top) for number, value in enumerate(values)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(Markup('<polyline class="line-{}" points="{}"/>').format(klass, path))
        for (x, y), value in zip(points, values, strict=True):
            mark = (
                Markup('<circle class="dot-{}" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(klass, x, y)
                if klass == "score"
                else Markup('<rect class="dot-{}" x="{:.1f}" y="{:.1f}" width="8" height="8"/>').format(
                    klass, x - 4, y - 4
                )
            )
            lift = -9 if klass == "score" else 19
            lines.append(mark + Markup('<text x="{:.1f}" y="{:.1f}" class="mid">{}</text>').format(x, y + lift, value))
    dates = (
        Markup('<text x="{:.1f}" y="{}" class="mid soft">{}</text>').format(
            left + number * step, bottom + 32, clipped(report.as_of[:10], 10)
        )
        for number, report in enumerate(reports)
    )
    said = "; ".join(
        f"{report.as_of[:10]}: score {report.score}, {count} critical or major"
        for report, count in zip(reports, grave, strict=True)
    )
    return _picture("trend", width, height, "Score, and critical and major findings, over time", said, (*lines, *dates))


def history(tree: History, findings: Mapping[str, int]) -> Markup:
    """The revisions from the first to the last; one with findings is a filled diamond and says how many."""
    lanes = _lanes(tree)
    order = list(tree.steps)
    shown = _shown([findings.get(one.path, 0) for one in order])
    y = {order[number].id: _TOP + row * _ROW for row, number in enumerate(shown)}
    parents = {one.id: one.parents for one in order}
    text_at = _LANE * (max(lanes.values(), default=0) + 2)
    edges, nodes = [], []
    for row, number in enumerate(shown):
        one, at = order[number], _TOP + row * _ROW
        x = _LANE * (lanes[one.id] + 1)
        for parent, skipped in _followed(one.id, parents, y):
            px, py = _LANE * (lanes[parent] + 1), y[parent]
            bend = f"M{px} {py} C{px} {(py + at) / 2:.0f} {x} {(py + at) / 2:.0f} {x} {at}"
            edges.append(Markup('<path class="edge{}" d="{}"/>').format(" skipped" if skipped else "", bend))
        bad = findings.get(one.path, 0)
        nodes.append(
            Markup('<path class="bad" d="M{} {}l8 8l-8 8l-8 -8z"/>').format(x, at - 8)
            if bad
            else Markup('<circle class="step" cx="{}" cy="{}" r="5"/>').format(x, at)
        )
        said = f" — {verdict.counted(bad, 'finding')}" if bad else ""
        nodes.append(
            Markup('<text x="{}" y="{}"{}>{}</text>').format(
                text_at, at + 5, Markup(' class="strong"') if bad else "", f"{clipped(one.name, 70)}{said}"
            )
        )
    left = len(order) - len(shown)
    bad_names = [f"{clipped(one.name, 70)} ({findings[one.path]})" for one in order if findings.get(one.path)]
    told = f"{verdict.counted(len(order), 'revision')}" + (f", {left} of them not drawn" if left else "")
    told += f"; with findings: {', '.join(bad_names)}" if bad_names else "; none with findings"
    height = _TOP * 2 + _ROW * max(len(shown) - 1, 0)
    width = text_at + 8 * max((len(clipped(order[n].name, 70)) for n in shown), default=0) + 120
    return _picture("history", width, height, f"Migrations of {clipped(tree.scripts, 100)}", told, (*edges, *nodes))


def _shown(bad: Sequence[int]) -> list[int]:
    """All revisions of a short history; of a long one those around the bad ones, and the last."""
    if len(bad) <= _MOST_REVISIONS // 2:
        return list(range(len(bad)))
    near = {number + off for number, count in enumerate(bad) if count for off in range(-_AROUND, _AROUND + 1)}
    near |= set(range(len(bad) - _LAST, len(bad)))
    return sorted(number for number in near if 0 <= number < len(bad))[-_MOST_REVISIONS:]


def _lanes(tree: History) -> dict[str, int]:
    """A lane for each revision: that of its first parent where nobody took it before, else a free one."""
    lanes: dict[str, int] = {}
    ends: list[str | None] = []
    for one in tree.steps:
        lane = next((number for number, end in enumerate(ends) if end is not None and end in one.parents), None)
        if lane is None:
            ends.append(one.id)
            lane = len(ends) - 1
        ends = [one.id if number == lane else None if end in one.parents else end for number, end in enumerate(ends)]
        lanes[one.id] = min(lane, 8)
    return lanes


def _followed(
    start: str, parents: Mapping[str, tuple[str, ...]], drawn: Mapping[str, int]
) -> Iterable[tuple[str, bool]]:
    """The nearest drawn ancestors, and whether revisions between are left out."""
    waiting = [(parent, False) for parent in parents[start]]
    seen: set[str] = set()
    while waiting:
        one, skipped = waiting.pop()
        if one in seen or one not in parents:
            continue
        seen.add(one)
        if one in drawn:
            yield one, skipped
        else:
            waiting.extend((parent, True) for parent in parents[one])


def locks(timeline: LockTimeline) -> Markup:
    """Statements from left to right, a row for each table: from where a lock was taken to the step's end."""
    statements = timeline.statements[:_MOST_STATEMENTS]
    taken: dict[str, tuple[int, str, bool]] = {}
    for number, statement in enumerate(statements):
        for table, mode in statement.locks:
            strong = (table, mode) in statement.strong
            if table not in taken or (strong and not taken[table][2]):
                taken[table] = (number, mode, strong)
    rows = list(taken.items())[:_MOST_TABLES]
    name_width = 8 * max((len(clipped(table, 30)) for table, _ in rows), default=0) + 20
    unit, height = max(200 // max(len(statements), 1), 26), 34
    width = name_width + unit * len(statements) + 240
    parts, told = [], []
    for number in range(len(statements)):
        x = name_width + unit * number + unit / 2
        parts.append(Markup('<text x="{:.0f}" y="14" class="mid soft">{}</text>').format(x, number + 1))
    for row, (table, (first, mode, strong)) in enumerate(rows):
        top = 24 + row * height
        long = unit * (len(statements) - first) - 2
        kind = "fill-critical" if strong else "fill-info"
        parts.append(Markup('<text x="0" y="{}">{}</text>').format(top + 16, clipped(table, 30)))
        parts.append(
            Markup('<rect class="{}" x="{}" y="{}" width="{}" height="20" rx="3"/>').format(
                kind, name_width + unit * first, top, long
            )
        )
        waits = "others wait" if strong else "nobody waits"
        said = f"{clipped(mode, 40)}, {waits}"
        parts.append(
            Markup('<text x="{}" y="{}">{}</text>').format(name_width + unit * len(statements) + 8, top + 16, said)
        )
        told.append(f"{table}: {mode} from statement {first + 1} to the end, {waits}")
    title = f"Locks while {clipped(timeline.revision, 80)} goes up"
    return _picture("locks", width, 30 + height * len(rows), title, "; ".join(told), parts)


def _picture(kind: str, width: float, height: float, title: str, said: str, parts: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg class="{}" width="{:.0f}" height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>'
    ).format(kind, width, height, width, height, f"{title}. {clipped(said, 2000)}", Markup("").join(parts))
