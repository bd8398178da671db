"""Guideline texts: Markdown with front matter, cut into sections with stable clause ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from guidelines.errors import Problem
from guidelines.render import CLAUSE
from guidelines.words import TODO
from guidelines.yaml_file import Document, read_yaml

_FENCE = "---"


@dataclass(frozen=True)
class Section:
    """One clause: its id, its title, its Markdown from the heading on, the line it starts on."""

    id: str
    title: str
    source: str
    line: int

    @property
    def unwritten(self) -> bool:
        r"""Is it still to be written, as `concord guidelines new` left it? Spanish may well say TODO, but not so.

        >>> Section("tone", "Tone", "## Tone {#tone}\n\nTODO: How?", 1).unwritten
        True
        """
        return f"\n{TODO}:" in self.source


@dataclass(frozen=True)
class Text:
    """A Markdown file: its front matter, what stands before the first section, its sections, what is wrong."""

    file: str
    front: Document
    preamble: str
    preamble_line: int
    sections: tuple[Section, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """The front matter's fields; empty if it has none."""
        return self.front.value if isinstance(self.front.value, dict) else {}


def read_text(file: str, text: str) -> Text:
    """Cut a guideline file into sections; its problems are those of the front matter's YAML and of the headings.

    >>> text = read_text("a.md", "---\\nworkflow: a\\n---\\n# A\\n\\n## Purpose {#purpose}\\n\\nTo learn.\\n")
    >>> [(section.id, section.line) for section in text.sections]
    [('purpose', 6)]
    """
    lines = text.split("\n")
    end = _front_matter_end(lines)
    front = read_yaml(file, "\n".join(lines[1:end]), first_line=2)
    if not end:
        fix = f"start with {_FENCE}, the fields, and {_FENCE} again"
        problem = Problem(file, 1, "the front matter is missing", fix)
        front = Document(file, None, {}, (problem,))
    start = end + 1 if end else 0
    headings = list(_headings(lines[start:], start))
    sections = tuple(_sections(lines, headings))
    preamble = "\n".join(lines[start : headings[0].line - 1 if headings else None]).strip()
    problems = (*front.problems, *_heading_problems(file, headings))
    return Text(file, front, preamble, _first_text(lines, start), sections, problems)


@dataclass(frozen=True)
class _Heading:
    title: str
    id: str | None
    line: int


def _front_matter_end(lines: list[str]) -> int:
    """The index of the closing fence; 0 if there is no front matter."""
    if lines[0].rstrip() != _FENCE:
        return 0
    return next((index for index, line in enumerate(lines) if index and line.rstrip() == _FENCE), 0)


def _first_text(lines: list[str], start: int) -> int:
    """The number of the first line after the front matter that is not blank."""
    return next((index for index in range(start, len(lines)) if lines[index].strip()), start) + 1


def _headings(lines: list[str], start: int) -> Iterator[_Heading]:
    """The headings of level two, found by a parser, so that a `##` in a code block is none."""
    tokens = _blocks().parse("\n".join(lines))
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h2" and opening.level == 0:
            match = CLAUSE.search(inline.content)
            yield _Heading(inline.content, match["id"] if match else None, start + _first_line(opening) + 1)


@cache
def _blocks() -> MarkdownIt:
    """A parser that finds blocks only: what stands in the lines is not needed here and takes most of the time."""
    return MarkdownIt("commonmark").disable("inline")


def _first_line(token: Token) -> int:
    return token.map[0] if token.map else 0


def _sections(lines: list[str], headings: list[_Heading]) -> Iterator[Section]:
    starts = [heading.line - 1 for heading in headings]
    for heading, (start, end) in zip(headings, pairwise([*starts, len(lines)]), strict=True):
        if heading.id:
            title = CLAUSE.sub("", heading.title)
            yield Section(heading.id, title, "\n".join(lines[start:end]).strip(), heading.line)


def _heading_problems(file: str, headings: list[_Heading]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for heading in headings:
        if heading.id is None:
            title = heading.title.split("{#")[0].strip()
            fix = f"end the heading with an id: ## {title} {{#{_slug(title)}}}"
            yield Problem(file, heading.line, f"the section {heading.title!r} has no clause id", fix)
        elif heading.id in first:
            message = f"the clause id {heading.id!r} is used twice, first on line {first[heading.id]}"
            yield Problem(file, heading.line, message, "give one of the sections another id")
        else:
            first[heading.id] = heading.line


def _slug(title: str) -> str:
    """An id that would do: the title's ASCII letters and digits, joined by hyphens.

    >>> _slug("Numbers & dates"), _slug("敬語")
    ('numbers-dates', 'clause-id')
    """
    return "-".join(re.findall(r"[a-z0-9]+", title.lower())) or "clause-id"
