"""Worked examples as text: what is judged, the right answers in the locale's words, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from guidelines.model import Example, Question, Workflow
from guidelines.render import section_html
from guidelines.tags import parse_locale

_SPECIAL = re.compile(r"[\\`*_\[\]<>&#~|]")
_LINE_START = re.compile(r"^(\d*)([-+=.)])", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


@dataclass(frozen=True)
class Reader:
    """Who reads the examples: the tag of the words, its terms, and the workflow in these words."""

    tag: str
    terms: Mapping[str, str]
    workflow: Workflow


@dataclass(frozen=True)
class _Part:
    """A piece of text in one language, as Markdown and as HTML."""

    markdown: str
    html: str


def example_parts(number: int, example: Example, reader: Reader) -> tuple[str, str]:
    """An example as Markdown and as HTML, each text in its language and direction."""
    parts = list(_parts(number, example, reader))
    return "\n\n".join(part.markdown for part in parts), "\n".join(part.html for part in parts)


def _parts(number: int, example: Example, reader: Reader) -> Iterator[_Part]:
    heading = f"### {reader.terms['example'].format(number=number)}: {escaped(example.title)}"
    yield _said(heading, reader.tag)
    for label, text, marks in _texts(example, reader.workflow):
        yield _said(f"**{escaped(label)}**", reader.tag)
        yield _quoted(text, marks, example.language)
    answers = "\n".join(f"- {line}" for line in _answers(example, reader))
    yield _said(f"**{escaped(reader.terms['right_answer'])}**\n\n{answers}", reader.tag)
    yield _said(f"**{escaped(reader.terms['why'])}**", reader.tag)
    yield _said(example.why, example.language)


def _said(markdown: str, tag: str) -> _Part:
    return _Part(markdown, section_html(markdown, tag, parse_locale(tag).direction))


def _quoted(text: str, marks: tuple[str, ...], tag: str) -> _Part:
    """A text as it stands, its marked words in bold.

    The HTML is not made from the Markdown, which cannot set words in bold beside every kind of punctuation.
    """
    cut = re.compile("(" + "|".join(map(re.escape, marks)) + ")") if marks else None
    pieces = cut.split(text) if cut else [text]
    bold = [index % 2 == 1 for index in range(len(pieces))]
    plain = "".join(
        f"**{piece}**" if strong else piece for piece, strong in zip(map(escaped, pieces), bold, strict=True)
    )
    lines = "\n".join(f"> {line}\\" if line else ">" for line in plain.split("\n")).removesuffix("\\")
    shown = "".join(
        f"<strong>{piece}</strong>" if strong else piece
        for piece, strong in zip(map(escape, pieces), bold, strict=True)
    )
    body = shown.replace("\n", "<br>\n")
    direction = parse_locale(tag).direction
    return _Part(
        lines, f'<div lang="{escape(tag)}" dir="{direction}">\n<blockquote>\n<p>{body}</p>\n</blockquote>\n</div>'
    )


def escaped(text: str) -> str:
    r"""A text whose characters mean only themselves in Markdown.

    >>> print(escaped("* 2_000 <b>\n1. #1"))
    \* 2\_000 \<b\>
    1\. \#1
    """
    flat = _INDENT.sub(lambda found: "\u00a0" * len(found[0]), _SPECIAL.sub(r"\\\g<0>", text))
    return _LINE_START.sub(r"\1\\\2", flat)


def _texts(example: Example, workflow: Workflow) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What an annotator would see: its name on the screen, the text, the words to be marked in it."""
    yield workflow.texts["prompt"], example.prompt, ()
    for name, text in example.materials.items():
        yield workflow.texts[name], text, ()
    marks = tuple(mark.text for mark in example.errors or ())
    for letter, text in zip(workflow.positions, example.responses, strict=True):
        yield workflow.texts[f"response_{letter}"], text, marks
    for number, text in enumerate(example.claims, start=1):
        yield f"{workflow.texts['claim']} {number}", text, ()


def _answers(example: Example, reader: Reader) -> Iterator[str]:
    """One line an answer, in the order asked."""
    for question in reader.workflow.questions:
        if question.kind == "error_spans" and example.errors is not None:
            yield from _marked(question, example, reader.terms)
        for (name, target), value in example.answers.items():
            if name == question.id:
                about = target_name(reader.workflow, target)
                asked = f"{question.title} ({about})" if about else question.title
                yield f"{escaped(asked)}: {_bold(answer_text(question, value))}"


def _marked(question: Question, example: Example, terms: Mapping[str, str]) -> Iterator[str]:
    if not example.errors:
        yield f"{escaped(question.title)}: {_bold(terms['no_errors'])}"
    for mark in example.errors or ():
        what = f"{question.choice(mark.category).title}, {question.severity(mark.severity).title}"
        better = f" → {escaped(mark.correction)}" if mark.correction else ""
        yield f"{escaped(question.title)}: {escaped(mark.text)} · **{escaped(what)}**{better}"


def _bold(text: str) -> str:
    """In bold, line by line, within an entry of a list."""
    lines = (escaped(line.strip()) for line in text.splitlines() if line.strip())
    return "\\\n  ".join(f"**{line}**" for line in lines)


def answer_text(question: Question, value: str) -> str:
    """A stored value as it reads on the screen: the titles of its codes."""
    titles = {choice.code: choice.title for choice in question.choices}
    return ", ".join(titles[code] for code in value.split("|")) if titles else value


def target_name(workflow: Workflow, target: str) -> str:
    """What a question is about, as the screen calls it: "" for the item and for the only response."""
    if target == "item" or (workflow.responses == 1 and target == "a"):
        return ""
    if target.startswith("claim_"):
        return f"{workflow.texts['claim']} {target.removeprefix('claim_')}"
    return workflow.texts[f"response_{target}"]
