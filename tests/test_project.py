"""What a project is made with, how it starts and what judges it: told from its files, for doctor and init."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from checker.cli import root as command
from checker.doctor import looked_at
from checker.model.project import Project

PYTEST = ("python", "-m", "pytest")


def seen(root: Path, files: dict[str, str]) -> Project:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return looked_at(root, {})[1]


@pytest.mark.parametrize(
    ("declared", "source", "framework", "start"),
    [
        ("fastapi[standard]", "from fastapi import FastAPI\napp = FastAPI()\n", "FastAPI", "uvicorn app.main:app"),
        (
            "flask",
            "from flask import Flask\ndef create_app():\n    return Flask('a')\n",
            "Flask",
            "flask --app app.main:create_app()",
        ),
        ("litestar", "from litestar import Litestar\napp = Litestar()\n", "Litestar", "uvicorn app.main:app"),
    ],
)
def test_python_says_its_framework_and_how_it_starts(
    declared: str, source: str, framework: str, start: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, {"app/__init__.py": "", "app/main.py": source, "requirements.txt": f"{declared}\nuvicorn\n"})
    assert [str(one) for one in found.frameworks] == [f"{framework} (requirements.txt:1)"]
    assert [str(one) for one in found.managers] == ["pip (requirements.txt)"]
    assert found.start is not None
    assert start in " ".join(found.start.argv)
    assert (found.start.found, found.start.sure) == ("app/main.py", True)


def test_express_says_its_own(tmp_path: Path) -> None:
    package = {
        "scripts": {"start": "node src/index.js", "test": "NODE_ENV=test jest --ci"},
        "dependencies": {"express": "5"},
    }
    schema = 'datasource db {\n  provider = "postgresql"\n}\n'
    files = {"package.json": json.dumps(package, indent=1), "pnpm-lock.yaml": "", "db/schema.prisma": schema}
    found = seen(tmp_path, files)
    assert [one.name for one in found.frameworks] == ["Express"]
    assert [one.name for one in found.managers] == ["pnpm"]
    assert found.start is not None
    assert found.start.argv == ("node", "src/index.js")
    assert found.database == "postgresql (db/schema.prisma)"
    assert found.commands is not None
    assert found.commands["test_output"].argv == ("npx", "jest")


@pytest.mark.parametrize(
    ("path", "line", "argv"),
    [
        ("Makefile", "test:\n\tpoetry run pytest -n auto --cov tests  # all\n", (*PYTEST, "tests")),
        (
            "Makefile",
            "lint:\n\t@uv run ruff check --fix app tests && uv run mypy app\n",
            ("ruff", "check", "app", "tests"),
        ),
        (".github/workflows/ci.yml", "jobs:\n  a:\n    steps:\n      - run: coverage run -m pytest\n", PYTEST),
        ("tox.ini", "[testenv]\ncommands = python -m unittest discover\n", ("python", "-m", "unittest")),
        ("pyproject.toml", '[tool.taskipy.tasks]\ntest = "pytest tests -x"\n', (*PYTEST, "tests")),
    ],
)
def test_commands_are_taken_with_their_places_and_without_their_options(
    path: str, line: str, argv: tuple[str, ...], tmp_path: Path
) -> None:
    found = seen(tmp_path, {path: line, "app/a.py": "A = 1\n", "tests/test_a.py": "def test() -> None: ...\n"})
    kind = "lint_output" if "ruff" in argv else "test_output"
    assert found.commands is not None
    assert found.commands[kind].argv == argv
    assert found.commands[kind].found.startswith(path)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("pyproject.toml", '[project]\ndependencies = ["pytest", "ruff"]\n[tool.poetry.dependencies]\npytest = "^8"\n'),
        ("package.json", '{"devDependencies": {"jest": "^29", "eslint": "9"}, "scripts": {"x": "echo jest"}}'),
        ("Makefile", "install:\n\tpip install pytest ruff\n# pytest tests\n"),
        (".github/workflows/ci.yml", "# run: pytest\non: push\nname: pytest\n"),
    ],
)
def test_what_merely_names_a_tool_is_no_command(path: str, line: str, tmp_path: Path) -> None:
    found = seen(tmp_path, {path: line, "README": "x"})
    assert not [one for one in (found.commands or {}).values() if one.found.startswith(f"{path}:")]


def test_init_writes_what_was_found_with_its_source_and_the_rest_as_remarks(tmp_path: Path) -> None:
    source = "from fastapi import FastAPI\napp = FastAPI()\n"
    seen(tmp_path, {"main.py": source, "requirements.txt": "fastapi\nuvicorn\n", "Makefile": "test:\n\tpytest\n"})
    done = CliRunner().invoke(command, ["init", str(tmp_path), "--only", "config"])
    assert done.exit_code == 0, done.output
    written = (tmp_path / "checker.toml").read_text("utf-8")
    assert 'test_output = ["python", "-m", "pytest"] # Makefile:2\n' in written
    loaded = tomllib.loads(written)
    assert loaded["app"] == {"start": ["python", "-m", "uvicorn", "main:app", "--port", "{port}"]}
    assert set(loaded["commands"]) == {"build_output", "lint_output", "test_output"}
    assert CliRunner().invoke(command, ["audit", str(tmp_path), "--only", "config"]).exit_code in (0, 3)


def test_a_guess_is_written_as_a_remark(tmp_path: Path) -> None:
    source = "from fastapi import FastAPI\napp = FastAPI()\n"
    seen(tmp_path, {"main.py": source, "other.py": source, "requirements.txt": "fastapi\nuvicorn\n"})
    CliRunner().invoke(command, ["init", str(tmp_path), "--only", "config"])
    written = (tmp_path / "checker.toml").read_text("utf-8")
    assert "app" not in tomllib.loads(written)
    assert "# start = [" in written
    assert "# test_output = " in written
