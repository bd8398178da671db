"""The loaded guidelines, and how base and locales become what annotators of one locale see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from guidelines.clauses import Section, Text
from guidelines.errors import InvalidGuidelines, Problem, UnknownLocale, UnknownWorkflow
from guidelines.folder import PACKAGED, Folder, folder_problems, read_folder
from guidelines.model import Guideline, GuidelineVersion, Workflow
from guidelines.render import section_html
from guidelines.tags import BASE_LANGUAGE, LocaleTag, parse_locale
from guidelines.versions import content_digest
from guidelines.words import Words, localised, overlay_words
from guidelines.workflow_file import workflow_of


def load(root: Path | None = None) -> Library:
    """Load and check a guideline folder; the packaged one if `root` is None.

    Raises InvalidGuidelines, which lists every problem of every file.

    >>> sorted(load().workflows)
    ['fluency_review', 'preference']
    """
    folder = read_folder(root or PACKAGED)
    problems = folder_problems(folder)
    if problems:
        raise InvalidGuidelines(problems)
    return _library(folder)


def check(root: Path | None = None) -> list[Problem]:
    """Every problem of a guideline folder (None: the packaged one), by file and line; an empty list if there is none.

    >>> check()
    []
    """
    return folder_problems(read_folder(root or PACKAGED))


@dataclass(frozen=True)
class Overlay:
    """What one locale folder says about one workflow."""

    tag: str
    version: str
    status: Literal["draft", "signed-off"]
    words: Words
    sections: tuple[Section, ...] = ()
    replaces: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Library:
    """All workflows in base English, the tags that have a folder, and the guideline of each workflow in each locale."""

    workflows: Mapping[str, Workflow]
    locales: tuple[str, ...]
    sections: Mapping[str, tuple[Section, ...]] = field(repr=False)
    overlays: Mapping[tuple[str, str], Overlay] = field(repr=False)
    _made: dict[tuple[str, str], Guideline] = field(default_factory=dict, init=False, repr=False, compare=False)

    def guideline(self, workflow: str, locale: str) -> Guideline:
        """The workflow and its guideline as annotators of this locale see them.

        Looks in the folder of the locale, then of its language, then in the base. Raises UnknownWorkflow,
        MalformedLocale, and UnknownLocale for a locale for which neither it nor its language has a folder.

        >>> guideline = load().guideline("preference", "en-US")
        >>> guideline.workflow.question("overall").choice("tie").number, guideline.direction
        (0.0, 'ltr')
        """
        if workflow not in self.workflows:
            raise UnknownWorkflow(workflow, self.workflows)
        tag = parse_locale(locale)
        if not set(tag.chain) & set(self.locales):
            raise UnknownLocale(tag.tag, self.locales)
        if (workflow, tag.tag) not in self._made:
            self._made[workflow, tag.tag] = self._make(self.workflows[workflow], tag)
        return self._made[workflow, tag.tag]

    def _make(self, base: Workflow, tag: LocaleTag) -> Guideline:
        overlays = [self.overlays[each, base.id] for each in tag.chain if (each, base.id) in self.overlays]
        workflow = localised(base, _merged_words(reversed(overlays)))
        title = _Clause(f"# {workflow.title}", _language_of_title(overlays))
        clauses = [title, *_clauses(self.sections[base.id], reversed(overlays))]
        sources = [(clause.tag, clause.source) for clause in clauses]
        digest = content_digest(workflow, sources, tag.direction)
        own = overlays[0] if overlays and overlays[0].tag == tag.tag else None
        return Guideline(
            workflow=workflow,
            locale=tag.tag,
            direction=tag.direction,
            version=GuidelineVersion(base.id, base.version, tag.tag, _overlay_version(overlays, tag.tag), digest),
            status=own.status if own else "draft",
            markdown="\n\n".join(source for _, source in sources) + "\n",
            html="\n".join(clause.html() for clause in clauses),
        )


def _library(folder: Folder) -> Library:
    """The library of a folder without problems."""
    return Library(
        workflows={name: workflow_of(document.value) for name, document in folder.base.items()},
        locales=tuple(folder.locales),
        sections={name: text.sections for name, text in folder.base_texts.items()},
        overlays={
            key: _overlay(key[0], document.value, folder.locale_texts.get(key))
            for key, document in folder.overlays.items()
        },
    )


def _overlay(tag: str, fields: Mapping[str, Any], text: Text | None) -> Overlay:
    overlay = Overlay(tag, fields["version"], fields["status"], overlay_words(fields))
    if text is None:
        return overlay
    return replace(overlay, sections=text.sections, replaces=frozenset(text.fields.get("replaces", ())))


def _merged_words(overlays: Iterable[Overlay]) -> Words:
    """The words of several overlays, the most general first."""
    merged: Words = {}
    for overlay in overlays:
        merged |= overlay.words
    return merged


def _overlay_version(overlays: Sequence[Overlay], tag: str) -> str:
    """The version of the locale's own file; with its tag if another locale stands in; 0 if only the base is left."""
    if not overlays:
        return "0"
    nearest = overlays[0]
    return nearest.version if nearest.tag == tag else f"{nearest.tag} {nearest.version}"


def _language_of_title(overlays: Sequence[Overlay]) -> str:
    return next((each.tag for each in overlays if ("title",) in each.words), BASE_LANGUAGE)


@dataclass(frozen=True)
class _Clause:
    """A section in the language of the folder it comes from; `beside` another of the same id or not."""

    source: str
    tag: str
    beside: bool = False

    def html(self) -> str:
        suffix = f"-{self.tag}" if self.beside else ""
        return section_html(self.source, self.tag, parse_locale(self.tag).direction, suffix)


def _clauses(base: Iterable[Section], overlays: Iterable[Overlay]) -> list[_Clause]:
    """The sections in the order shown: each base section followed by the rules of the locales, new sections last."""
    placed = {section.id: [_Clause(section.source, BASE_LANGUAGE)] for section in base}
    for overlay in overlays:
        for section in overlay.sections:
            others = [] if section.id in overlay.replaces else placed.get(section.id, [])
            placed[section.id] = [*others, _Clause(section.source, overlay.tag, beside=bool(others))]
    return [clause for each in placed.values() for clause in each]
