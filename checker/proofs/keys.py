"""The only place that makes, loads and names signing keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from securesystemslib.signer import CryptoSigner, SSlibKey

from checker.model.unavailable import Unavailable

VARIABLE = "CHECKER_SIGNING_KEY"
_PREFIX = "ed25519:"


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
    """The key of `ed25519:<base64>`; KeyRefused for anything else."""
    try:
        raw = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        if not text.startswith(_PREFIX) or len(raw) != 32:
            raise ValueError
        return named(Ed25519PublicKey.from_public_bytes(raw))
    except (ValueError, binascii.Error):
        raise KeyRefused(
            f"{text[:80]!r} is not a public key: ed25519: and 32 bytes in base64 (checker key show FILE)"
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
        raise KeyRefused(f"{file} cannot be read: {said}; name a key file in {VARIABLE}") from None


def _repository_around(file: Path) -> Path | None:
    folder = file.parent.resolve()
    return next((one for one in (folder, *folder.parents) if os.path.lexists(one / ".git") or _is_bare(one)), None)


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
