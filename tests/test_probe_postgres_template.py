"""What initdb wrote is copied: once made, whole or not at all, and made anew where it does not serve."""

from __future__ import annotations

from pathlib import Path

from checker.probe import postgres


def data_of(templates: Path) -> list[Path]:
    return [one for one in templates.iterdir() if one.is_dir()]


def test_the_second_server_is_a_copy_and_what_does_not_serve_is_made_anew(tmp_path: Path) -> None:
    binaries, templates = postgres.find(), tmp_path / "templates"
    with postgres.running(binaries, str(templates)) as first:
        (template,) = data_of(templates)
        (template / "mark").touch()
        assert not (first.folder / "data" / "mark").exists()
    with postgres.running(binaries, str(templates)) as second:
        assert (second.folder / "data" / "mark").exists()
        assert not (template / "postmaster.pid").exists(), "nothing of a server that runs is kept"
    assert data_of(templates) == [template]
    (template / "PG_VERSION").write_text("6\n")
    with postgres.running(binaries, str(templates)) as third:
        assert (third.folder / "data" / "postmaster.pid").exists()
    assert data_of(templates) == []


def test_where_nothing_can_be_kept_the_server_comes_up_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with postgres.running(postgres.find(), str(tmp_path / "file" / "below")) as server:
        assert (server.folder / "data" / "PG_VERSION").exists()
