"""Statements that an app sends to SQLite are told from inside it, whatever way it was started, and change nothing of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from checker.probe.stage.warm import counted

APP = """
import sqlite3, sys
from sqlite3 import dbapi2
assert __name__ == "__main__"
assert sys.argv[1:] == ["8000"], sys.argv
with sqlite3.connect(":memory:") as one:
    one.execute("create table boxes (id integer primary key)")
    one.executemany("insert into boxes values (?)", [(1,), (2,), (3,)])
print(len(dbapi2.connect(":memory:").execute("select 1").fetchall()))
"""


@pytest.mark.parametrize("words", [["app.py"], ["-m", "app"]])
def test_each_statement_counts_once(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "app.py").write_text(APP, "utf-8")
    tally = tmp_path / "tally"
    argv = counted([sys.executable, *words, "8000"], sys.executable, tally)
    assert subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True, text=True).stdout == "1\n"
    assert tally.stat().st_size == 1 + 1 + 3 + 1 + 1  # begin and commit too


def test_a_command_of_another_program_is_left_alone(tmp_path: Path) -> None:
    node = ["node", "server.js"]
    assert counted(node, sys.executable, tmp_path / "tally") == node
    with_options = [sys.executable, "-X", "dev", "app.py"]
    assert counted(with_options, sys.executable, tmp_path / "tally") == with_options
    assert counted([sys.executable, "app.py"], sys.executable, None) == [sys.executable, "app.py"]


def test_a_script_of_the_interpreter_is_counted(tmp_path: Path) -> None:
    script = tmp_path / "serve"
    script.write_text(f"#!{sys.executable}\n", "utf-8")
    assert counted([str(script), "a:b"], sys.executable, tmp_path / "t")[-2:] == [str(script), "a:b"]
