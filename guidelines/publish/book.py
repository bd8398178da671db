"""The guideline book of a locale: every workflow's guideline on one HTML page, for the screen and for print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guidelines.assembly import status_line
from guidelines.formats import locale_name
from guidelines.library import Library
from guidelines.model import Clause, Guideline
from guidelines.publish.pages import anchored, clause_anchor, templates
from guidelines.tags import language_of

# Clauses that hold for all workflows stand once, under this anchor.
SHARED = "locale-"
_HEADING = "rules-here"  # the clause that only announces them


@dataclass(frozen=True)
class Chapter:
    """One workflow of the book: its guideline, its status in words, and the clauses that are its own."""

    guideline: Guideline
    status: str
    clauses: tuple[Clause, ...]

    @property
    def anchor(self) -> str:
        """What the ids of this chapter start with."""
        return f"{self.guideline.workflow.id}-"

    @property
    def untranslated(self) -> Clause | None:
        """The first clause in another language than the locale's, before which the book says so."""
        language = language_of(self.guideline.locale)
        return next((clause for clause in self.clauses if language_of(clause.tag) != language), None)


def book(library: Library, locale: str, workflows: Sequence[str] | None = None) -> str:
    """The book of a locale as one HTML page that needs nothing else; of all workflows if `workflows` is None.

    It has a table of contents, the version and sign-off of each guideline, the questions with their answers, the
    clauses and the worked examples; clauses that all workflows share stand once. Raises UnknownWorkflow,
    UnknownLocale, MalformedLocale and InvalidGuidelines.
    """
    guidelines = [library.guideline(name, locale) for name in workflows or library.workflows]
    shared = _shared(guidelines)
    chapters = [
        Chapter(
            each,
            status_line(each.signed_off, each.terms, locale),
            tuple(clause for clause in each.clauses if _own(clause, shared)),
        )
        for each in guidelines
    ]
    first = guidelines[0]
    page = templates().get_template("book.html")
    return page.render(
        name=locale_name(first.locale),
        locale=first.locale,
        direction=first.direction,
        terms=first.terms,
        chapters=chapters,
        shared=shared,
        shared_anchor=SHARED,
        anchor=clause_anchor,
        linked=lambda html, anchor: _linked(html, anchor, shared),
    )


def _shared(guidelines: Sequence[Guideline]) -> list[Clause]:
    """The clauses that stand, alike, in all of several guidelines, in the order of the first."""
    if len(guidelines) < 2:
        return []
    times = Counter(clause for each in guidelines for clause in set(each.clauses))
    return [each for each in guidelines[0].clauses if times[each] == len(guidelines) and each.id != _HEADING]


def _own(clause: Clause, shared: Sequence[Clause]) -> bool:
    return clause not in shared and not (shared and clause.id == _HEADING)


def _linked(html: str, anchor: str, shared: Iterable[Clause]) -> str:
    """A chapter's HTML with ids of its own; its links to shared clauses lead to where those stand."""
    html = anchored(html, anchor)
    for clause in shared:
        html = html.replace(f'href="#{anchor}{clause.id}"', f'href="#{SHARED}{clause.id}"')
    return html
