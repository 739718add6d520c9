"""What must hold of secrets whatever the rules say: nothing of a value leaves, nothing is sent, nothing silences."""

from __future__ import annotations

import ast
import io
import random
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from checker.audit import audit
from checker.collect.detectors import detectors
from checker.model.redaction import mark, shown
from checker.model.repo import Role
from checker.model.report import Report
from checker.model.secret_traits import assigned_traits, connection_traits, token_traits
from checker.model.secrets import Tier, Token
from checker.render import RENDERERS
from checker.workplace import Request
from tests import child
from tests.fake_secrets import KINDS, fake
from tests.scratch import commit, git

ROOT = Path(__file__).resolve().parent.parent
RULES = ("env-file-tracked", "hardcoded-credential", "secret-in-history", "secret-in-tree")


def found(text: str, path: str = "src/app/main.py", role: Role = Role.RUNTIME) -> list[Token]:
    return [one for one in detectors().tokens(path, role, text.encode()) if not one.traits.doubt]


def leaky(folder: Path) -> list[str]:
    """A repository with a secret of every kind, in code, in a `.env`, in an archive, staged and in history; the secrets."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    values = {kind: fake(kind, 7) for kind in KINDS}
    old, staged = fake("github-pat", 8), fake("gitlab-pat", 8)
    (folder / "old.py").write_text(f'TOKEN = "{old}"\n')
    commit(folder, "first")
    (folder / "old.py").write_text("")
    lines = [f'{kind.replace("-", "_")}_secret = """{value}"""' for kind, value in values.items()]
    (folder / "app.py").write_text("\n".join(lines) + f'\nurl = "postgresql://app:{values["password"]}@db.acme.io/x"\n')
    (folder / ".env").write_text(f"APP_SECRET={values['hex']}\nDB_PASSWORD='{values['password']}'\n")
    (folder / "settings.yml").write_text(f"password: {values['password']}\n")
    with zipfile.ZipFile(folder / "pack.zip", "w") as pack:
        pack.writestr("log.txt", f"pushed with {values['github-pat']}\n")
    commit(folder, "second")
    (folder / "notes.txt").write_text(staged + "\n")
    git(folder, "add", "notes.txt")
    (folder / "notes.txt").write_text("\n")
    return [*values.values(), old, staged]


def report_of(folder: Path, *, only: tuple[str, ...] = RULES) -> Report:
    return audit(Request(folder, ("common",), only=only, profile="gate", contain=False)).report


def pieces(value: str) -> set[str]:
    """Every stretch that would be too much to show: eleven characters of a long value, or all of a short one."""
    lines = [line for line in value.splitlines() if not line.startswith("---")]
    return {line[at : at + 11] for line in lines for at in range(max(1, len(line) - 10))} - {"eyJhbGciOiJ"}


@pytest.fixture(scope="module")
def leak(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("leak") / "repo"
    return folder, leaky(folder)


@pytest.mark.parametrize("form", sorted(RENDERERS))
def test_no_output_holds_a_secret(form: str, leak: tuple[Path, list[str]]) -> None:
    folder, values = leak
    only = [word for rule in RULES for word in ("--only", rule)]
    done = child.audit(folder, "--standard", "common", "--profile", "gate", "--format", form, "-vv", *only)
    assert done.code == 1, done.err
    assert "app.py" in done.out or form == "badge"  # which shows counts alone
    told = done.out + done.err
    assert [piece for value in values for piece in pieces(value) if piece in told] == []


def test_nothing_is_left_on_disk(leak: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, values = leak
    monkeypatch.setenv("KF_RULE_CACHE_DIR", str(tmp_path / "rules"))
    detectors.cache_clear()
    report = report_of(folder)
    detectors.cache_clear()
    assert {one.rule for one in report.findings} == set(RULES)
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert [value for value in values if value.splitlines()[-1][:40].encode() in written] == []


def test_facts_hold_no_value(leak: tuple[Path, list[str]]) -> None:
    value = fake("password", 3)
    (token,) = found(f'db_password = "{value}"\n')
    assert value not in repr(token)
    assert [piece for piece in pieces(value) if piece in repr(token)] == []


def test_a_changed_environment_is_told_by_name(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "app.py").write_text("")
    commit(tmp_path, "base")
    (tmp_path / "checker.toml").write_text(f'[app]\nenv = {{ APP_SECRET = "{fake("hex", 4)}" }}\n')
    asked = Request(tmp_path, ("common",), only=("config-changed",), base="HEAD", contain=False)
    (finding,) = audit(asked).report.findings
    assert "APP_SECRET changed" in finding.evidence
    assert fake("hex", 4) not in audit(asked).report.model_dump_json()


def test_archives_and_what_is_staged_are_looked_into(leak: tuple[Path, list[str]]) -> None:
    found_in = {one.where.path for one in report_of(leak[0]).findings if one.rule == "secret-in-tree"}
    assert {"app.py", "pack.zip", "notes.txt"} <= found_in


def test_only_the_detecting_half_of_the_library_is_named() -> None:
    """What asks providers, and what revokes there, is never imported or named by us."""
    used: set[str] = set()
    for file in (ROOT / "checker").rglob("*.py"):
        text = file.read_text("utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kingfisher"):
                assert node.module == "kingfisher_sdk"
                used |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Import):
                assert not any(alias.name.startswith("kingfisher") for alias in node.names), file
        assert not re.search(r"\bkingfisher_sdk\.(?!_)", text.replace("kingfisher_sdk import", "")), file
    assert used == {"DetectionPolicy", "Rules", "ScanInput", "Scanner", "expand_archives"}


def test_scanning_opens_no_connection(monkeypatch: pytest.MonkeyPatch, leak: tuple[Path, list[str]]) -> None:
    """The native code would not pass here, but it takes one with a resolver of its own; this holds our own code."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refused)
    assert report_of(leak[0]).findings


