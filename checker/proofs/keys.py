"""The only place that makes, loads and names signing keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
    load_pem_private_key,
)
from securesystemslib.exceptions import FormatError, UnsupportedLibraryError, VerificationError
from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, CryptoSigner, Signer, SSlibKey

from checker.model.unavailable import Unavailable

VARIABLE = "CHECKER_SIGNING_KEY"
PUBLIC = "CHECKER_SIGNING_PUBLIC"
PIN = "CHECKER_SIGNING_PIN"  # of an HSM
_PREFIX = "ed25519:"
_URI = re.compile(r"[a-z][a-z0-9]+:")
_DER: Mapping[str, type[EllipticCurvePublicKey] | type[RSAPublicKey]] = {
    "ecdsa": EllipticCurvePublicKey,
    "rsa": RSAPublicKey,
}
_EXTRAS = {"hsm": "hsm", "hv": "vault"}  # where the extra is not called as the scheme is


class KeyRefused(Unavailable):
    """A key that must not be used, or is none; one clear line with what would mend it."""


def create(file: Path) -> str:
    """Write a new private key (PKCS #8 PEM, mode 0600) and return its public part; never over a file, never in a repo."""
    around = _repository_around(file)
    if around is not None:
        raise KeyRefused(
            f"{file} is inside the repository {around}, where a commit would publish it; choose another place"
        )
    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise KeyRefused(f"{file} exists already; a key is never written over") from None
    except OSError as refused:
        raise KeyRefused(f"{file} cannot be written: {refused.strerror}") from None
    with os.fdopen(descriptor, "wb") as out:
        out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return written(key.public_key())


def of(environment: Mapping[str, str]) -> Signer | None:
    """The signer that the caller's environment names, None where it names none; KeyRefused where it cannot be used."""
    source = environment.get(VARIABLE)
    if not source:
        return None
    scheme = source.partition(":")[0] if _URI.match(source) else ""
    return _by_uri(scheme, source, environment) if scheme in SIGNER_FOR_URI_SCHEME else signer(source)


def refuse_inside(environment: Mapping[str, str], root: Path) -> None:
    """KeyRefused for a key file in the repository around `root`: whatever runs there reads it, and a commit publishes it."""
    source = environment.get(VARIABLE) or ""
    scheme, _, rest = source.partition(":")
    by_uri = bool(_URI.match(source)) and scheme in SIGNER_FOR_URI_SCHEME
    if not source or source.lstrip().startswith("-----BEGIN") or (by_uri and scheme != CryptoSigner.SCHEME):
        return
    file = Path(rest if by_uri else source)
    around = _repository_around(root.resolve() / "key") or root.resolve()
    if any(one.is_relative_to(around) for one in (file.resolve(), Path(os.path.abspath(file)))):
        raise KeyRefused(
            f"{file} is inside the repository that it would judge, where what runs can read it; move it elsewhere"
        )


def own_public(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The public part of the key that the caller's environment names; none where it names none."""
    source = environment.get(VARIABLE)
    if not source:
        return ()
    if _URI.match(source) and source.partition(":")[0] in SIGNER_FOR_URI_SCHEME:
        public = environment.get(PUBLIC)
        return (public,) if public else ()
    return (public_part(source),)


def _by_uri(scheme: str, uri: str, environment: Mapping[str, str]) -> Signer:
    """A signer of securesystemslib: a KMS, an HSM, a vault. Its key does not leave it, so the public part is told beside."""
    public, pin = environment.get(PUBLIC), environment.get(PIN)
    if not public:
        raise KeyRefused(
            f"{VARIABLE} is {scheme}:…, so {PUBLIC} must name its public part (as [[proofs.keys]] public has it)"
        )
    known = read_public(public)
    if scheme == "hsm" and not pin:
        raise KeyRefused(f"{VARIABLE} is hsm:…, so {PIN} must hold its PIN")
    if scheme == CryptoSigner.SCHEME:
        _guarded(Path(uri.partition(":")[2]))
    try:
        return Signer.from_priv_key_uri(uri, known, (lambda _: pin) if pin else None)
    except UnsupportedLibraryError as missing:
        raise KeyRefused(
            f"{scheme}: {missing}; pip install 'securesystemslib[{_EXTRAS.get(scheme, scheme)}]'"
        ) from None
    except (ValueError, KeyError, OSError, FormatError, VerificationError) as wrong:
        raise KeyRefused(f"{scheme}: {str(wrong)[:200] or type(wrong).__name__}") from None


def signer(source: str) -> CryptoSigner:
    """The signer of a path, or of PEM text as CI secrets carry it; KeyRefused where it cannot or must not be used."""
    data = source.encode() if source.lstrip().startswith("-----BEGIN") else _guarded(Path(source))
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused(
            "the signing key is not an unencrypted PKCS #8 PEM; make one with checker key new FILE"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused("the signing key is not ed25519; make one with checker key new FILE")
    return CryptoSigner(key, named(key.public_key()))


def public_part(source: str) -> str:
    """What `[[proofs.keys]] public` holds, of a private key."""
    key = load_pem_private_key(signer(source).private_bytes, password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return written(key.public_key())


def written(key: Ed25519PublicKey) -> str:
    """`ed25519:` and the 32 bytes in base64."""
    return _PREFIX + base64.b64encode(key.public_bytes_raw()).decode()


def read_public(text: str) -> SSlibKey:
    """The key of `ed25519:<base64>`, or of `ecdsa:` and `rsa:` with a DER SubjectPublicKeyInfo; KeyRefused for anything else."""
    try:
        kind, _, rest = text.partition(":")
        if kind in _DER:
            der = base64.b64decode(rest, validate=True)
            key = load_der_public_key(der)
            if not isinstance(key, _DER[kind]):
                raise ValueError
            return SSlibKey.from_crypto(key, keyid=hashlib.sha256(der).hexdigest())
        raw = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        if not text.startswith(_PREFIX) or len(raw) != 32:
            raise ValueError
        return named(Ed25519PublicKey.from_public_bytes(raw))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise KeyRefused(
            f"{text[:80]!r} is not a public key: ed25519: and 32 bytes in base64 (checker key show FILE), or ecdsa: or rsa: and "
            "its SubjectPublicKeyInfo (openssl pkey -pubin -outform DER | base64 -w0)"
        ) from None


def named(key: Ed25519PublicKey) -> SSlibKey:
    """The key under the id that its proofs carry: the SHA-256 of its 32 bytes."""
    return SSlibKey.from_crypto(key, keyid=hashlib.sha256(key.public_bytes_raw()).hexdigest())


def _guarded(file: Path) -> bytes:
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise KeyRefused(f"{file} is not a regular file, so it is no key")
            if mode & 0o077:
                raise KeyRefused(f"{file} can be read by others (mode {mode & 0o777:04o}); chmod 600 {file}")
            return opened.read(1 << 16)
    except (OSError, ValueError) as refused:
        said = getattr(refused, "strerror", None) or "no such path"
        shown = file if os.path.lexists(file) or _is_path(str(file)) else "what was given"  # it may be the key itself
        raise KeyRefused(f"{shown} cannot be read: {said}; name a key file in {VARIABLE}, or give PEM text") from None


def _is_path(text: str) -> bool:
    return text.startswith(("/", "./", "../", "~")) or Path(text).suffix in (".pem", ".key")


def _repository_around(file: Path) -> Path | None:
    folder = file.parent.resolve()
    return next((one for one in (folder, *folder.parents) if os.path.lexists(one / ".git") or _is_bare(one)), None)


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
