"""SARIF of other tools: paths stay inside the tree, levels are capped, what is no SARIF is refused, nothing raises trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checker.sarif_import import read
from checker.toml_source import ConfigurationError
from tests import child


def sarif(folder: Path, *results: dict[str, Any], **run: Any) -> Path:
    file = folder / "tool.sarif"
    body = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Tool"}}, "results": list(results), **run}]}
    file.write_text(json.dumps(body))
    return file


def at(uri: str, **more: Any) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": uri, **more}, "region": {"startLine": 1, "endLine": 2}}}
    return {"ruleId": "r", "level": "error", "message": {"text": "bad"}, "locations": [place]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a b.py").write_text("A = 1\nB = 2\n")
    (tmp_path / "secret.txt").write_text("x\n")
    (folder / "out.py").symlink_to(tmp_path / "secret.txt")
    return folder


def test_paths_are_those_of_the_tree(tree: Path, tmp_path: Path) -> None:
    inside = [f"file://{tree}/src/a%20b.py", "src/a%20b.py", "./src/../src/a b.py", f"{tree}/src/a b.py"]
    found = read((sarif(tmp_path, *(at(uri) for uri in inside)),), tree)
    assert {one.path for one in found.results} == {"src/a b.py"}
    assert {one.lines for one in found.results} == {(1, 2)}


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.txt",
        "file:///etc/passwd",
        "out.py",
        "src/none.py",
        "https://x.io/a.py",
        "file://host/a",
        "",
        "src",
        "%00",
    ],
)
def test_other_places_are_no_path(uri: str, tree: Path, tmp_path: Path) -> None:
    (one,) = read((sarif(tmp_path, at(uri)),), tree).results
    assert (one.path, one.level) == ("", "error")


def test_bases_of_uris_are_followed(tree: Path, tmp_path: Path) -> None:
    bases = {"SRC": {"uri": f"file://{tree}/src/"}}
    (one,) = read((sarif(tmp_path, at("a b.py", uriBaseId="SRC"), originalUriBaseIds=bases),), tree).results
    assert one.path == "src/a b.py"


def test_a_level_comes_from_the_rule_where_the_result_has_none(tree: Path, tmp_path: Path) -> None:
    result = {name: value for name, value in at("src/a b.py").items() if name != "level"}
    file = sarif(tmp_path, result)
    assert read((file,), tree).results[0].level == "warning"
    body = json.loads(file.read_text())
    body["runs"][0]["tool"]["driver"]["rules"] = [{"id": "r", "defaultConfiguration": {"level": "error"}}]
    file.write_text(json.dumps(body))
    assert read((file,), tree).results[0].level == "error"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": "2.1.0"}', '{"version": "1.0", "runs": []}', "[" * 100_000]
)
def test_what_is_no_sarif_is_refused(text: str, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.sarif").write_text(text)
    with pytest.raises(ConfigurationError, match=r"bad\.sarif"):
        read((tmp_path / "bad.sarif",), tree)


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"results": 5}, {"tool": [], "results": [{"locations": [3]}, 4]}])
def test_odd_runs_do_not_break(odd: Any, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [odd]}))
    assert all(one.path == "" for one in read((tmp_path / "odd.sarif",), tree).results)


def test_a_clean_import_makes_nothing_ready(tmp_path: Path) -> None:
    empty = tmp_path / "repo"
    empty.mkdir()
    (empty / "a.bin").write_bytes(b"\0")
    done = child.audit(empty, "--import", f"sarif:{sarif(tmp_path)}", "--only", "api", "--only", "imported-finding")
    assert done.code == 3


def test_the_command_joins_and_refuses(tree: Path, tmp_path: Path) -> None:
    only = ("--only", "imported-finding")
    done = child.audit(tree, "--import", f"sarif:{sarif(tmp_path, at('src/a%20b.py'))}", *only)
    assert done.code == 1
    assert "Tool: bad" in done.out
    assert child.audit(tree, "--import", f"junit:{tmp_path}").code == 2
    assert child.audit(tree, "--import", "sarif:none.sarif").code == 2
