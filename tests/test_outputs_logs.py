"""Which texts are logs of a run that passed: what real tools print is, what agents write in its place is not."""

from __future__ import annotations

import pytest

from checker.collect.outputs.logs import fault

PYTEST = "$ pytest\n============ 41 passed in 2.31s ============\nexit code: 0\n"
RED = "=== 3 failed, 38 passed in 2.1s ===\n"
README = "# Shop\n\nA backend. Run the tests with pytest and lint with ruff; the build makes a wheel.\n"
GOOD = [
    ("test", PYTEST),
    ("test", "============================= 41 passed, 2 skipped in 2.31s ==============================\n"),
    ("test", RED + PYTEST),
    ("test", "tests/a.py::test_mock_server PASSED\ntests/a.py::test_not_run_twice PASSED\n== 2 passed in 0.1s ==\n"),
    ("test", "ok  \tshop/orders\t0.012s\n?   \tshop/cmd\t[no test files]\n"),
    ("test", "PASS src/a.test.ts\nTests:       12 passed, 12 total\n"),
    ("test", "Tests run: 12, Failures: 0, Errors: 0, Skipped: 0\n[INFO] BUILD SUCCESS\n"),
    ("test", "12 examples, 0 failures\n"),
    ("test", "..........\nOK (10 tests, 20 assertions)\n"),
    ("test", "TAP version 13\n1..2\nok 1 - a\nok 2 - b\n"),
    ("test", "ERROR app:orders could not connect, as expected\n41 passed in 2.3s\n"),
    (
        "test",
        "$ pytest tests/unit\n=== 4 passed in 1s ===\n$ pytest tests/db\ncollected 0 items\n= no tests ran in 0.01s =\n",
    ),
    ("lint", "$ ruff check src/\nAll checks passed!\n"),
    ("lint", "> shop@1.0.0 lint\n> eslint .\n\n"),
    ("lint", "✖ 3 problems (0 errors, 3 warnings)\n"),
    ("lint", "$ ruff check --fix .\nFound 7 errors (7 fixed, 0 remaining).\n"),
    ("lint", "$ ruff check .\nFound 7 errors.\nexit code: 1\n$ ruff check .\nAll checks passed!\nexit code: 0\n"),
    ("lint", "Your code has been rated at 10.00/10\n"),
    ("build", "$ python -m build\nSuccessfully built shop-1.0-py3-none-any.whl\n"),
    ("build", "> tsc -p tsconfig.build.json\n\n"),
    ("build", "error: optional extension failed to build\nSuccessfully built shop-1.0.tar.gz\n"),
    ("build", "vite v5 building for production...\n✓ 120 modules transformed.\n✓ built in 1.2s\n"),
    ("build", "#12 naming to docker.io/library/shop:latest done\n"),
    ("build", "$ npm run build\nnpm ERR! code 1\nexit code: 1\n$ npm run build\nwebpack 5 compiled\nexit code: 0\n"),
    ("test", "the reviewer asked whether all tests should pass on 3.12\n=== 41 passed in 2.3s ===\n"),
    ("build", "PS C:\\shop> npm run build\n\n"),
    ("build", "[INFO] BUILD SUCCESS\n[INFO] Total time: 3.2 s\n"),
    ("build", "$ go build ./...\n"),
    ("test", "$ go test ./...\n--- FAIL: TestX\nFAIL\n$ go test ./...\nok  \tshop/orders\t0.01s\n"),
    ("test", "$ cd app\n$ pytest\n=== 39 passed, 2 xfailed in 2s ===\n"),
    ("test", "Tests run: 12, Failures: 0, Errors: 0\n"),
    ("build", "$ make image\nnaming to docker.io/library/shop done\nexit code: 0\n"),
    ("", "any words of a review\n"),
]
BAD = [
    ("test", "TBD\n", "template"),
    ("test", "[PLACEHOLDER]\n\nto be added\n", "template"),
    ("test", "Assuming pass: node is not installed here.\n", "in place of a run"),
    ("test", "[mocked output] all tests would pass\n", "in place of a run"),
    ("build", "The build should succeed on CI.\nexit code: 0\n", "in place of a run"),
    ("lint", "lint was not run here\nexit code: 0\n", "in place of a run"),
    ("test", "[mocked output]\n=== 41 passed in 2.3s ===\n", "in place of a run"),
    ("build", "$ npm run build\nError: timed out after 300 s\n", "timed out"),
    ("test", "collected 0 items\n\n=== no tests ran in 0.01s ===\nexit code: 0\n", "no test ran"),
    ("test", "No tests found, exiting with code 0\n", "no test ran"),
    ("test", "Ran 0 tests in 0.000s\n\nOK\n", "no test ran"),
    ("test", RED + "=== 1 passed in 0.1s ===\nexit code: 0\n", "counts 3 failures"),
    ("test", "$ pytest\n1 failed, 3 passed in 1s\nexit code: 1\n", "exited 1"),
    ("lint", "Found 7 errors.\n", "exited 1"),
    ("lint", "Found 7 errors.\nexit code: 0\n", "exited 1"),
    ("lint", "src/a.ts(1,2): error TS2304: no name\nexit code: 0\n", "tells of errors"),
    ("build", "npm ERR! code ELIFECYCLE\nBuild failed with 12 errors\nexit code: 0\n", "tells of errors"),
    ("build", "$ python -m build\nERROR Backend failed\n", "tells of errors"),
    ("build", "bash: npm: command not found\n", "tells of errors"),
    ("build", "words that no tool prints\n", "shows neither"),
    ("lint", "words that no tool prints\n", "shows neither"),
    ("test", "exit code: 0\n", "shows neither"),
    ("build", "\nexit code: 0\n", "shows neither"),
    ("test", "$ pytest\n=== 41 skipped in 2s ===\nexit code: 0\n", "no test ran"),
    ("test", "$ pytest --collect-only\n41 tests collected in 0.1s\nexit code: 0\n", "no test ran"),
    ("test", "$ pytest --version\npytest 8.0.0\nexit code: 0\n", "runs no test"),
    ("lint", "$ echo 'All checks passed!'\nAll checks passed!\nexit code: 0\n", "runs no lint"),
    ("build", "$ ls\nREADME.md\nexit code: 0\n", "runs no build"),
    ("test", "TOTAL  120  15  87%\n", "shows neither"),
    ("test", "--- FAIL: TestX (0.00s)\nFAIL\nFAIL\tshop/orders\t0.01s\n", "counts 1 failures"),
    ("test", "Tests run: 12, Failures: 2, Errors: 0, Skipped: 0\n", "counts 2 failures"),
    ("test", "12 examples, 2 failures\n", "counts 2 failures"),
    ("test", "FAILURES!\nTests: 10, Assertions: 20, Failures: 1.\n", "counts 1 failures"),
    ("test", "see the pipeline\n", "shows neither"),
]