@pytest.mark.parametrize("comment", ["gitleaks:allow", "kingfisher:ignore", "nosec", "pragma: allowlist secret"])
def test_no_comment_silences(comment: str) -> None:
    assert found(f'key = "{fake("github-pat")}"  # {comment}\n')


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("password", "hex")])
def test_each_form_is_known_by_itself(kind: str) -> None:
    (token,) = found(f"x {fake(kind)}\n")
    assert token.tier is Tier.STRUCTURED


def test_a_cloud_key_is_known_with_its_secret_beside_it() -> None:
    pair = f'AWS_ACCESS_KEY_ID = "{fake("aws-key")}"\nAWS_SECRET_ACCESS_KEY = "{fake("hex")}"\n'
    assert [one.tier for one in found(pair)] in ([Tier.STRUCTURED, Tier.CONTEXTUAL], [Tier.CONTEXTUAL])
    assert not found(f'AWS_ACCESS_KEY_ID = "{fake("aws-key")}"\n'), "half of a pair, which is an identifier"


def test_a_checksum_tells_real_tokens_from_made_up_ones() -> None:
    assert token_traits(fake("github-pat")).checksum is True
    assert token_traits(fake("npm")).checksum is True
    assert token_traits(fake("github-unchecked")).checksum is False
    assert token_traits(fake("slack-bot")).checksum is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "changeme123"),
        ("token_type", "b3Jk8sLq0ZpX1vNt"),
        ("secret", "${APP_SECRET}"),
        ("api_key", "os.environ['KEY']"),
        ("password", "current-password"),
        ("token", "access_token_v2_e2e"),
        ("secret", "for-tests-only-never-deployed"),
        ("secret", "aaaaaaaaaaaaaaaa"),
        ("dependency-secrets-provider", "1.2.3"),
    ],
)
def test_what_is_no_secret(name: str, value: str) -> None:
    assert assigned_traits(value, name).doubt


@pytest.mark.parametrize("value", ["k7Gz2pQx9vLm", "hunter2!Xy9", "5YNWU0e_pN5ZyaSZvBd5", "QwZxPlMkJnHbVgYc"])
def test_what_is_one(value: str) -> None:
    assert assigned_traits(value, "DB_PASSWORD").doubt == ""


def test_connections_of_ones_own_machine_are_left_alone() -> None:
    assert connection_traits("k7Gz2pQx9vLm", "app", "localhost").doubt
    assert connection_traits("postgres", "postgres", "db.acme.io").doubt
    assert connection_traits("k7Gz2pQx9vLm", "app", "db.acme.io").doubt == ""


def test_marks_tell_values_apart_and_give_none_away() -> None:
    assert mark("a", "k", "n", "p", random=True) != mark("b", "k", "n", "p", random=True)
    assert len(mark("hunter2", "k", "n", "p", random=False)) == 3
    assert mark("hunter2", "k", "n", "p", random=False) != mark("hunter2", "k", "n", "q", random=False)
    assert shown("abcdefghijkl") == "(12 characters)"
    assert shown("ghp_" + "a" * 36, public_start=4) == "ghp_… (40 characters)"


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and nothing more")
    (tmp_path / "app.py").write_text("")
    (finding,) = report_of(tmp_path, only=("secret-in-tree",)).findings
    assert (finding.where.path, finding.severity.value) == ("broken.zip", "info")


def test_hostile_content_is_endured(tmp_path: Path) -> None:
    dice = random.Random(5)
    (tmp_path / "min.js").write_text("var a='" + "password=" * 100_000 + "';")
    (tmp_path / "noise.bin").write_bytes(dice.randbytes(100_000))
    (tmp_path / "latin.py").write_bytes("pässword = 'é'\n".encode("latin-1"))
    (tmp_path / "wide.txt").write_text(f"token {fake('github-pat')}\n", encoding="utf-16")
    with tarfile.open(tmp_path / "up.tar", "w") as pack:
        member = tarfile.TarInfo("../../outside.txt")
        member.size = 4
        pack.addfile(member, io.BytesIO(b"abcd"))
    found_in = {one.where.path for one in report_of(tmp_path, only=("secret-in-tree",)).findings}
    assert "wide.txt" in found_in
    assert not (tmp_path.parent.parent / "outside.txt").exists()
