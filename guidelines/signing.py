"""Sign-off: who approved a file, and whether it still says what was approved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from guidelines.clauses import Text
from guidelines.model import SignOff
from guidelines.versions import DIGITS
from guidelines.yaml_file import Document

FIELDS = ("status", "signed_by", "signed_on", "signed_content")


def signed_content(file: Document | Text) -> str:
    """The digest of what a sign-off approves: every field but those of the sign-off itself, and the text below.

    It stands in the file as `signed_content`. Comments, line breaks in YAML and the order of fields do not count.
    """
    fields = {name: value for name, value in fields_of(file).items() if name not in FIELDS}
    content = [fields, [section.source for section in file.sections] if isinstance(file, Text) else []]
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()[:DIGITS]


def sign_off(file: Document | Text) -> SignOff | None:
    """Who approved the file as it is now, and when; None for a draft and for what was changed since."""
    fields = fields_of(file)
    if fields.get("status") != "signed-off" or fields["signed_content"] != signed_content(file):
        return None
    return SignOff(fields["signed_by"], fields["signed_on"])


def fields_of(file: Document | Text) -> Mapping[str, Any]:
    """The fields of a YAML file or of a front matter; empty if it has none."""
    value = file.front.value if isinstance(file, Text) else file.value
    return value if isinstance(value, dict) else {}
