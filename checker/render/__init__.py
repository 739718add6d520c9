"""The only place that knows every format, and which function makes it from a report."""

from __future__ import annotations

from checker.registry import Registry

RENDERERS = Registry(
    __name__,
    {
        "agent": "agent:render",
        "badge": "badge:render",
        "github": "github:render",
        "gitlab": "gitlab:render",
        "html": "html:render",
        "json": "json:render",
        "junit": "junit:render",
        "markdown": "markdown:render",
        "rdjson": "rdjson:render",
        "sarif": "sarif:render",
        "summary": "summary:render",
        "text": "text:render",
    },
)
