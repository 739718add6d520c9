"""How an app may be started, told from its source alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.collect.app_entries import app_entries
from checker.collect.files import Root
from checker.model.repo import File, Inventory, Role
from checker.model.settings import App, Description

MAKER = "def create_app(x=1):\n    it = Flask('a')\n    return it\n"


def entries(folder: Path, files: dict[str, str], app: App | None = None) -> list[str]:
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    listed = tuple(File(name, Role.RUNTIME, len(text)) for name, text in sorted(files.items()))
    found = app_entries(Root(folder), Inventory(listed), Description(app=app or App()))
    return [f"{one.folder}>{one.spelled}".removeprefix(".>") for one in found]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"app/main.py": "app = FastAPI(title='x')\n"}, ["app.main:app", "app>main:app"]),
        ({"src/wsgi.py": "application: Flask = flask.Flask(__name__)\n"}, ["src>wsgi:application", "src.wsgi:application"]),
        ({"main.py": "app = create_app()\n", "web.py": MAKER}, ["main:app", "web:create_app()"]),
        ({"web.py": "def create_app(settings):\n    it = Flask('a')\n    return it\n"}, []),
        ({"web.py": "def create_app():\n    return 1\n\ndef other():\n    it = Flask('a')\n"}, []),
        ({"a.py": "app = FastAPI()\n", "pkg/main.py": "app = FastAPI()\n"}, ["pkg.main:app", "a:app", "pkg>main:app"]),
        ({"web.py": "def build() -> Litestar:\n    return Litestar([])\n"}, ["web:build()"]),
        ({"my-app/main.py": "app = FastAPI()\n"}, ["my-app>main:app"]),
        ({"pkg/__init__.py": "", "pkg/main.py": "app = FastAPI()\n"}, ["pkg.main:app"]),
        ({"a/pyproject.toml": "", "a/b/__init__.py": "", "a/b/app.py": "app = FastAPI()\n"}, ["a>b.app:app", "a.b.app:app"]),
    ],
)  # fmt: skip
def test_entries(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    assert entries(tmp_path, files) == expected


def test_the_configured_command_names_the_entry(tmp_path: Path) -> None:
    start = ("python", "-m", "uvicorn", "shop.web:make()", "--port", "{port}")
    assert entries(tmp_path, {"main.py": "app = FastAPI()\n"}, App(start=start)) == ["shop.web:make()"]


def test_a_long_function_is_read_in_no_time(tmp_path: Path) -> None:
    long = "def create_app():\n" + "    value = 1\n\n" * 20_000
    assert entries(tmp_path, {"main.py": long}) == []


def test_modules_are_seen_from_the_working_directory(tmp_path: Path) -> None:
    files = {"backend/app/main.py": "app = FastAPI()\n", "other/main.py": "app = FastAPI()\n"}
    assert entries(tmp_path, files, App(workdir="backend")) == ["backend>app.main:app", "backend/app>main:app"]
