"""How base and locale folders become the guideline that annotators of one locale see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from guidelines.clauses import Section, Text
from guidelines.example_text import Reader, example_parts
from guidelines.examples_file import examples_of
from guidelines.folder import LocaleFolder
from guidelines.formats import formats_table, locale_name, written_date
from guidelines.model import Clause, Example, Guideline, GuidelineVersion, SignOff, Workflow
from guidelines.render import section_html
from guidelines.signing import fields_of, sign_off
from guidelines.tags import BASE_LANGUAGE, LocaleTag, is_base_language, parse_locale
from guidelines.terms_file import terms_of
from guidelines.text_file import listed
from guidelines.versions import content_digest
from guidelines.words import Words, localised, overlay_words
from guidelines.yaml_file import Document

LAST = "checklist"
_ENOUGH = 8  # worked examples in the locale's language, so that no English ones are needed


@dataclass(frozen=True)
class Sources:
    """What one guideline is made of: the base's part and the locale's folders, nearest first."""

    workflow: Workflow
    text: Text | None
    examples: Document | None
    terms: Mapping[str, str]
    folders: tuple[LocaleFolder, ...]


def assemble(sources: Sources, tag: LocaleTag) -> Guideline:
    """The guideline of one workflow in one locale; the files have no problems."""
    words = [each for each in sources.folders if sources.workflow.id in each.words]
    workflow = localised(sources.workflow, _merged_words(sources.workflow.id, words))
    terms = _merged_terms(sources)
    signed = _signed_off(sources, tag)
    clauses = list(_numbered(_pieces(sources, workflow, terms, tag)))
    shown = [
        (_title_language(words, workflow.id), f"# {workflow.title}"),
        *((each.tag, each.markdown) for each in clauses),
    ]
    status = status_line(signed, terms, tag.tag)
    return Guideline(
        workflow=workflow,
        locale=tag.tag,
        direction=tag.direction,
        version=GuidelineVersion(
            workflow.id,
            workflow.version,
            tag.tag,
            overlay_version(sources.folders, workflow.id, tag.tag),
            content_digest(workflow, shown, tag.direction),
        ),
        status="signed-off" if signed else "draft",
        markdown="\n\n".join([shown[0][1], f"*{status}*", *(each.markdown for each in clauses)]) + "\n",
        html="\n".join(
            [*_head_html(shown[0], (_terms_language(sources), f"*{status}*")), *(each.html for each in clauses)]
        ),
        clauses=tuple(clauses),
        examples=tuple(example for _, examples in _examples(sources) for example in examples),
        terms=terms,
        signed_off=signed,
    )


def _merged_words(workflow: str, folders: Sequence[LocaleFolder]) -> Words:
    """The words of several folders, of which the first is the nearest."""
    merged: Words = {}
    for folder in reversed(folders):
        merged |= overlay_words(fields_of(folder.words[workflow]))
    return merged


def _merged_terms(sources: Sources) -> dict[str, str]:
    terms = dict(sources.terms)
    for folder in reversed(sources.folders):
        terms |= terms_of(folder.terms)
    return terms


def _title_language(folders: Sequence[LocaleFolder], workflow: str) -> str:
    return next((each.tag for each in folders if "title" in fields_of(each.words[workflow])), BASE_LANGUAGE)


def overlay_version(folders: Sequence[LocaleFolder], workflow: str, tag: str) -> str:
    """The versions of the folders, nearest first, another folder's with its tag; 0 if only the base is left."""
    found = [(folder.tag, _folder_version(folder, workflow)) for folder in folders]
    parts = [version if name == tag else f"{name} {version}" for name, version in found if version]
    return " ".join(parts) or "0"


def _folder_version(folder: LocaleFolder, workflow: str) -> str:
    """`4` for words of version 4, `4.2` with rules of version 2 for all workflows, `2` for these alone."""
    files = [each for each in (folder.words.get(workflow), folder.rules) if each is not None]
    return ".".join(fields_of(each)["version"] for each in files)


def _signed_off(sources: Sources, tag: LocaleTag) -> tuple[SignOff, ...]:
    """Who approved the locale's files, if all are approved as they are now; a language's lead speaks for it alone."""
    own = [each for each in sources.folders if each.tag == tag.tag and each.contributing(sources.workflow.id)]
    files = [file for folder in sources.folders for file in folder.contributing(sources.workflow.id)]
    signed = [sign_off(file) for file in files]
    return tuple(dict.fromkeys(each for each in signed if each)) if own and all(signed) else ()


def status_line(signed: Sequence[SignOff], terms: Mapping[str, str], tag: str) -> str:
    """Who signed a guideline off and when, or that it is a draft, in the locale's words."""
    if not signed:
        return terms["draft"]
    lines = (terms["signed_off"].format(name=each.by, date=written_date(each.on, tag)) for each in signed)
    return " · ".join(lines)


def _head_html(*lines: tuple[str, str]) -> list[str]:
    return [section_html(markdown, tag, parse_locale(tag).direction) for tag, markdown in lines]