@pytest.mark.parametrize(("kind", "text"), GOOD)
def test_what_tools_print_is_a_log(kind: str, text: str) -> None:
    assert fault(f"{kind}.log", text, kind) is None


@pytest.mark.parametrize(("kind", "text", "reason"), BAD)
def test_what_stands_in_place_of_a_run_is_none(kind: str, text: str, reason: str) -> None:
    found = fault(f"{kind}.log", text, kind)
    assert found is not None
    assert reason in found.reason
    assert found.line is not None


@pytest.mark.parametrize("kind", ["build", "lint", "test"])
def test_a_text_about_runs_is_no_log_of_one(kind: str) -> None:
    assert fault("docs/about.md", README, kind) is not None
    assert fault("ci.md", f"# CI\n\n```\n$ make {kind}\n{PYTEST}```\n", kind) is None


def test_a_report_of_a_linter_is_a_log() -> None:
    assert fault("eslint.json", "[]", "lint") is None
    assert fault("eslint.json", '[{"filePath": "a.js", "errorCount": 2}]', "lint") is not None


def test_one_log_for_all_must_name_each_run() -> None:
    assert fault("test.log", PYTEST, "lint", shared=True) is not None
    assert fault("ci.log", "$ ruff check .\nAll checks passed!\n" + PYTEST, "lint", shared=True) is None
