"""Runs unittest in the audited project's interpreter and writes what became of each test as JSON."""

# Started as `python -I run_unittest.py REQUEST.json`; the request holds `roots` (folders for sys.path), `arguments` (the
# words after `python -m unittest`) and `report` (a file to write). The module's own results are written at the end, by
# the runner that this file holds a reference to from before any code of the project is loaded.

from __future__ import annotations

import json
import os
import sys
import unittest
from typing import Any


class Recorded(unittest.TestResult):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str, str]] = []

    def _add(self, test: unittest.TestCase, outcome: str) -> None:
        if isinstance(test, unittest.TestCase):
            module = sys.modules.get(type(test).__module__)
            path = os.path.realpath(getattr(module, "__file__", None) or "")
            self.found.append((path, type(test).__qualname__, test._testMethodName, outcome))
        else:
            self.found.append(("", "", str(test), outcome))

    def addSuccess(self, test: unittest.TestCase) -> None:
        self._add(test, "passed")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self._add(test, "failed")

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        self._add(test, "failed")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._add(test, "skipped")

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        self._add(test, "xfailed")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        self._add(test, "failed")

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        if err is not None:
            self._add(test, "failed")


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    result, report, dump, write = Recorded(), request["report"], json.dumps, os.write
    place = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    sys.path[:0] = request["roots"]
    words = request["arguments"] or ["discover"]

    class Runner:
        def run(self, test: unittest.TestSuite | unittest.TestCase) -> unittest.TestResult:
            test(result)
            return result

    program = unittest.main(module=None, argv=["unittest", *words], testRunner=Runner(), exit=False)
    del program
    write(place, dump(result.found).encode())
    os.close(place)
    return 1 if any(one[3] == "failed" for one in result.found) else 0


if __name__ == "__main__":
    sys.exit(main())
