"""What is wrong with a page of HTML that should load nothing and run nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = ["meta", "link", "input", "br"]


class Tags(HTMLParser):
    """Collects whatever is opened and never closed, in the wrong order, or loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.wrong += [f"{name}={value}" for name, value in attrs if value and re.match(r"(https?:)?//", value)]
        if tag in ("script", "iframe") or any(name.startswith("on") or name == "style" for name, _ in attrs):
            self.wrong.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")
