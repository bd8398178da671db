"""Guideline Markdown as HTML that is safe to show as a labelling tool's instructions."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from html import escape
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

from guidelines.model import Direction

# The id a heading ends in: `## Register {#register}`.
CLAUSE = re.compile(r"\s*\{#(?P<id>[a-z0-9]+(?:-[a-z0-9]+)*)\}\s*$")


@lru_cache(maxsize=4096)  # many locales share the sections of the base
def section_html(markdown: str, language: str, direction: Direction, suffix: str = "") -> str:
    """One section as HTML, marked with its language and direction: English stays left-to-right in an Arabic text.

    `suffix` is added to the ids of the headings, where a section stands beside another of the same id.
    Whatever looks like HTML in the source is shown as typed; links to scripts are not links.

    >>> print(section_html("## Tone {#tone}\\n\\nBe *kind*, <b>always</b>.", "en", "ltr"))
    <div lang="en" dir="ltr">
    <h2 id="tone">Tone</h2>
    <p>Be <em>kind</em>, &lt;b&gt;always&lt;/b&gt;.</p>
    </div>
    """
    body = _parser().render(markdown, {"suffix": suffix})
    return f'<div lang="{escape(language)}" dir="{direction}">\n{body}</div>'


@cache
def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.core.ruler.before("inline", "clause_ids", _clause_ids)
    return markdown


def _clause_ids(state: StateCore) -> None:
    """Turn the `{#id}` at the end of a heading into the heading's id."""
    for opening, inline in pairwise(state.tokens):
        match = CLAUSE.search(inline.content) if opening.type == "heading_open" else None
        if match:
            opening.attrSet("id", match["id"] + state.env["suffix"])
            inline.content = inline.content[: match.start()]
