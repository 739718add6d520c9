"""How a fleet is shown: a table in plain text, and one page that can be read offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from checker.fleet.judging import Row
from checker.fleet.running import report_of
from checker.render.visible import clipped, visible

_WIDEST = 48
_STYLE = """\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8884}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}caption{text-align:left;padding:.5rem 0}
.blocked,.error,.timeout,.unread{font-weight:600}td.v{color:GrayText}"""


def text(rows: Sequence[Row]) -> Iterator[str]:
    """One line for each repository, the worst first, and the sum."""
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


def page(rows: Sequence[Row]) -> str:
    """The overview as one self-contained page, with a link to each report."""
    body = "\n".join(map(_line, worst_first(rows)))
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
<table>
<caption>{escape(summary(rows))}</caption>
<thead><tr><th scope="col">repository</th><th scope="col">status</th>{numbers}<th scope="col">verdict</th></tr></thead>
<tbody>
{body}
</tbody>
</table>
</main>
</html>
"""


def _line(row: Row) -> str:
    name = escape(visible(row.name))
    linked = f'<a href="{report_of(row.name)}">{name}</a>' if row.score is not None else name
    score = "–" if row.score is None else row.score
    numbers = "".join(f'<td class="n">{value}</td>' for value in (row.critical, row.major, row.minor, row.info, score))
    said = f'<td class="v">{escape(visible(row.verdict))}</td>'
    return f'<tr><th scope="row">{linked}</th><td class="{escape(row.status)}">{escape(row.status)}</td>{numbers}{said}</tr>'
