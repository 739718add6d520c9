"""The only place that turns a policy's command into a tool that can be run without its loopholes and read afterwards."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Literal

from checker.model.git import TrackedEntry
from checker.model.globs import covers
from checker.model.proof import Signal
from checker.model.repo import Role
from checker.model.settings import Policy
from checker.model.unavailable import Unavailable
from checker.proofs import eslint_run, js_run, junit, pytest_run, tool_runs, unittest_run
from checker.proofs.gates import Default, Gates
from checker.proofs.junit import Unparsed
from checker.proofs.outcome import Outcome
from checker.proofs.own_runner import JUNIT, taking_part
from checker.proofs.pytest_run import Suite
from checker.proofs.revision import Revision
from checker.proofs.scratch import Scratch

Name = Literal[
    "pytest", "unittest", "node", "vitest", "jest", "eslint", "ruff", "compileall", "build", "checker", "other"
]
WEAKENED = ("test_output", "coverage_report", "lint_output")  # proofs that a change of their judges concerns
JAVASCRIPT = ("node", "vitest", "jest", "eslint")
_MODULES: dict[str, Name] = {
    "pytest": "pytest",
    "py.test": "pytest",
    "unittest": "unittest",
    "ruff": "ruff",
    "compileall": "compileall",
    "build": "build",
    "checker": "checker",
}
_OF_NODE: dict[str, Name] = {"vitest": "vitest", "jest": "jest", "eslint": "eslint"}
_OF_TESTS = {
    "test-removed",
    "skip-added",
    "assert-weakened",
    "helper-changed",
    "helper-extended",
    "helper-loosened",
    "hook-added",
    "runner-tamper",
    "source-detects-tests",
    "source-looks-right",
    "test-data-changed",
    "test-dropped",
    "test-empty",
    "test-replaced",
    "narrowed",
    "code-unreadable",
}


@dataclass(frozen=True)
class Tool:
    """What a command runs: a tool whose results can be read, with the words after its name, or some other argv."""

    name: Name
    words: tuple[str, ...]


def choose(kind: str, policy: Policy, revisions: Sequence[Revision], gates: Gates) -> Tool:
    """The policy's command, else the first default that fits the first of the revisions for which one does.

    The base comes before the head, so that a change does not choose its own command. Unavailable: none fits, with the
    line to add.
    """
    argv = policy.commands.get(kind)
    if argv is None:
        fitting = (one for each in revisions for one in gates.types[kind].defaults if _fits(one, each))
        argv = next((one.argv for one in fitting), None)
    if not argv:
        words = ", ".join(f'"{word}"' for word in gates.types[kind].example)
        raise Unavailable(
            f"no command for {kind}: none is configured and none was detected; add [commands] {kind} = [{words}] to checker.toml"
        )
    return tool(argv)


def tool(argv: Sequence[str]) -> Tool:
    """`python -m X …` and `X …` are the same tool; a shell, and anything unknown, is some other command."""
    first = PurePosixPath(argv[0]).name
    if first.startswith("python") and len(argv) > 2 and argv[1] == "-m":
        return Tool(_MODULES.get(argv[2], "other"), tuple(argv[3:] if argv[2] in _MODULES else argv))
    if first in ("npx", "pnpx", "bunx") and len(argv) > 1 and argv[1] in _OF_NODE:
        return Tool(_OF_NODE[argv[1]], tuple(argv[2:]))
    if first in _OF_NODE and argv[0] in (first, f"node_modules/.bin/{first}", f"./node_modules/.bin/{first}"):
        return Tool(_OF_NODE[first], tuple(argv[1:]))
    if first == "node" and "--test" in argv:
        return Tool("node", tuple(argv[1:]))
    known = _MODULES.get(first) if "/" not in argv[0] and first not in ("unittest", "compileall", "build") else None
    return Tool(known, tuple(argv[1:])) if known else Tool("other", tuple(argv))


def run(kind: str, chosen: Tool, scratch: Scratch, head: Revision, base: Revision | None, gates: Gates) -> Outcome:
    """Run it on an exported head and read it; what is asked of the tests is what the base's settings say.

    CommandMissing and Unavailable where the command is not there.
    """
    limits, sources = gates.types[kind], head.python
    if chosen.name in ("node", "vitest", "jest"):
        return js_run.run(chosen.name, scratch, head.js_side().suite, chosen.words, limits.seconds)
    if chosen.name == "eslint":
        return eslint_run.run(scratch, head.javascript, chosen.words, limits.seconds)
    if chosen.name in ("unittest", "pytest"):
        return _tested(kind, chosen, scratch, head, base, gates)
    if chosen.name == "ruff":
        return tool_runs.ruff(scratch, chosen.words, sources, limits.seconds)
    if chosen.name == "compileall":
        return tool_runs.compiled(scratch, chosen.words, sources, limits.seconds)
    if chosen.name == "build":
        return tool_runs.wheel(scratch, chosen.words, limits.seconds)
    if chosen.name == "checker":
        return tool_runs.own_audit(scratch, chosen.words, limits.seconds)
    words = list(chosen.words)
    if PurePosixPath(words[0]).name in ("python", "python3"):
        words[0] = str(scratch.interpreter.path)
    if any(JUNIT in word for word in words):
        return tool_runs.reported(scratch, words, JUNIT, limits.seconds)
    return tool_runs.believed(scratch, words, limits.seconds)


def _tested(kind: str, chosen: Tool, scratch: Scratch, head: Revision, base: Revision | None, gates: Gates) -> Outcome:
    before = base.side().suite.configured if base else None
    suite = _named(scratch, head.side(before.testpaths if before else None).suite, chosen.words)
    if chosen.name == "unittest":
        return unittest_run.run(scratch, suite, chosen.words, gates.types[kind].seconds)
    if kind != "coverage_report":
        return pytest_run.run(scratch, suite, chosen.words, gates, gates.types[kind].seconds)
    return _covered(scratch, head, suite, chosen.words, gates, before.omitted if before else ())


def _named(scratch: Scratch, suite: Suite, words: Sequence[str]) -> Suite:
    """The suite below the files and folders that the policy's own words name; all of it where they name none."""
    said = (word.partition("::")[0].strip("/").removeprefix("./") for word in words if not word.startswith("-"))
    named = tuple(one for one in said if one not in ("", ".") and (scratch.tree / one).exists())
    return replace(suite, testpaths=named) if named else suite


