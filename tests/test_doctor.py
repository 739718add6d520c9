"""`checker doctor`: what an audit would find to work with, and the line that would supply what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from checker.cli import root as command
from checker.cli.output import Output, emit
from checker.render import RENDERERS
from tests import backend
from tests.child import inside, refused
from tests.sample_report import sample
from tests.scratch_git import Repo

ROUTES = 'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get("/orders")\ndef orders():\n    return []\n'


def doctor(path: Path, **rest: Any) -> Any:
    done = inside("doctor", path, "--format", "json", **rest)
    assert (done.code, done.err) == (0, "")
    return done.json


def missing(found: Any) -> dict[str, str]:
    return {one["what"]: one["fix"] for one in found["missing"]}


def test_a_whole_backend_lacks_nothing(tmp_path: Path) -> None:
    repo = backend.anchored(tmp_path / "repo")
    repo.write("checker.toml", 'standards = ["backend-coder"]\n')
    repo.write("tests/test_a.py")
    base = repo.commit()
    found = doctor(repo.path, env={"CHECKER_BASE": base})
    assert found["missing"] == []
    assert found["next"] == f"checker audit {repo.path}"
    detected = found["detected"]
    assert (detected["git"], detected["base"]) == (f"change at {base[:12]}", base)
    assert detected["files"] == "3 (2 runtime, 1 test)"
    assert (detected["openapi"], detected["graphql"], detected["copies"]) == (["openapi.yaml"], [], [])
    assert (detected["configuration"], detected["standards"], detected["waivers"]) == (
        "checker.toml",
        ["backend-coder"],
        0,
    )


def test_without_anything_each_lack_has_a_line_that_supplies_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text(ROUTES)
    found = doctor(tmp_path)
    assert set(missing(found)) == {"git history", "a contract", "checker.toml", "the app's packages"}
    assert all(fix for fix in missing(found).values())
    assert found["next"].startswith(f"git -C {tmp_path} init && git -C {tmp_path} add"), "wherever the line is run"
    assert "routes are declared (app.py)" in str(found["missing"])
    monkeypatch.chdir(tmp_path)
    assert doctor(Path())["next"].startswith("git init && git add")


def test_a_repo_without_a_base_says_how_to_name_one(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    repo.write("openapi.yaml", backend.BAD)
    repo.commit()
    assert missing(doctor(repo.path))["a base revision"] == f"checker audit --base origin/main {repo.path}"


def test_a_damaged_repo_is_not_told_to_start_anew(tmp_path: Path) -> None:
    repo = backend.anchored(tmp_path / "repo")
    (repo.path / ".git" / "HEAD").write_text("nonsense\n")
    assert missing(doctor(repo.path))["git history"] == f"git -C {repo.path} fsck"


def test_an_empty_folder_is_no_crash(tmp_path: Path) -> None:
    found = doctor(tmp_path)
    assert "files" in missing(found)
    assert found["detected"]["files"] == 0
    assert subprocess.run(["sh", "-ec", found["next"]], capture_output=True, check=False).returncode == 0
    assert (tmp_path / ".git").is_dir()


@pytest.mark.parametrize(("words", "offered"), [("gate hand", "handoff"), ("prove test_o", "test_output")])
def test_a_shell_completes_gates_and_proof_types(words: str, offered: str) -> None:
    around = {"_CHECKER_COMPLETE": "bash_complete", "COMP_WORDS": f"checker {words}", "COMP_CWORD": "2"}
    done = CliRunner().invoke(command, prog_name="checker", env=around)
    assert f"plain,{offered}" in done.output.split()


@pytest.mark.parametrize(("value", "coloured"), [("", True), ("1", False)])
def test_only_a_no_color_that_says_something_counts(
    value: str, coloured: bool, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    emit(sample(), Output("text"), verbose=0)
    assert (b"\x1b[" in capsysbinary.readouterr().out) is coloured


@pytest.mark.parametrize("words", [("--accessible", "report"), ("report", "--accessible"), ("report",)])
def test_one_option_before_or_after_a_command_takes_the_colour_away(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "audit.json").write_bytes(RENDERERS["json"](sample()))
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    with pytest.raises(SystemExit):
        command.main([*words, str(tmp_path / "audit.json")], standalone_mode=False, prog_name="checker")
    assert (b"\x1b[" in capsysbinary.readouterr().out) is ("--accessible" not in words)


def test_every_command_takes_it() -> None:
    assert isinstance(command, click.Group)
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        inner = found.commands.values() if isinstance(found, click.Group) else ()
        assert all([one.name for one in each.params].count("accessible") == 1 for each in (found, *inner)), name


def test_a_broken_contract_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    backend.folder(tmp_path / "bad")
    (tmp_path / "bad" / "openapi.yaml").write_text("openapi: 3.1.0\nx: [\n")
    assert "openapi.yaml" in missing(doctor(tmp_path / "bad"))


def test_a_contract_that_the_layout_names_and_nobody_committed_is_missed(tmp_path: Path) -> None:
    backend.folder(tmp_path / "bad")
    (tmp_path / "bad" / "checker.toml").write_text('[layout]\nopenapi = ["specs/gone.yaml"]\n')
    assert "specs/gone.yaml" in missing(doctor(tmp_path / "bad"))


def test_several_contracts_are_named(tmp_path: Path) -> None:
    backend.folder(tmp_path / "bad")
    (tmp_path / "bad" / "swagger.yaml").write_text(backend.BAD.replace("orders", "shops"))
    found = doctor(tmp_path / "bad")
    assert found["detected"]["openapi"] == ["openapi.yaml", "swagger.yaml"]
    assert missing(found)["one contract"] == 'checker.toml: [layout] openapi = ["openapi.yaml"]'


def test_the_text_ends_with_the_one_line_to_run(tmp_path: Path) -> None:
    folder = backend.folder(tmp_path / "bad folder")
    lines = inside("doctor", folder).out.splitlines()
    assert lines[0] == "Detected"
    assert lines[-1].startswith(f"Next: git -C '{folder}' init && ")
    Repo(folder)
    assert inside("doctor", folder).out.splitlines()[-1] == f"Next: checker audit '{folder}'"


def test_names_of_the_repo_cannot_draw_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "\x1b[2J.yaml").write_text("openapi: 3.1.0\npaths: [\n")
    assert "\x1b" not in inside("doctor", tmp_path).out


@pytest.mark.parametrize("text", ["a = = 1", "zzz = 1"])
def test_a_broken_configuration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "checker.toml").write_text(text)
    assert refused(inside("doctor", tmp_path)).startswith("checker.toml:1: ")


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    assert refused(inside("doctor", tmp_path / "gone")) == f"{tmp_path / 'gone'}: no such folder"
