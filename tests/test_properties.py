"""Every reader of what others wrote, on any text: no crash, no hang, nothing without a bound; and the laws of whole runs."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from checker import baseline, sarif_import
from checker.audit import audit
from checker.collect import ignored, locks_of_packages, revision_source, sql_migrations
from checker.collect.code.functions import parsed
from checker.collect.env_files import env_file
from checker.collect.outputs import evidence, kinds, loose, markdown, recorded, text, tool_reports, truth, work
from checker.model.globs import covers
from checker.model.repo import File, Role
from checker.model.report import Report
from checker.model.sql_text import actions, statements
from checker.proofs import bundle, js_tests, junit
from checker.proofs.envelope import opened
from checker.toml_source import ConfigurationError
from checker.workplace import Request
from tests.child import audit as run
from tests.scratch import build
from tests.test_rules import CASES, NOW, default_standards

PROPERTY = settings(deadline=None, database=None, max_examples=int(os.environ.get("EXAMPLES", "60")), derandomize=True)
WORDS = (
    "PASSED FAILED 3 passed, 1 failed in 0.1s|ok 1 - a|not ok 2|1..2|SF:a.py|DA:1,1|LF:2|LH:1|end_of_record"
    "|<testsuite tests='2'>|</testsuite>|<testcase name='a'>|<failure/>|<coverage lines-valid='0' lines-covered='1'>"
    "|TOTAL 10 2 80%|coverage: 91%|$ pytest|exit 1|```|```sh|# Summary|## Tests|- [x] a|- [ ] b|---|status: done|owner: "
    "|{|}|[|]|\"a\": 1|,|:|'|\"|\\|;|--|/*|CREATE TABLE a (|ALTER TABLE|DROP COLUMN|*/|$$|DO $a$|BEGIN|revision = '1'"
    "|down_revision = ('1', None)|def upgrade():|    op.execute('''|op.add_column(|sa.Column(|==1.0; python_version < '3'"
    "|-r a.txt|a[b]>=1,<2|git+https://x#egg=y|!a/|**/|[!a-z]|\\\\|KEY=|export A='|${B:-c}|\u202e|\x00|user: yes"
    "|assistant: done|Human:|tool_call|2026-11-21T11:00:00Z|NOW|9999-99-99|1e999|-0|\ufeff|é|🔴|| a | b |"
).split("|")
texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=40).flatmap(
    lambda parts: st.sampled_from(["", " ", "\n"]).map(lambda between: between.join(parts))
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from("runs results tool version id status steps name package uri findings".split()), inner
        )
    ),
    max_leaves=12,
)


def all_of(made: Iterable[Any]) -> list[Any]:
    return list(made)


def _env(value: str) -> Any:
    return env_file(File(".env", Role.RUNTIME, len(value)), True, value.encode("utf-8", "replace"), lambda _: False)


def _sql_trees(value: str) -> list[Any]:
    files = {"migrations/0001_a.sql": value, "migrations/0001_a.down.sql": value[::-1]}
    return all_of(sql_migrations.sql_trees(files, lambda path: files[path]).trees)


def _bundle(value: str) -> Any:
    data = value.encode("utf-8", "replace")
    return bundle.read("a.intoto.jsonl", data), bundle.head(data), bundle.lines_of(data)


READERS: Mapping[str, Callable[[str], Any]] = {
    "tallies of runners": lambda one: all_of(tool_reports.tallies(one)),
    "suite attributes": tool_reports.suite_attributes,
    "coverage of Cobertura": lambda one: tool_reports.covered("coverage.xml", "<coverage " + one),
    "coverage of lcov": lambda one: tool_reports.covered("lcov.info", one),
    "coverage in text": lambda one: tool_reports.covered("a.txt", one),
    "figures": lambda one: [
        all_of(evidence.measured(path, one, "r")) for path in ("a.tap", "junit.xml", "lcov.info", "a.log")
    ],
    "failed cases": lambda one: [all_of(evidence.failed_cases(path, one)) for path in ("a.tap", "junit.xml", "a.log")],
    "commands in logs": lambda one: all_of(recorded.in_log("a.log", one, "r")),
    "acts of a command": recorded.acts_of,
    "loose data": loose.data,
    "loose pairs": loose.pairs,
    "loose records": lambda one: all_of(loose.records(one, None)),
    "Markdown": lambda one: (markdown.sections(one), all_of(markdown.blocks(one))),
    "any encoding": lambda one: text.readable("a", one.encode("utf-16", "surrogatepass")),
    "kind by path": kinds.by_path,
    "kind by text": lambda one: all_of(kinds.by_text(one, markdown.sections(one))),
    "lock": lambda one: work.lock_of("a.lock", one),
    "moment": work.moment,
    "truth's gates": lambda one: all_of(truth.sub_gates(one)),
    "SQL": lambda one: [all_of(actions(each)) for each in statements(one)],
    "SQL migrations": _sql_trees,
    "revision of Alembic": lambda one: revision_source.revision("alembic/versions/a.py", one),
    ".env": _env,
    ".gitignore": lambda one: ignored.is_ignored("a/b", False, [("", ignored.rules(one.encode("utf-8", "replace")))]),
    "requirement": locks_of_packages.requirement,
    "marker": lambda one: locks_of_packages.holds(one, "3.11"),
    "version": lambda one: locks_of_packages.fits("1.0", one),
    "glob": lambda one: covers(one, "a/b/c.py"),
    "Python source": lambda one: parsed("a.py", one.encode("utf-8", "replace")),
    "JavaScript tests": lambda one: js_tests.module("a.test.ts", one.encode("utf-8", "replace")),
    "bundle of proofs": _bundle,
    "envelope": lambda one: opened(one.encode("utf-8", "replace")),
}
REFUSED = (ValueError, ConfigurationError)  # a reader may refuse in one line, as what calls it expects
MAY_REFUSE = {"any encoding", "envelope", "loose data", "loose pairs"}


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reader_survives_any_text(name: str) -> None:
    @PROPERTY
    @given(texts | st.text(max_size=60))
    @example("")
    def survives(one: str) -> None:
        with contextlib.suppress(*(REFUSED if name in MAY_REFUSE else ())):
            READERS[name](one)

    survives()


@PROPERTY
@given(texts)
def test_results_in_xml_are_read_or_refused(one: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "junit.xml")
        for around in ("{}", "<testsuites>{}</testsuites>", "<coverage line-rate='{}'/>"):
            file.write_bytes(around.replace("{}", one).encode("utf-8", "replace"))
            with contextlib.suppress(junit.Unparsed):
                junit.read(file)
            with contextlib.suppress(junit.Unparsed):
                junit.line_rate(file, Path(folder), {"a.py": 1})


@PROPERTY
@given(values, texts)
def test_files_that_a_caller_names_are_read_or_refused(value: Any, one: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.sarif")
        for data in (json.dumps(value), one):
            file.write_text(data, "utf-8", "replace")
            with contextlib.suppress(ConfigurationError):
                sarif_import.read((file,), Path(folder))
            with contextlib.suppress(ConfigurationError):
                baseline.parse("a", data)


STATIC = [
    case
    for case in CASES
    if "profile" not in tomllib.loads((case / "expect.toml").read_text("utf-8")) and not (case / "history").is_dir()
]
ODD = [
    one.encode("utf-8", "surrogatepass") for one in (*WORDS, "\n\n", "\t", " " * 50, "9" * 50, "&a *a", "!!a", "<<: *a")
]
edits = st.lists(
    st.tuples(
        st.sampled_from(["cut", "drop", "double", "put", "swap"]),
        st.integers(0, 10**6),
        st.integers(1, 40),
        st.sampled_from(ODD),
    ),
    min_size=1,
    max_size=6,
)


def edited(data: bytes, changes: list[tuple[str, int, int, bytes]]) -> bytes:
    """A file after some accidents: cut off, a stretch lost, doubled or moved, something odd put in."""
    for kind, where, length, odd in changes:
        at = where % (len(data) + 1)
        match kind:
            case "cut":
                data = data[:at]
            case "drop":
                data = data[:at] + data[at + length :]
            case "double":
                data = data[:at] + data[at : at + length] * 3 + data[at + length :]
            case "put":
                data = data[:at] + odd + data[at:]
            case _:
                data = data[at:] + data[:at]
    return data


def asked(case: Path, target: Path) -> Report:
    """A case audited by its own rule, with nothing contained: what breaks, raises."""
    standards = tomllib.loads((case / "expect.toml").read_text("utf-8")).get(
        "standards", default_standards(case.parent.name)
    )
    return audit(Request(target, tuple(standards), (case.parent.name,), as_of=NOW, contain=False)).report


@contextlib.contextmanager
def laid(case: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        build(case, Path(folder, "repo"))
        yield Path(folder, "repo")


@settings(PROPERTY, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(st.sampled_from(STATIC), st.integers(0, 10**6), edits)
def test_a_damaged_file_breaks_no_rule(case: Path, which: int, changes: list[tuple[str, int, int, bytes]]) -> None:
    with laid(case) as repo:
        files = sorted(path for path in repo.rglob("*") if path.is_file() and not path.is_symlink())
        if not files:
            return
        file = files[which % len(files)]
        file.write_bytes(edited(file.read_bytes(), changes))
        with contextlib.suppress(ConfigurationError):  # where what was damaged is the configuration
            report = asked(case, repo)
            assert report.status == "blocked" or report.examined


BAD = [case for case in STATIC if case.name.startswith("fail-")]


@settings(PROPERTY, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(st.sampled_from(BAD), st.sampled_from(STATIC))
def test_more_files_never_improve_a_verdict(case: Path, other: Path) -> None:
    """What is wrong stays wrong beside the files of another case, in a folder where nothing of the first is replaced.

    The other's files are runtime source and documents of its own, not a configuration nor a contract of the same name.
    """
    with laid(case) as repo, laid(other) as more:
        first = asked(case, repo)
        for file in sorted(more.rglob("*.py")):
            target = repo / "zz_other" / file.relative_to(more)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
        if case.parent.name not in ABSENCES:
            report = asked(case, repo)
            assert (first.status, report.status) != ("blocked", "ready")
            assert {one.fingerprint for one in first.findings} <= {one.fingerprint for one in report.findings}


# What is wrong because something is nowhere is mended by more files.
ABSENCES = {case.parent.name for case in BAD if 'path = "."' in (case / "expect.toml").read_text("utf-8")}


@settings(PROPERTY, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(st.sampled_from(BAD), st.integers(0, 10**6))
def test_a_file_that_cannot_be_read_is_no_pass(case: Path, which: int) -> None:
    """Each file with a finding is made unreadable in turn: the finding may become another, never a pass that saw nothing."""
    with laid(case) as repo:
        named = sorted({one.where.path for one in asked(case, repo).findings if (repo / one.where.path).is_file()})
        if not named:
            return
        path = named[which % len(named)]
        (repo / path).unlink()
        (repo / path).symlink_to("/nonexistent")
        with contextlib.suppress(ConfigurationError):
            report = asked(case, repo)
            (result,) = [one for one in report.results if one.rule == case.parent.name]
            said = any(path in note for note in report.notes)
            assert result.outcome.value != "passed" or said


def test_any_number_of_jobs_and_any_order_of_options_give_the_same_bytes(tmp_path: Path) -> None:
    case = next(case for case in STATIC if case.parent.name == "error-envelope" and case.name.startswith("fail-"))
    build(case, tmp_path / "repo")
    rules = ("error-envelope", "operation-security", "api", "code")
    orders = [[word for one in order for word in ("--only", one)] for order in (rules, rules[::-1])]
    made = {
        run(tmp_path / "repo", "--format", "json", *words, "--jobs", jobs).out for words in orders for jobs in "127"
    }
    assert len(made) == 1
