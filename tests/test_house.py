"""House rules that a machine can hold: small modules that say what they are for, and fixtures that are really there."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scratch import ENVIRONMENT

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "checker").rglob("*.py"))
OURS = [*MODULES, *sorted((ROOT / "tests").glob("*.py"))]
LONGEST, LONGEST_TEST = 350, 450  # lines
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "stuff"}


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_modules_are_small() -> None:
    most = {file: LONGEST if file in MODULES else LONGEST_TEST for file in OURS}
    assert [named(file) for file in OURS if len(file.read_text("utf-8").splitlines()) > most[file]] == []


def test_a_module_says_in_one_sentence_what_it_is_for() -> None:
    said = {named(file): ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "" for file in OURS}
    assert [name for name, text in said.items() if not text.endswith(".") or re.search(r"[.!?]\s+[A-Z`]", text)] == []


def test_names_are_of_the_field() -> None:
    parts = {
        named(file): {part.removesuffix(".py").strip("_") for part in file.relative_to(ROOT).parts} for file in MODULES
    }
    assert [name for name, words in parts.items() if not VAGUE.isdisjoint(words)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"\b(TODO|FIXME|XXX|HACK)\b",
        r"\bNotImplementedError\b",
        r"type: ignore(?!\[)",  # an ignore names what it ignores
        r"\bTYPE_CHECKING\b",  # facts are found by type at run time
    ],
)
def test_nowhere_in_the_product(pattern: str) -> None:
    assert [named(file) for file in MODULES if re.search(pattern, file.read_text("utf-8"))] == []


def test_only_the_engine_contains_a_broken_check() -> None:
    catching = {
        named(file) for file in MODULES for node in ast.walk(ast.parse(file.read_text("utf-8"))) if _catches_all(node)
    }
    catching = {
        file for file in catching if not file.startswith("checker/probe/inside/")
    }  # where other people's code runs
    assert catching == {"checker/engine.py", "checker/cli/__init__.py"}


def _catches_all(node: ast.AST) -> bool:
    return isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception")


def test_only_the_command_line_ends_the_process() -> None:
    exiting = {
        named(file) for file in MODULES if re.search(r"\b(sys\.exit|SystemExit|os\._exit)\b", file.read_text("utf-8"))
    }
    assert {file for file in exiting if not file.startswith(("checker/cli/", "checker/probe/inside/"))} == set()


def _ignored(paths: list[Path], root: Path) -> Iterator[str]:
    """The paths that git would leave out, each fixture file asked for by its own name."""
    names = "\0".join(str(path.relative_to(root)) for path in paths)
    command = ["git", "check-ignore", "--no-index", "-z", "--stdin"]
    done = subprocess.run(command, cwd=root, env=ENVIRONMENT, input=names, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    yield from filter(None, done.stdout.split("\0"))


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
@pytest.mark.parametrize("folder", ["checker", "fixtures", "reports", "rules", "tests"])
def test_no_ignore_file_swallows_a_file(folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() or path.is_symlink()]
    wanted = [path for path in files if not any(part.endswith(("cache__", "_cache")) for part in path.parts)]
    assert list(_ignored(wanted, ROOT)) == []


def test_the_question_to_git_can_say_no(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], env=ENVIRONMENT, check=True)
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "a").write_text("")
    (tmp_path / "b").write_text("")
    assert list(_ignored([tmp_path / "build" / "a", tmp_path / "b"], tmp_path)) == ["build/a"]


def test_each_test_that_the_threat_model_names_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| (repository|agent|artefact|app) \|", line)]
    named = {row: re.findall(r"`((?:browser/)?\w+\.py)(?:::(\w+))?`", row.split("|")[4]) for row in rows}
    assert len(rows) >= 15
    assert [row for row, tests in named.items() if not tests] == []
    for file, test in {one for tests in named.values() for one in tests}:
        found = (ROOT / "tests" / file).read_text("utf-8")
        assert not test or re.search(rf"def {test}\(", found), f"{file}::{test}"


def test_the_architecture_names_every_part() -> None:
    """Each module at the top and each package has its line in the table of places."""
    table = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("**Laws.**")[0].partition("| place |")[2]
    named = {word.removeprefix("checker/").rstrip("/") for word in re.findall(r"`([\w./]+)(?:<\w+>/)?`", table)}
    parts = {one.name for one in (ROOT / "checker").iterdir() if not one.name.startswith("_")}
    assert parts - named == set()
