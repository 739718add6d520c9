"""Signers besides a file of ours: by URI, with the public part told beside, and what is said where one cannot be used."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from securesystemslib.signer import HSMSigner

from checker.gating import verify
from checker.model.unavailable import Unavailable
from checker.proofs import keys
from checker.proving import prove
from checker.workplace import Request
from tests.scratch import FIXTURES, git, overlay

SOFTHSM = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
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
    (judged,) = verify([bundle], [public], None).judged
    assert (judged.state, judged.trust) == ("valid", "captured")
    other, _ = written(ec.generate_private_key(ec.SECP256R1()), "ecdsa", tmp_path)
    (judged,) = verify([bundle], [other], None).judged
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


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A token of SoftHSM with one key, and what the caller's environment says of it."""
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 (securesystemslib[hsm]) is not installed")
    library = next((one for one in map(Path, SOFTHSM) if one.is_file()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "conf"))
    monkeypatch.setenv("PYKCS11LIB", str(library))
    words = ["--init-token", "--free", "--label", "proofs", "--so-pin", "1234", "--pin", "4321"]
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    curves = pytest.importorskip("pkcs11.util.ec")
    with pkcs11.lib(str(library)).get_token(token_label="proofs").open(user_pin="4321", rw=True) as session:
        asked = {pkcs11.Attribute.EC_PARAMS: curves.encode_named_curve_parameters("secp256r1")}
        session.create_domain_parameters(pkcs11.KeyType.EC, asked, local=True).generate_keypair(store=True, id=b"\x02")
    uri, key = HSMSigner.import_(2, "proofs", lambda _: "4321")
    told = load_pem_public_key(key.keyval["public"].encode())
    der = told.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {keys.VARIABLE: uri, keys.PUBLIC: f"ecdsa:{base64.b64encode(der).decode()}", keys.PIN: "4321"}


def test_a_token_signs_and_its_key_never_leaves_it(token: dict[str, str], tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    overlay(FIXTURES / "proofs" / "base", root)
    git(root, "init", "-q")
    done = prove("build_output", Request(path=root, environment=token))
    (judged,) = verify([root / done.path.rpartition(":")[0]], [token[keys.PUBLIC]], None).judged
    assert (judged.state, judged.trust) == ("valid", "captured")
    with pytest.raises(Unavailable, match="nothing was signed: PinIncorrect"):
        prove("build_output", Request(path=root, environment={**token, keys.PIN: "9"}))


def test_a_token_without_its_pin_is_refused(tmp_path: Path) -> None:
    public, _ = written(ec.generate_private_key(ec.SECP256R1()), "ecdsa", tmp_path)
    assert "CHECKER_SIGNING_PIN must hold its PIN" in refused("hsm:2?label=proofs", public)
