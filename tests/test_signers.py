"""Signers besides a file of ours: by URI, with the public part told beside, and what is said where one cannot be used."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from checker.gating import verify
from checker.proofs import keys
from checker.proving import prove
from checker.workplace import Request
from tests.scratch import FIXTURES, git, overlay

Pair = tuple[str, Path]


def written(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, kind: str, folder: Path) -> Pair:
    """The public part as the configuration has it, and the file of the private one."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    file = folder / f"{kind}.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    return f"{kind}:{base64.b64encode(der).decode()}", file


@pytest.fixture(params=["ecdsa", "rsa"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    if request.param == "ecdsa":
        return written(ec.generate_private_key(ec.SECP256R1()), "ecdsa", tmp_path)
    return written(rsa.generate_private_key(65537, 2048), "rsa", tmp_path)


def test_a_signer_by_uri_signs_what_its_public_part_verifies(pair: Pair, tmp_path: Path) -> None:
    public, file = pair
    root = tmp_path / "repo"
    root.mkdir()
    overlay(FIXTURES / "proofs" / "base", root)
    git(root, "init", "-q")
    environment = {keys.VARIABLE: f"file2:{file}", keys.PUBLIC: public}
    done = prove("build_output", Request(path=root, environment=environment))
    bundle = root / done.path.rpartition(":")[0]
    (judged,), _, _ = verify([bundle], [public], None)
    assert (judged.state, judged.trust) == ("valid", "captured")
    other, _ = written(ec.generate_private_key(ec.SECP256R1()), "ecdsa", tmp_path)
    (judged,), _, _ = verify([bundle], [other], None)
    assert judged.state == "untrusted"


def refused(source: str, public: str | None) -> str:
    with pytest.raises(keys.KeyRefused) as told:
        keys.of({keys.VARIABLE: source} | ({keys.PUBLIC: public} if public else {}))
    return told.value.reason


@pytest.mark.parametrize(
    ("scheme", "extra"), [("awskms", "awskms"), ("gcpkms", "gcpkms"), ("azurekms", "azurekms"), ("hv", "vault")]
)
def test_an_extra_that_is_missing_is_named(scheme: str, extra: str, tmp_path: Path) -> None:
    public, _ = written(ec.generate_private_key(ec.SECP256R1()), "ecdsa", tmp_path)
    assert f"pip install 'securesystemslib[{extra}]'" in refused(f"{scheme}:key/1", public)


def test_what_is_missing_or_does_not_fit_is_said(tmp_path: Path) -> None:
    public, file = written(ec.generate_private_key(ec.SECP256R1()), "ecdsa", tmp_path)
    other, _ = written(rsa.generate_private_key(65537, 2048), "rsa", tmp_path)
    assert "CHECKER_SIGNING_PUBLIC must name its public part" in refused(f"file2:{file}", None)
    assert "is not a public key" in refused(f"file2:{file}", "ecdsa:AAAA")
    assert "is not a public key" in refused(f"file2:{file}", public.replace("ecdsa", "rsa"))
    assert refused(f"file2:{file}", other).startswith("file2: ")
    file.chmod(0o644)
    assert "chmod 600" in refused(f"file2:{file}", public)
