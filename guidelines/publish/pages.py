"""What all published pages share: templates, anchors, and the answers that can be asked."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from guidelines.model import Clause, Example, Question, Workflow

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


def anchored(html: str, prefix: str) -> str:
    """The HTML with `prefix` before every id and every link to one, so that several texts stand on one page.

    >>> anchored('<h2 id="tone">Tone</h2><a href="#skip">', "review-")
    '<h2 id="review-tone">Tone</h2><a href="#review-skip">'
    """
    return _ANCHOR.sub(prefix, html)


def clause_anchor(clause: Clause) -> str:
    """The id that a clause's heading has: its own, or one with its tag where it stands beside another of that id."""
    found = _HEADING.search(clause.html)
    return found[1] if found else clause.id


def coded_answers(example: Example, workflow: Workflow) -> list[tuple[Question, str, str]]:
    """The known answers that are chosen, not written: question, target and value, in the order asked."""
    order = {question.id: place for place, question in enumerate(workflow.questions)}
    found = [
        (workflow.question(name), target, value)
        for (name, target), value in example.answers.items()
        if workflow.question(name).choices or workflow.question(name).kind in ("rating", "ranking")
    ]
    return sorted(found, key=lambda each: (order[each[0].id], each[1]))
