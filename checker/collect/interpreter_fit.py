"""The only place that compares the Python that a project asks for with the one that ran it."""

from __future__ import annotations

import posixpath
import re

from checker.collect.files import Root, Unreadable
from checker.model.unavailable import Unavailable

_ASKS = re.compile(r"(?m)^[^\S\n]*(?:requires-python|python)\s*=\s*[\"'](?P<asked>[^\"']*)[\"']")
_LEAST = re.compile(r"(?:>=|\^|~=?|==)\s*(\d+)\.(\d+)")


def misfit(root: Root, folder: str, version: str) -> str:
    """What to add to the reason of a failure when the interpreter is older than the project's pyproject.toml asks."""
    asked = _asked(root, folder)
    least = _LEAST.search(asked)
    have = re.match(r"(\d+)\.(\d+)", version)
    if least is None or have is None or (int(have[1]), int(have[2])) >= (int(least[1]), int(least[2])):
        return ""
    return f"; the project asks for Python {asked}, and {version} ran it: set [app] python"


def _asked(root: Root, folder: str) -> str:
    """From the pyproject.toml nearest above the folder in which the migrations are started."""
    at = posixpath.normpath(folder)
    while True:
        path = posixpath.normpath(posixpath.join(at, "pyproject.toml"))
        if root.exists(path):
            try:
                found = _ASKS.search(root.text(path, 1 << 20).text)
            except (Unreadable, Unavailable):
                return ""
            return found["asked"] if found else ""
        if at in (".", ""):
            return ""
        at = posixpath.dirname(at) or "."