@dataclass(frozen=True)
class _Piece:
    """A section in the language of the folder it comes from; its HTML is given only if it is not one language's."""

    id: str
    title: str
    markdown: str
    tag: str
    body: str | None = None


def _numbered(pieces: Iterable[_Piece]) -> Iterator[Clause]:
    """The sections as clauses; one that has the id of an earlier one gets its folder's tag in its HTML id."""
    used: set[str] = set()
    for piece in pieces:
        suffix = f"-{piece.tag}" if piece.id in used else ""
        used.add(piece.id)
        source = piece.markdown if piece.body is None else piece.markdown.split("\n", maxsplit=1)[0]
        html = section_html(source, piece.tag, parse_locale(piece.tag).direction, suffix)
        whole = html if piece.body is None else f"{html}\n{piece.body}"
        yield Clause(piece.id, piece.title, piece.markdown, piece.tag, whole)


def _pieces(sources: Sources, workflow: Workflow, terms: Mapping[str, str], tag: LocaleTag) -> Iterator[_Piece]:
    """All sections in the order shown."""
    told = list(_workflow_pieces(sources))
    yield from (each for each in told if each.id != LAST)
    yield from _rules_pieces(sources, terms, tag)
    yield from _formats_pieces(sources, terms, tag)
    yield from _examples_pieces(sources, workflow, terms)
    yield from (each for each in told if each.id == LAST)


def _workflow_pieces(sources: Sources) -> list[_Piece]:
    """Each base section followed by the rules of the locales, or replaced by them, and then their new sections."""
    placed = {each.id: [_piece(each, BASE_LANGUAGE)] for each in (sources.text.sections if sources.text else ())}
    for folder in reversed(sources.folders):
        text = folder.texts.get(sources.workflow.id)
        if text is not None:
            instead = {*listed(text, "replaces"), *listed(text, "translates")}
            _add(placed, text, instead, folder.tag)
    return [piece for each in placed.values() for piece in each]


def _rules_pieces(sources: Sources, terms: Mapping[str, str], tag: LocaleTag) -> Iterator[_Piece]:
    """The rules for all workflows, the language's first, under a heading of their own."""
    placed: dict[str, list[_Piece]] = {}
    for folder in reversed(sources.folders):
        if folder.rules is not None:
            _add(placed, folder.rules, set(listed(folder.rules, "replaces")), folder.tag)
    if placed:
        heading = terms["rules_here"].format(locale=locale_name(tag.tag))
        yield _Piece("rules-here", "", f"## {heading} {{#rules-here}}", _terms_language(sources))
    yield from (piece for each in placed.values() for piece in each)


def _add(placed: dict[str, list[_Piece]], text: Text, instead: set[str], tag: str) -> None:
    """Put a file's sections in their places; those still to be written are not shown to annotators."""
    for section in (each for each in text.sections if not each.unwritten):
        before = [] if section.id in instead else placed.get(section.id, [])
        placed[section.id] = [*before, _piece(section, tag)]


def _piece(section: Section, tag: str) -> _Piece:
    return _Piece(section.id, section.title, section.source, tag)


def _terms_language(sources: Sources) -> str:
    return next((each.tag for each in sources.folders if each.terms is not None), BASE_LANGUAGE)


def _formats_pieces(sources: Sources, terms: Mapping[str, str], tag: LocaleTag) -> Iterator[_Piece]:
    table = formats_table(tag.tag, terms)
    if table:
        title = terms["formats"]
        yield _Piece("formats", title, f"## {title} {{#formats}}\n\n{table}", _terms_language(sources))


def _examples(sources: Sources) -> Iterator[tuple[str, tuple[Example, ...]]]:
    """The examples by folder, nearest first; the base's too, unless the locale has enough in its own language."""
    found = 0
    for folder in sources.folders:
        examples = examples_of(folder.examples, sources.workflow, folder.tag)
        found += len(examples)
        if examples:
            yield folder.tag, examples
    english = not sources.folders or is_base_language(sources.folders[0].tag)
    if sources.examples is not None and (english or found < _ENOUGH):
        yield BASE_LANGUAGE, examples_of(sources.examples, sources.workflow, BASE_LANGUAGE)


def _examples_pieces(sources: Sources, workflow: Workflow, terms: Mapping[str, str]) -> Iterator[_Piece]:
    """A section of examples for each folder that has some, numbered through."""
    reader, number = Reader(_terms_language(sources), terms, workflow), 0
    for tag, examples in _examples(sources):
        local = tag != BASE_LANGUAGE
        title = terms["local_examples"].format(locale=locale_name(tag)) if local else terms["examples"]
        parts = [example_parts(index, each, reader) for index, each in enumerate(examples, start=number + 1)]
        number += len(examples)
        markdown = "\n\n".join([f"## {title} {{#examples}}", *(each for each, _ in parts)])
        yield _Piece("examples", title, markdown, tag, "\n".join(html for _, html in parts))
