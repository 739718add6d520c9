"""The format `badge`: the verdict as a small picture for a page, whose words say all that its colour says."""

from __future__ import annotations

from html import escape

from checker.model.report import Report
from checker.model.rule import Severity
from checker.render import verdict

_NAME = "backend checker"
_HEIGHT, _PAD, _LETTER = 20, 8, 6.6  # pixels; the width of a letter at 11 pixels, generously
_READY, _BLOCKED, _LABEL = "#1a6b35", "#a31621", "#3b3f45"  # white on each is at least 6.5 to 1


def render(report: Report) -> bytes:
    """One SVG without a network, a script or a word of the audited repository: `ready`, or `blocked` and why in brief."""
    blocked = verdict.is_blocked(report)
    said = _said(report) if blocked else "ready"
    left, right = (round(len(text) * _LETTER) + 2 * _PAD for text in (_NAME, said))
    title = escape(f"{_NAME}: {verdict.sentence(report)}")
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" aria-label="{title}">
<title>{title}</title>
<rect width="{left + right}" height="{_HEIGHT}" rx="3" fill="{_LABEL}"/>
<path fill="{_BLOCKED if blocked else _READY}" d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v{_HEIGHT - 6}a3 3 0 0 1-3 3H{left}z"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left / 2}" y="14">{_NAME}</text>
<text x="{left + right / 2}" y="14">{escape(said)}</text>
</g>
</svg>
""".encode()


def _said(report: Report) -> str:
    counts = verdict.severities(report.findings)
    grave = [
        f"{counts[severity]} {severity.value}" for severity in (Severity.CRITICAL, Severity.MAJOR) if counts[severity]
    ]
    unseen = len(report.outcomes(*verdict.UNSEEN))
    return ", ".join(("blocked", *grave, *([f"{unseen} unseen"] if unseen and not grave else [])))
