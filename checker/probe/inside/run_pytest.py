"""Runs pytest in the audited project's interpreter: pytest itself from the installed packages, the project after it."""

# Started as `python -I run_pytest.py REQUEST.json`; the request holds `roots` (folders for sys.path), `plugins` (names
# of installed plugins that may load) and `arguments`. Exit code 90 says that pytest is not installed there.

import importlib
import importlib.metadata
import json
import sys

MISSING = 90
EARLY = (
    "_pytest.junitxml",
    "_pytest.assertion.rewrite",
    "_pytest.python",
    "_pytest.unittest",
    "_pytest.main",
    "_pytest.terminal",
)


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
    sys.path[:0] = request["roots"]
    sys.argv = ["pytest", *request["arguments"]]
    return int(pytest.main([*(word for name in found for word in ("-p", name)), *request["arguments"]]))


if __name__ == "__main__":
    sys.exit(main())
