"""Digests of content: the same for the same questions and texts, another for any other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256

from guidelines.model import Direction, Workflow

DIGITS = 12


def content_digest(workflow: Workflow, sections: Iterable[tuple[str, str]], direction: Direction) -> str:
    """The first 12 hex digits of the SHA-256 of everything an annotator sees, with codes, numbers and weights.

    `sections` are pairs of language and Markdown, in the order shown, worked examples among them. Version numbers and
    the sign-off are left out: they stand beside the digest, and neither changes what is asked or told.
    """
    content = {**asdict(workflow), "version": None, "sections": list(sections), "direction": direction}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()[:DIGITS]