def own_files(kind: str, chosen: Tool, revision: Revision) -> list[TrackedEntry]:
    """The files of the tree that take part in a command: whoever changes one of them changes what judges."""
    if chosen.name != "other":
        return []
    return taking_part(chosen.words, revision.entries, revision.role, compared=kind in WEAKENED)


def concerns(kind: str, signal: Signal) -> bool:
    """Whether a change of the judges concerns this proof: tests concern test runs, each tool's settings its own runs."""
    about = signal.about
    tests = kind in ("test_output", "coverage_report")
    if signal.kind in _OF_TESTS:
        return tests
    if signal.kind in ("config-changed", "config-extended"):
        words = {
            "test_output": ("pytest",),
            "coverage_report": ("pytest", "coverage", "report", "run"),
            "lint_output": ("ruff", "flake8", "mypy"),
        }
        return any(word in about for word in words.get(kind, ()))
    if signal.kind == "threshold-lowered":
        return kind == "coverage_report"
    return signal.kind in ("suppression-added", "suppression-widened") and kind in ("lint_output", "coverage_report")


def _covered(
    scratch: Scratch, head: Revision, suite: Suite, words: Sequence[str], gates: Gates, omitted: Sequence[str]
) -> Outcome:
    """pytest with pytest-cov, its own settings file empty: no `omit`, no `exclude_lines` of the repository counts."""
    report, settings = scratch.results / "coverage.xml", scratch.results / "coveragerc"
    settings.write_text("[run]\nbranch = false\n[report]\nexclude_lines =\n    (?!)\n", "utf-8")
    kept = [
        word for word in words if not word.startswith(("--cov-report", "--cov-config", "--no-cov", "--cov-fail-under"))
    ]
    extra = (
        "--cov-report",
        f"xml:{report}",
        f"--cov-config={settings}",
        *("--cov",) * (not any(w.startswith("--cov") for w in kept)),
    )
    seconds, minimum = gates.types["coverage_report"].seconds, gates.types["coverage_report"].minimum or 0.0
    done = pytest_run.run(scratch, suite, kept, gates, seconds, extra=extra)
    if done.code == 4:
        raise Unavailable(
            f"pytest-cov is not installed for {scratch.interpreter.path}; {scratch.interpreter.path} -m pip install pytest-cov"
        )
    try:
        rate = junit.line_rate(report, scratch.tree, _to_cover(scratch, head, words, omitted))
    except Unparsed as wrong:
        return replace(done, signals=(*done.signals, Signal(kind="unparsed", about=str(wrong))))
    if rate >= minimum:
        return done
    about = f"{rate:.1f} % of lines are covered, {minimum:g} % are asked"
    return replace(done, signals=(*done.signals, Signal(kind="too-little", about=about)))


def _fits(default: Default, head: Revision) -> bool:
    paths = [one.path for one in head.entries if any(covers(pattern, one.path) for pattern in default.files)]
    if default.text is None:
        return bool(paths)
    wanted = default.text.encode()
    return any(wanted in head.contents.get(path, b"") for path in paths)


def _to_cover(scratch: Scratch, head: Revision, words: Sequence[str], omitted: Sequence[str]) -> dict[str, int]:
    """Files of source with how many statements each has; below what `--cov=PLACE` of the policy names, where it names
    one, and without what the base's own settings omit."""
    named = [word.partition("=")[2].strip("/").replace(".", "/") for word in words if word.startswith("--cov=")]
    places = tuple(
        f"{root}{one}" for one in named if one for root in ("", "src/") if (scratch.tree / root / one).is_dir()
    )
    asked = {path: data for path, data in head.side().source.items() if head.role(path) is Role.RUNTIME}
    told = {path: data for path, data in asked.items() if not any(fnmatchcase(path, one) for one in omitted)}
    kept = {
        path: data for path, data in told.items() if not places or path.startswith(tuple(f"{one}/" for one in places))
    }
    return {path: count for path, data in kept.items() if (count := _statements(data))}


def _statements(source: bytes) -> int:
    """Lines on which a statement begins, as coverage counts them; what only documents is none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 1
    told = (one for one in ast.walk(tree) if isinstance(one, ast.stmt))
    return len({one.lineno for one in told if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))})
