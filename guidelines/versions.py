"""Digests of content: the same for the same questions and texts, another for any other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from guidelines.model import Direction, Workflow

DIGITS = 12
_LATER: Mapping[str, Any] = {"weights": {}, "repeated_errors": "each"}


def content_digest(workflow: Workflow, sections: Iterable[tuple[str, str]], direction: Direction) -> str:
    """The first 12 hex digits of the SHA-256 of everything an annotator sees, with codes, numbers and weights.

    `sections` are pairs of language and Markdown, in the order shown, worked examples among them. Version numbers and
    the sign-off are left out: they stand beside the digest, and neither changes what is asked or told.
    """
    asked = asdict(workflow, dict_factory=_telling)
    content = {**asked, "version": None, "sections": list(sections), "direction": direction}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()[:DIGITS]


def _telling(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Without the fields that came later, where they say nothing: guidelines that do not use them keep their digest."""
    return {name: value for name, value in fields if name not in _LATER or value != _LATER[name]}
