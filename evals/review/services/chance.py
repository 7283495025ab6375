"""Chance that can be repeated: a hash of ids in the place of a die."""

from __future__ import annotations

import hashlib

SPACE = 2**64


def drawn(salt: str, identity: str) -> float:
    """A number in [0, 1) that is always the same for this salt and identity."""
    digest = hashlib.blake2b(f"{salt}:{identity}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (SPACE >> 11)
