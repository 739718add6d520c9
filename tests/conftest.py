"""What holds for every test: nothing of it stays behind, and none is skipped without a word."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

_SCRATCH = tempfile.TemporaryDirectory(prefix="checker-hypothesis-")
_SILENT: list[str] = []
_NO_WORD = ("", "unconditional skip")
_MOST_WORKERS = 4
set_hypothesis_home_dir(Path(_SCRATCH.name))


@pytest.fixture(scope="session", autouse=True)
def _leave_nothing() -> Iterator[None]:
    yield
    _SCRATCH.cleanup()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: many tests wait, for a server to start or for a limit to be reached."""
    return min((os.cpu_count() or 1) + 1, _MOST_WORKERS)


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test was skipped, as it was given; empty when nobody said."""
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "")
    reason = str(said).removeprefix("Skipped").removeprefix(":").removeprefix("reason:").strip()
    return "" if reason in _NO_WORD else reason


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not reason_of(report):
        _SILENT.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _SILENT:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in _SILENT:
        terminalreporter.line(f"SKIPPED WITHOUT A REASON, which fails the suite: {name}", red=True)
