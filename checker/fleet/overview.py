"""How a fleet is shown: a table in plain text, and one page that can be read offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from checker.fleet.judging import Row
from checker.fleet.running import report_of
from checker.fleet.since import Since
from checker.render.visible import clipped, visible

_WIDEST = 48
_MOST_WORSE, _MOST_GONE = 20, 50
NOTHING = Since({}, compared=False)
_STYLE = """\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8884}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}caption{text-align:left;padding:.5rem 0}
.blocked,.error,.timeout,.unread{font-weight:600}td.v{color:GrayText}"""


def text(rows: Sequence[Row], changed: Since = NOTHING) -> Iterator[str]:
    """One line for each repository, the worst first, the sum, and what changed since an earlier run."""
    width = min(_WIDEST, max((len(row.name) for row in rows), default=4))
    yield f"{'repository':<{width}}  status   critical  major  minor  info  score  CPU s"
    for row in worst_first(rows):
        score = "-" if row.score is None else str(row.score)
        yield (
            f"{clipped(row.name, width):<{width}}  {row.status:<7}  {row.critical:>8}  {row.major:>5}  {row.minor:>5}  "
            f"{row.info:>4}  {score:>5}  {row.cpu:>5.2f}"
        )
        if row.score is None:
            yield f"  {visible(row.verdict)}"
    yield summary(rows)
    if changed.compared:
        yield changed.summary
        worse = changed.of("worse")
        yield from (f"  {visible(name)} {visible(changed.word(name))}" for name in worse[:_MOST_WORSE])
        if len(worse) > _MOST_WORSE:
            yield f"  and {len(worse) - _MOST_WORSE} more that are worse, on the page"


def summary(rows: Sequence[Row]) -> str:
    """`200 repositories: 120 ready, 80 blocked; 34.5 s CPU`."""
    if not rows:
        return "0 repositories: this part of the list is empty, nothing was looked at"
    counts = Counter(row.status for row in rows)
    said = ", ".join(
        f"{counts[status]} {status}" for status in ("ready", *sorted(set(counts) - {"ready"})) if counts[status]
    )
    return f"{len(rows)} {'repository' if len(rows) == 1 else 'repositories'}: {said}; {sum(row.cpu for row in rows):.1f} s CPU"


def worst_first(rows: Sequence[Row]) -> list[Row]:
    """What could not be judged, then by critical and major findings, then by name."""
    return sorted(rows, key=lambda row: (row.score is not None, -row.critical, -row.major, -row.minor, row.name))


def page(rows: Sequence[Row], changed: Since = NOTHING) -> str:
    """The overview as one self-contained page, with a link to each report, and beside it what changed since an earlier run."""
    body = "\n".join(_line(row, changed) for row in worst_first(rows))
    since = '<th scope="col">since the earlier run</th>' if changed.compared else ""
    said = (
        f"<p>{escape(changed.summary[:1].upper() + changed.summary[1:])}.{_gone(changed)}</p>"
        if changed.compared
        else ""
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    numbers = "".join(
        f'<th scope="col" class="n">{name}</th>' for name in ("critical", "major", "minor", "info", "score")
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Backend Checker: fleet</title>
<style>{_STYLE}</style>
<main>
<h1>Fleet</h1>
{said}
<table>
<caption>{escape(summary(rows))}</caption>
<thead><tr><th scope="col">repository</th><th scope="col">status</th>{numbers}{since}<th scope="col">verdict</th></tr></thead>
<tbody>
{body}
</tbody>
</table>
</main>
</html>
"""


def _gone(changed: Since) -> str:
    gone = changed.of("gone")
    return (
        f" Gone: {escape(', '.join(map(visible, gone[:_MOST_GONE])))}{' …' * (len(gone) > _MOST_GONE)}." if gone else ""
    )


def _line(row: Row, changed: Since) -> str:
    name = escape(visible(row.name))
    linked = f'<a href="{report_of(row.name)}">{name}</a>' if row.score is not None else name
    score = "–" if row.score is None else row.score
    numbers = "".join(f'<td class="n">{value}</td>' for value in (row.critical, row.major, row.minor, row.info, score))
    said = f'<td class="v">{escape(visible(row.verdict))}</td>'
    since = f"<td>{escape(visible(changed.word(row.name)))}</td>" if changed.compared else ""
    return f'<tr><th scope="row">{linked}</th><td class="{escape(row.status)}">{escape(row.status)}</td>{numbers}{since}{said}</tr>'
