"""What all published pages share: templates, words, names of locales, and answers as people read them."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from babel import Locale
from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from guidelines.model import Clause, Example, Guideline, Question, Workflow
from guidelines.tags import parse_locale

_HEADING = re.compile(r'<h2 id="([^"]+)"')
_ANCHOR = re.compile(r'(?<= id=")(?=[^"]*")|(?<= href="#)(?=[^"]*")')


@cache
def templates() -> Environment:
    """The templates of this package; what is put into them is escaped."""
    return Environment(
        loader=PackageLoader("guidelines.publish", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def locale_name(tag: str) -> str:
    """The locale's name in its own language, or its tag where CLDR has none.

    >>> locale_name("de-DE")
    'Deutsch (Deutschland)'
    """
    return Locale.parse(parse_locale(tag).tag, sep="-").get_display_name() or tag


def anchored(html: str, prefix: str) -> str:
    """The HTML with `prefix` before every id and every link to one, so that several texts stand on one page.

    >>> anchored('<h2 id="tone">Tone</h2><a href="#skip">', "review-")
    '<h2 id="review-tone">Tone</h2><a href="#review-skip">'
    """
    return _ANCHOR.sub(prefix, html)


def language_of(tag: str) -> str:
    """The language of a tag: "pt" of "pt-BR"."""
    return tag.split("-", maxsplit=1)[0]


def clause_anchor(clause: Clause) -> str:
    """The id that a clause's heading has: its own, or one with its tag where it stands beside another of that id."""
    found = _HEADING.search(clause.html)
    return found[1] if found else clause.id


def status_line(guideline: Guideline) -> str:
    """Whether the text is a draft, or who signed it off and when, in the locale's words."""
    terms = guideline.terms
    if guideline.status == "draft":
        return terms["draft"]
    locale = Locale.parse(guideline.locale, sep="-")
    days = [format_date(date.fromisoformat(each.on), "long", locale) for each in guideline.signed_off]
    signed = zip(guideline.signed_off, days, strict=True)
    return " · ".join(dict.fromkeys(terms["signed_off"].format(name=each.by, date=day) for each, day in signed))


def answer_text(question: Question, value: str) -> str:
    """A stored value as it reads on the screen: the titles of its codes.

    >>> from guidelines.model import Choice
    >>> choices = (Choice("x", "Too long"), Choice("y", "Late"))
    >>> asked = Question("q", "multiple_choice", "Why", "nominal", choices=choices)
    >>> answer_text(asked, "x|y")
    'Too long, Late'
    """
    titles = {choice.code: choice.title for choice in question.choices}
    if not titles:
        return value
    return ", ".join(titles[code] for code in value.split("|"))


def target_name(workflow: Workflow, target: str) -> str:
    """What a question is about, as the screen calls it: "" for the item and for the only response."""
    if target == "item" or (workflow.responses == 1 and target == "a"):
        return ""
    if target.startswith("claim_"):
        return f"{workflow.texts['claim']} {target.removeprefix('claim_')}"
    return workflow.texts[f"response_{target}"]


def coded_answers(example: Example, workflow: Workflow) -> list[tuple[Question, str, str]]:
    """The known answers that are chosen, not written: question, target and value, in the order asked."""
    order = {question.id: place for place, question in enumerate(workflow.questions)}
    found = [
        (workflow.question(name), target, value)
        for (name, target), value in example.answers.items()
        if workflow.question(name).choices or workflow.question(name).kind in ("rating", "ranking")
    ]
    return sorted(found, key=lambda each: (order[each[0].id], each[1]))
