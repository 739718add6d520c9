"""Runs pytest in the audited project's interpreter: pytest itself from the installed packages, the project after it."""

# Started as `python -I run_pytest.py REQUEST.json`; the request holds `roots` (folders for sys.path), `plugins` (names
# of installed plugins that may load) and `arguments`. Exit code 90 says that pytest is not installed there.

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import sys
from collections.abc import Iterator

MISSING = 90
EARLY = (
    "_pytest.junitxml",
    "_pytest.assertion.rewrite",
    "_pytest.python",
    "_pytest.unittest",
    "_pytest.main",
    "_pytest.terminal",
    "difflib",
    "pprint",
)
EARLY_WHERE_THERE = ("coverage", "pytest_cov.engine")  # what a plugin asks for late, when the project stands before it


def _plugins(found: list[str], roots: list[str]) -> Iterator[str]:
    """The plugins by name, and only after the last of them is loaded the project's folders: an entry point that stands
    in the tree under a plugin's name, and a folder that is called as its module, must not be loaded for it."""
    yield from found
    for name in EARLY_WHERE_THERE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.path[:0] = roots


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    try:
        pytest = importlib.import_module("pytest")
        for name in EARLY:
            importlib.import_module(name)
    except ImportError as missing:
        sys.stderr.write(f"pytest cannot be imported: {missing}\n")
        return MISSING
    allowed = set(request["plugins"])
    found = sorted({one.name for one in importlib.metadata.entry_points(group="pytest11")} & allowed)
    sys.argv = ["pytest", *request["arguments"]]
    return int(pytest.main(request["arguments"], plugins=_plugins(found, request["roots"])))


if __name__ == "__main__":
    sys.exit(main())
