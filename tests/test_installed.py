"""Environments for audited projects: from every kind of lock, with the right Python, built once, and clear when they fail."""

from __future__ import annotations

import subprocess
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from checker.collect.files import Root
from checker.collect.installed import declared_by, locked_by
from checker.collect.locks_of_packages import fits, holds
from checker.model.installed import Installed, Pins
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe import environments
from checker.workplace import Request, Workplace
from tests.test_stage import written

UV = """
requires-python = ">=3.11"
[[package]]
name = "shop"
source = { editable = "." }
dependencies = [{ name = "tinyweb", extra = ["fast"] }, { name = "colorama", marker = "sys_platform == 'win32'" }]
[[package]]
name = "tinyweb"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "inner" }]
wheels = [{ url = "https://x/tinyweb-1.0-py3-none-any.whl", hash = "sha256:aa" }]
[package.optional-dependencies]
fast = [{ name = "speedy" }]
[[package]]
name = "inner"
version = "2"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://x/inner-2-py3-none-any.whl", hash = "sha256:bb" }]
[[package]]
name = "speedy"
version = "3"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://x/speedy-3-cp39-cp39-manylinux1_x86_64.whl", hash = "sha256:cc" }]
[[package]]
name = "colorama"
version = "4"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "uvicorn"
version = "0.1"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://x/uvicorn-0.1-py3-none-any.whl", hash = "sha256:dd" }]
[[package]]
name = "pytest"
version = "9"
source = { registry = "https://pypi.org/simple" }
"""
POETRY = """
[[package]]
name = "Tiny_Web"
version = "1.0"
python-versions = "*"
[package.dependencies]
inner = ">=1"
colorama = {version = "*", markers = "sys_platform == 'win32'"}
[package.extras]
fast = ["speedy (>=3)"]
[[package]]
name = "inner"
version = "2"
[[package]]
name = "speedy"
version = "3"
[[package]]
name = "gunicorn"
version = "5"
[metadata.files]
inner = [{file = "inner-2.tar.gz", hash = "sha256:bb"}]
"""
ASKS = '[tool.poetry.dependencies]\npython = "^3.9"\ntiny-web = {version = "^1", extras = ["fast"]}\ngunicorn = "*"\n'


def pins(folder: Path, files: dict[str, str]) -> Pins:
    root = Root(written(folder, files))
    found = locked_by(root, ".") or declared_by(root, ".")
    assert found is not None
    return found


def test_a_uv_lock_is_followed_from_the_project_to_all_that_it_needs(tmp_path: Path) -> None:
    found = pins(tmp_path, {"uv.lock": UV, "Dockerfile": "FROM docker.io/python:3.12-slim\n"})
    assert found.lines("3.11.7") == (
        "inner==2 --hash=sha256:bb",
        "speedy==3 --hash=sha256:cc",
        "tinyweb==1.0 --hash=sha256:aa",
        "uvicorn==0.1 --hash=sha256:dd",
    ), "the server of the development group is the one to start it with; test tools and other systems' packages are not"
    assert (found.requires, found.hinted, found.exact) == (">=3.11", "3.12", True)
    assert [environments._unbuilt(found, one) for one in ("3.9.1", "3.11.7")] == [0, 1]


def test_a_poetry_lock(tmp_path: Path) -> None:
    found = pins(tmp_path, {"poetry.lock": POETRY, "pyproject.toml": ASKS})
    assert found.lines("3.11.7") == ("gunicorn==5", "inner==2", "speedy==3", "tiny-web==1.0")
    assert found.requires == "^3.9"


def test_requirements_are_read_with_what_they_include(tmp_path: Path) -> None:
    files = {"requirements.txt": "-r requirements/base.txt\n-e .\n./vendored\ntwo==2  # said\n"}
    files["requirements/base.txt"] = "one==1 \\\n  --hash=sha256:aa\n-r base.txt\n"
    assert pins(tmp_path, files).lines("3.11.7") == ("one==1 --hash=sha256:aa", "two==2")
    (tmp_path / "requirements.txt").write_bytes("\ufeffthree==3\r\n".encode("utf-16-le"))
    assert pins(tmp_path, {}).lines("3.11.7") == ("three==3",)


