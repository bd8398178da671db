"""Annotators' names in every frame: stable, and meaningless without the key."""

from __future__ import annotations

import hashlib
import hmac


def pseudonym(key: bytes, source: str, user: str) -> str:
    """The pseudonym of a tool's user: "r" and the first 12 hex digits of HMAC-SHA256(key, "source:user").

    >>> pseudonym(b"secret", "label_studio", "7")
    'r81c413f134c3'
    """
    digest = hmac.new(key, f"{source}:{user}".encode(), hashlib.sha256).hexdigest()
    return f"r{digest[:12]}"
