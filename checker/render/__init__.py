"""The only place that knows every format, and which function makes it from a report."""

from __future__ import annotations

from collections.abc import Callable

from checker.model.report import Report
from checker.render import agent, github, gitlab, json, junit, markdown, rdjson, sarif, text

RENDERERS: dict[str, Callable[[Report], bytes]] = {
    "agent": agent.render,
    "github": github.render,
    "gitlab": gitlab.render,
    "json": json.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "rdjson": rdjson.render,
    "sarif": sarif.render,
    "text": text.render,
}
