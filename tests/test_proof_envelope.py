"""Envelopes and chains, cross-checked by a verifier that shares no code with ours."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from checker.cli.key import key_command
from checker.model.proof import NOTHING_BEFORE, Descriptor, Link, Proof, Run, TestResult
from checker.proofs import bundle, keys
from checker.proofs.envelope import NotAnEnvelope, opened, seal

TREE = "a" * 40


def independent(line: bytes, public: str) -> dict[str, object]:
    """Verify one line with `cryptography` alone; the statement, or InvalidSignature."""
    envelope = json.loads(line)
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    raw = base64.b64decode(public.split(":", 1)[1])
    (signature,) = envelope["signatures"]
    assert signature["keyid"] == hashlib.sha256(raw).hexdigest()
    Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature["sig"]), signed)
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert isinstance(statement, dict)
    return statement


def proof(link: Link, result: str = "PASSED") -> Proof:
    run = Run(
        proof_type="test_output",
        argv=("python", "-m", "pytest"),
        exit_code=0,
        decision="pass",
        stdout_sha256="0" * 64,
        log=link,
        nonce="00",
        started_on="2026-11-21T00:00:00Z",
        finished_on="2026-11-21T00:00:01Z",
    )
    rules = Descriptor(name="policy", digest={"sha256": "b" * 64})
    tested = TestResult.model_validate({"result": result, "configuration": (rules,), "checker": run})
    return Proof(subject=(Descriptor(name="worktree", digest={"gitTree": TREE}),), predicate=tested)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    keys.create(tmp_path / "key.pem")
    return tmp_path / "key.pem"


def three(root: Path, key: Path) -> tuple[str, bytes]:
    signer = keys.signer(str(key))
    root.mkdir()
    for result in ("FAILED", "PASSED", "PASSED"):
        bundle.append(root, signer, partial(proof, result=result))
    name = bundle.name_of(signer)
    return name, (root / name).read_bytes()


def test_ours_is_accepted_by_the_independent_verifier(key: Path) -> None:
    line = seal(proof(Link(n=0, previous=NOTHING_BEFORE)), keys.signer(str(key)))
    statement = independent(line, keys.public_part(str(key)))
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"


def test_an_independent_signature_is_accepted_by_ours() -> None:
    private = Ed25519PrivateKey.generate()
    payload = base64.b64decode(json.loads(seal(proof(Link(n=0, previous=NOTHING_BEFORE)), None))["payload"])
    kind = b"application/vnd.in-toto+json"
    signature = private.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    raw = private.public_key().public_bytes_raw()
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": kind.decode(),
        "signatures": [{"keyid": hashlib.sha256(raw).hexdigest(), "sig": base64.b64encode(signature).decode()}],
    }
    sealed = opened(json.dumps(envelope).encode())
    assert sealed.verified(keys.read_public("ed25519:" + base64.b64encode(raw).decode()))


def test_an_edited_payload_is_refused_by_both(key: Path) -> None:
    line = json.loads(seal(proof(Link(n=0, previous=NOTHING_BEFORE), "FAILED"), keys.signer(str(key))))
    payload = base64.b64decode(line["payload"]).replace(b'"FAILED"', b'"PASSED"')
    edited = json.dumps(line | {"payload": base64.b64encode(payload).decode()}).encode()
    public = keys.public_part(str(key))
    assert not opened(edited).verified(keys.read_public(public))
    with pytest.raises(InvalidSignature):
        independent(edited, public)


def test_another_key_under_the_same_id_is_refused(key: Path, tmp_path: Path) -> None:
    keys.create(tmp_path / "other.pem")
    line = json.loads(seal(proof(Link(n=0, previous=NOTHING_BEFORE)), keys.signer(str(tmp_path / "other.pem"))))
    public = keys.read_public(keys.public_part(str(key)))
    line["signatures"][0]["keyid"] = public.keyid
    assert not opened(json.dumps(line).encode()).verified(public)


def test_an_unsigned_record_is_verified_by_nobody(key: Path) -> None:
    sealed = opened(seal(proof(Link(n=0, previous=NOTHING_BEFORE)), None))
    assert sealed.keyid is None
    assert not sealed.verified(keys.read_public(keys.public_part(str(key))))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}',
        b'{"payload":"e30=","payloadType":"text/plain","signatures":[]}',
        b'{"payload":"e30=","payload":"e30=","payloadType":"x","signatures":[]}',
        b'{"payload":7,"payloadType":"application/vnd.in-toto+json","signatures":[]}',
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[7]}',
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":{"keyid":1}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_envelope_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(NotAnEnvelope):
        opened(line)


def test_a_digest_that_is_none_is_refused() -> None:
    line = json.loads(seal(proof(Link(n=0, previous=NOTHING_BEFORE)), None))
    payload = base64.b64decode(line["payload"]).replace(TREE.encode(), b"12")
    with pytest.raises(NotAnEnvelope, match="gitTree"):
        opened(json.dumps(line | {"payload": base64.b64encode(payload).decode()}).encode())


def test_a_chain_is_whole(tmp_path: Path, key: Path) -> None:
    name, data = three(tmp_path / "repo", key)
    assert [record.broken for record in bundle.read(name, data)] == [None, None, None]
    assert bundle.cut(data, bundle.head(data)) is None


def test_a_dropped_first_attempt_breaks_the_chain(tmp_path: Path, key: Path) -> None:
    name, data = three(tmp_path / "repo", key)
    left = b"".join(data.splitlines(keepends=True)[1:])
    assert all("chain" in str(record.broken) for record in bundle.read(name, left)[:1])


def test_a_dropped_middle_attempt_breaks_the_chain(tmp_path: Path, key: Path) -> None:
    name, data = three(tmp_path / "repo", key)
    first, _, last = data.splitlines(keepends=True)
    assert "dropped" in str(bundle.read(name, first + last)[1].broken)


def test_a_cut_tail_is_seen_against_an_anchor_alone(tmp_path: Path, key: Path) -> None:
    name, data = three(tmp_path / "repo", key)
    first = data.splitlines(keepends=True)[0]
    assert [record.broken for record in bundle.read(name, first)] == [None]
    assert "cut" in str(bundle.cut(first, bundle.head(data)))


def test_a_chain_begun_anew_is_seen_against_an_anchor(tmp_path: Path, key: Path) -> None:
    name, old = three(tmp_path / "repo", key)
    (tmp_path / "repo" / name).unlink()
    for _ in range(3):
        bundle.append(tmp_path / "repo", keys.signer(str(key)), proof)
    new = (tmp_path / "repo" / name).read_bytes()
    assert [record.broken for record in bundle.read(name, new)] == [None, None, None]
    assert "not the one that was anchored" in str(bundle.cut(new, bundle.head(old)))


def test_a_broken_line_in_the_middle_keeps_the_others(tmp_path: Path, key: Path) -> None:
    name, data = three(tmp_path / "repo", key)
    first, second, third = data.splitlines(keepends=True)
    records = bundle.read(name, first + b"junk\n" + third)
    assert [record.sealed is not None for record in records] == [True, False, True]
    assert second


def test_a_linked_folder_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "repo" / ".checker").symlink_to(tmp_path / "outside")
    with pytest.raises(Exception, match="symbolic link"):
        bundle.append(tmp_path / "repo", None, proof)


def test_a_key_is_private(key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_key_is_never_written_over(key: Path) -> None:
    with pytest.raises(keys.KeyRefused, match="exists"):
        keys.create(key)


def test_a_key_is_never_made_inside_a_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep").mkdir()
    done = CliRunner().invoke(key_command, ["new", str(tmp_path / "deep" / "key")])
    assert done.exit_code == 2
    assert "inside the repository" in done.output
    assert not (tmp_path / "deep" / "key").exists()


def test_a_key_that_others_can_read_is_refused(key: Path) -> None:
    key.chmod(0o640)
    with pytest.raises(keys.KeyRefused, match="chmod 600"):
        keys.signer(str(key))


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    rsa = generate_private_key(public_exponent=65537, key_size=2048)
    other = tmp_path / "rsa"
    other.write_bytes(rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    other.chmod(0o600)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("rsa", "pipe", "missing", "bad\0name"):
        with pytest.raises(keys.KeyRefused):
            keys.signer(str(tmp_path / name))
    for text in ("ed25519:", "ed25519:AAAA", "rsa:AAAA", "ed25519:***"):
        with pytest.raises(keys.KeyRefused):
            keys.read_public(text)


def test_the_public_part_is_shown(tmp_path: Path) -> None:
    made = CliRunner().invoke(key_command, ["new", str(tmp_path / "key")])
    shown = CliRunner().invoke(key_command, ["show", str(tmp_path / "key"), "--format", "json"])
    assert made.exit_code == shown.exit_code == 0
    assert json.loads(shown.output)["public"] == made.output.strip()
    assert made.output.startswith("ed25519:")
