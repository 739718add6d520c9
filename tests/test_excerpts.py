"""The lines that a page shows around a finding: the right ones, bounded, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.collect.excerpts import CONTEXT, LONGEST, MOST, WIDEST, Excerpts, excerpts
from checker.collect.files import Root
from checker.model.finding import Finding, Where
from checker.model.rule import Family, Severity
from tests.child import audit
from tests.fake_secrets import fake
from tests.sample_report import empty, finding
from tests.scratch import whole


def taken(root: Path, *found: Finding, waived: tuple[Finding, ...] = ()) -> Excerpts:
    return excerpts(Root(root), empty().model_copy(update={"findings": found, "waived": waived}))


def at(path: str, lines: str | None, **words: Severity | Family) -> Finding:
    return finding("pagination", path, lines, title=f"{path} {lines}", **words)  # type: ignore[arg-type]


def test_lines_around_are_shown_and_those_meant_marked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("".join(f"line {number}\n" for number in range(1, 21)))
    one = taken(tmp_path, at("a.py", "10-11")).found[Where(path="a.py", lines="10-11")]
    assert (one.first, one.marked, one.left) == (10 - CONTEXT, (10, 11), 0)
    assert one.lines == tuple(f"line {number}" for number in range(7, 15))


def test_the_edges_of_a_file_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\n\ttwo\r\nthree")
    found = taken(tmp_path, at("a.py", "1"), at("a.py", "3-9"), at("a.py", "7")).found
    assert found[Where(path="a.py", lines="1")].lines == ("one", "    two", "three")
    assert found[Where(path="a.py", lines="3-9")].marked == (3, 3)
    assert Where(path="a.py", lines="7") not in found


def test_a_long_span_and_a_long_line_are_cut(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x" * 1000 + "\n" + "y\n" * 200)
    one = taken(tmp_path, at("a.py", "1-100")).found[Where(path="a.py", lines="1-100")]
    assert len(one.lines) == LONGEST
    assert one.left == 100 - LONGEST
    assert one.lines[0] == "x" * WIDEST


def test_the_gravest_come_first_and_the_rest_is_said_to_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x\n" * (MOST + 5))
    minor = [at("a.py", str(number + 1), severity=Severity.MINOR) for number in range(MOST)]
    one = taken(tmp_path, *minor, at("a.py", str(MOST + 1), severity=Severity.CRITICAL))
    assert len(one.found) == MOST
    assert Where(path="a.py", lines=str(MOST + 1)) in one.found
    assert list(one.withheld.values()) == ["left out: the page holds the excerpts of the gravest findings alone"]


@pytest.mark.parametrize("kind", ["github-pat", "npm", "slack-bot", "stripe-live", "gitlab-pat", "private-key", "jwt"])
def test_a_secret_near_a_finding_is_taken_out(tmp_path: Path, kind: str) -> None:
    value = fake(kind)
    (tmp_path / "a.py").write_text(f'first = 1\nTOKEN = """{value}"""\nlast = 2\n')
    last = 3 + value.count("\n")
    one = taken(tmp_path, at("a.py", str(last))).found[Where(path="a.py", lines=str(last))]
    shown = "\n".join(one.lines)
    assert not any(part in shown for part in value.split("\n"))
    assert one.lines[one.marked[0] - one.first] == "last = 2"


@pytest.mark.parametrize(
    "line",
    [
        'password = "{}"',
        "DATABASE_URL=postgres://app:{}@db.internal:5432/orders",
        "DATABASE_URL=postgres://app:{}@localhost/orders",
        "  api_key: {}",
    ],
)
def test_a_password_near_a_finding_is_taken_out(tmp_path: Path, line: str) -> None:
    value = "Xk9" + "vTq2Lr8wZp4Nd"
    (tmp_path / "compose.yaml").write_text(f"a: 1\n{line.format(value)}\nb: 2\n")
    (one,) = taken(tmp_path, at("compose.yaml", "3")).found.values()
    assert value not in "".join(one.lines)
    assert "(16 characters)" in one.lines[1]


def test_what_only_looks_like_a_password_stays(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text("properties:\n  password: string\n  token: {type: string}\n")
    (one,) = taken(tmp_path, at("openapi.yaml", "2")).found.values()
    assert one.lines[:3] == ("properties:", "  password: string", "  token: {type: string}")


def test_findings_about_secrets_have_no_lines_and_hide_theirs_from_others(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\nwhat no detector knows\nthree\n")
    secret = at("a.py", "2", category=Family.SECRETS)
    one = taken(tmp_path, secret, at("a.py", "3"))
    assert one.withheld[secret.where] == "not shown: what stands there is, or may be, a secret"
    assert one.found[Where(path="a.py", lines="3")].lines == (
        "one",
        "[not shown: a secret stands on this line]",
        "three",
        "",
    )
    whole_file = at("a.py", None, category=Family.SECRETS)
    assert taken(tmp_path, whole_file, at("a.py", "3")).found == {}


@pytest.mark.parametrize("name", [".env", "prod.env", "deploy/.env.local"])
def test_a_file_of_variables_is_never_shown(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("A=1\nB=2\n")
    assert taken(tmp_path, at(name, "1")).found == {}


def test_nothing_is_read_outside_or_that_is_no_text(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_text("x\n")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "binary").write_bytes(b"\xff\x00\n")
    (root / "wide").write_text("x\n", "utf-16")
    found = (at("link", "1"), at("binary", "1"), at("wide", "1"), at("gone", "1"), at("../outside", "1"))
    one = taken(root, *found, at("pack.zip!a.txt", "1"), at(".", None))
    assert one.found == {}
    assert set(one.withheld) == {*(each.where for each in found), Where(path="pack.zip!a.txt", lines="1")}


def test_waived_findings_have_their_lines_too(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x\n")
    assert list(taken(tmp_path, waived=(at("a.py", "1"),)).found) == [Where(path="a.py", lines="1")]


def test_an_audit_shows_lines_histories_and_no_secret(tmp_path: Path) -> None:
    repo = whole("broken", tmp_path / "broken")
    value = fake("github-pat")
    contract = repo / "specs" / "openapi.yaml"
    contract.write_text(contract.read_text().replace("operationId: deleteUser", f"operationId: deleteUser # {value}"))
    page = audit(repo, "--standard", "backend-engineer", "--standard", "backend-coder", "--format", "html").out
    assert '<span class="l hit" data-n="500">[not shown: a secret stands on this line]</span>' in page
    assert value not in page
    assert 'aria-label="Migrations of alembic. 8 revisions; with findings: 0007_index_items_by_sku.py (1)' in page