def test_a_pipfile_and_what_is_only_declared(tmp_path: Path) -> None:
    lock = '{"default": {"one": {"version": "==1", "markers": "python_version >= \'3.8\'"}, "mine": {"path": "."}}}'
    assert pins(tmp_path / "a", {"Pipfile.lock": lock}).lines("3.11.7") == ("one==1 ; python_version >= '3.8'",)
    declared = '[project]\nrequires-python = ">=3.8"\ndependencies = ["one>=1"]\n'
    assert pins(tmp_path / "b", {"pyproject.toml": declared}).lines("3.11.7") == ("one>=1",)
    assert locked_by(Root(written(tmp_path / "c", {"uv.lock": "not [toml"})), ".") is None


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("3.11.7", "^3.9", True),
        ("4.0.0", "^3.9", False),
        ("3.11.7", "~3.10", False),
        ("3.11.7", ">=3.14,<3.15", False),
        ("3.11.7", "3.11.7", True),
        ("3.11.7", "", True),
        ("3.11.7", "whatever", True),
    ],
)
def test_which_python_fits(version: str, wanted: str, expected: bool) -> None:
    assert fits(version, wanted) is expected


def test_markers_are_those_of_the_other_python() -> None:
    assert holds("python_version < '3.9'", "3.8.18")
    assert not holds("python_version < '3.9'", "3.13.0")
    assert holds("extra == 'fast'", "3.11.7", ["fast"])
    assert holds("who knows", "3.11.7")


def wheel(folder: Path) -> None:
    folder.mkdir()
    with zipfile.ZipFile(folder / "tinyweb-1.0-py3-none-any.whl", "w") as file:
        file.writestr("tinyweb.py", "ANSWER = 42\n")
        file.writestr("tinyweb-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinyweb\nVersion: 1.0\n")
        file.writestr("tinyweb-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("tinyweb-1.0.dist-info/RECORD", "")


def build(folder: Path, *lines: str, **more: str) -> Installed:
    caller = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder / "wheels"),
        "PIP_CONFIG_FILE": "/dev/null",
        **more,
    }
    return environments.environment(Pins("requirements.txt", lambda _: lines, exact=False), caller, fits)


def test_an_environment_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(tmp_path / "wheels")
    one = build(tmp_path, "tinyweb==1.0")
    said = subprocess.run([one.python, "-c", "import tinyweb; print(tinyweb.ANSWER)"], capture_output=True, check=True)
    assert said.stdout == b"42\n"
    assert one.told.startswith("environment built from requirements.txt (1 requirements) with Python 3.")
    monkeypatch.setattr(environments, "_build", None)
    assert build(tmp_path, "tinyweb==1.0") == one
    assert str(tmp_path / ".cache" / "backend-checker") in one.python


def test_what_pip_cannot_install_is_said_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    for _ in range(2):
        with pytest.raises(
            Unavailable, match=r"pip could not install requirements\.txt: ERROR: .*tinyweb.*\[app\] python"
        ):
            build(tmp_path, "tinyweb==1.0")


def test_a_python_that_nobody_has(tmp_path: Path) -> None:
    wanted = Pins("uv.lock", lambda _: (), exact=True, requires=">=3.99")
    with pytest.raises(Unavailable, match=r"uv\.lock wants Python >=3\.99, and this machine has .*3\."):
        environments.environment(wanted, {"HOME": str(tmp_path)}, fits)


def test_a_cache_that_others_can_write_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / ".cache" / "backend-checker" / "environments"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(Unavailable, match="can be written by others"):
        build(tmp_path, "tinyweb==1.0")


def test_nothing_is_built_that_was_not_asked_for(tmp_path: Path) -> None:
    folder = written(tmp_path / "repo", {"requirements.txt": "tinyweb==1.0\n", "main.py": "app = FastAPI()\n"})
    with ExitStack() as stack, pytest.raises(NotApplicable, match="--install"):
        Workplace.open(Request(path=folder, profile="agent"), stack).facts.get(Installed)
    with ExitStack() as stack, pytest.raises(NotApplicable):
        Workplace.open(Request(path=folder, install=True), stack).facts.get(Installed)
    bare = written(tmp_path / "bare", {"main.py": "app = FastAPI()\n"})
    with ExitStack() as stack, pytest.raises(Unavailable, match="--install found no"):
        Workplace.open(Request(path=bare, profile="agent", install=True), stack).facts.get(Installed)


def test_packages_of_node_are_said_to_be_nodes(tmp_path: Path) -> None:
    repo = written(tmp_path, {"package.json": '{"dependencies": {"express": "4"}}', "src/app.js": "app.listen(1)\n"})
    asked = Request(path=repo, profile="agent", install=True)
    with ExitStack() as stack, pytest.raises(Unavailable, match=r"is Node's: run npm ci.*\[app\] start"):
        Workplace.open(asked, stack).facts.get(Installed)
    (repo / "checker.toml").write_text('[app]\nstart = ["node", "src/app.js", "{port}"]\n', "utf-8")
    with ExitStack() as stack, pytest.raises(NotApplicable, match=r"\[app\] start says how"):
        Workplace.open(asked, stack).facts.get(Installed)
