"""Runs unittest in the audited project's interpreter and writes what became of each test as JSON."""

# Started as `python -I run_unittest.py REQUEST.json`; the request holds `roots` (folders for sys.path), `arguments` (the
# words after `python -m unittest`) and `report` (a file to write). The module's own results are written at the end, by
# the runner that this file holds a reference to from before any code of the project is loaded.

import json
import os
import sys
import unittest


class Recorded(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.found = []

    def _add(self, test, outcome):
        if isinstance(test, unittest.TestCase):
            module = sys.modules.get(type(test).__module__)
            path = os.path.realpath(getattr(module, "__file__", None) or "")
            self.found.append((path, type(test).__qualname__, test._testMethodName, outcome))
        else:
            self.found.append(("", "", str(test), outcome))

    def addSuccess(self, test):
        self._add(test, "passed")

    def addFailure(self, test, err):
        self._add(test, "failed")

    def addError(self, test, err):
        self._add(test, "failed")

    def addSkip(self, test, reason):
        self._add(test, "skipped")

    def addExpectedFailure(self, test, err):
        self._add(test, "xfailed")

    def addUnexpectedSuccess(self, test):
        self._add(test, "failed")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._add(test, "failed")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    result, report, dump, write = Recorded(), request["report"], json.dumps, os.write
    place = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    sys.path[:0] = request["roots"]
    words = request["arguments"] or ["discover"]

    class Runner:
        def run(self, test):
            test(result)
            return result

    program = unittest.main(module=None, argv=["unittest", *words], testRunner=Runner(), exit=False)
    del program
    write(place, dump(result.found).encode())
    os.close(place)
    return 1 if any(one[3] == "failed" for one in result.found) else 0


if __name__ == "__main__":
    sys.exit(main())
