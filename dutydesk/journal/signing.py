"""Ed25519 (RFC 8032): the desk's signature, by the one library that makes it. Keys and signatures are raw bytes.

`cryptography` is loaded at the first use: a window that only shows the record needs none.
"""

from __future__ import annotations

from dutydesk.core.ids import token

PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64


def new_secret() -> bytes:
    """A fresh private key, 32 bytes."""
    return token(32)


def public_of(secret: bytes) -> bytes:
    """The public key of a private one, 32 bytes. Raises `ValueError` for anything that is not 32 bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def sign(secret: bytes, message: bytes) -> bytes:
    """The signature of `message`, 64 bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(secret).sign(message)


def holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` by the holder of `public`; malformed ones are simply not."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
