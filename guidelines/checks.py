"""Everything that is wrong with the files of a guideline folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from guidelines.errors import MalformedLocale, Problem, UnknownLocale
from guidelines.examples_file import base_examples_problems, locale_examples_problems
from guidelines.folder import Base, LocaleFolder
from guidelines.model import Workflow
from guidelines.overlay_file import fields_of, overlay_problems
from guidelines.tags import is_base_language, parse_locale
from guidelines.terms_file import base_terms_problems, locale_terms_problems, terms_of
from guidelines.text_file import age_problems, base_text_problems, locale_text_problems, rules_problems
from guidelines.wording import instead
from guidelines.words import base_words, overlay_words
from guidelines.workflow_file import workflow_of, workflow_problems


@dataclass(frozen=True)
class BaseCheck:
    """The base, the problems of its questions and terms, and the workflows that have none."""

    base: Base
    workflows: Mapping[str, Workflow]
    problems: tuple[Problem, ...]


def check_base(base: Base) -> BaseCheck:
    """Check the questions and the terms, which everything else builds on."""
    found = {name: workflow_problems(document) for name, document in base.workflows.items()}
    workflows = {name: workflow_of(base.workflows[name].value) for name, problems in found.items() if not problems}
    problems = [*base.problems, *(problem for each in found.values() for problem in each), *_terms_problems(base)]
    return BaseCheck(base, workflows, tuple(problems))


def _terms_problems(base: Base) -> list[Problem]:
    if base.terms is None:
        message, fix = "there is no terms.yaml, with the words around a guideline", "copy the one that is packaged"
        return [Problem("base", 1, message, f"{fix}, guidelines/base/terms.yaml")]
    return base_terms_problems(base.terms)


def guideline_problems(checked: BaseCheck, workflow: str) -> Iterator[Problem]:
    """The problems of a workflow's base guideline and examples, as far as they are there."""
    base = checked.base
    if workflow in base.texts:
        version = fields_of(base.workflows[workflow]).get("version", "") if workflow in base.workflows else None
        yield from base_text_problems(base.texts[workflow], version)
    if workflow in base.examples:
        document = base.examples[workflow]
        if workflow not in base.workflows:
            message = f"there is no {workflow}.yaml beside these examples"
            yield Problem(document.file, 1, message, "rename the file after a workflow")
        yield from base_examples_problems(document, checked.workflows.get(workflow))


def missing_problems(base: Base) -> Iterator[Problem]:
    """Workflows that are not explained, or not shown by examples."""
    for name, document in base.workflows.items():
        if name not in base.texts:
            message = f"there is no guideline {name}.md beside this workflow"
            yield Problem(document.file, 1, message, f"write base/{name}.md")
        if name not in base.examples:
            message = f"there are no worked examples {name}.examples.yaml beside this workflow"
            yield Problem(document.file, 1, message, f"write base/{name}.examples.yaml")


def locale_problems(checked: BaseCheck, folder: LocaleFolder, above: Sequence[LocaleFolder]) -> Iterator[Problem]:
    """The problems of one locale's folder; `above` are the more general ones it falls back to, nearest first."""
    yield from folder.problems
    for name in folder.words:
        yield from _words_problems(checked, folder, name, above)
    for name in folder.texts:
        yield from _text_problems(checked, folder, name, above)
    if folder.terms is not None:
        filled = is_base_language(folder.tag) or any(each.terms is not None for each in above)
        yield from locale_terms_problems(folder.terms, terms_of(checked.base.terms), complete=not filled)
    if folder.rules is not None:
        known = [section.id for each in above if each.rules is not None for section in each.rules.sections]
        yield from rules_problems(folder.rules, known)
    if folder.examples is not None:
        workflows = {name: checked.workflows.get(name) for name in checked.base.workflows}
        yield from locale_examples_problems(folder.examples, workflows)


def _words_problems(
    checked: BaseCheck, folder: LocaleFolder, name: str, above: Sequence[LocaleFolder]
) -> Iterator[Problem]:
    document, known = folder.words[name], checked.base.workflows
    if name not in known:
        yield Problem(document.file, 1, f"there is no workflow {name!r} in base/", instead(name, sorted(known)))
    workflow, general = checked.workflows.get(name), [each.words[name] for each in above if name in each.words]
    inherited = base_words(workflow) if workflow is not None else {}
    for each in reversed(general):
        inherited |= overlay_words(fields_of(each))
    filled = is_base_language(folder.tag) or bool(general)
    yield from overlay_problems(document, workflow, complete=not filled, inherited=inherited)


def _text_problems(
    checked: BaseCheck, folder: LocaleFolder, name: str, above: Sequence[LocaleFolder]
) -> Iterator[Problem]:
    text, base = folder.texts[name], checked.base.texts.get(name)
    if name not in folder.words:
        message = f"there is no {name}.yaml beside these rules, so they have no version"
        yield Problem(text.file, 1, message, "add it: its fields are workflow, locale, version and status at least")
    others = [base, *(each.texts.get(name) for each in above)]
    known = dict.fromkeys(section.id for each in others if each for section in each.sections)
    yield from locale_text_problems(text, base, known)


def age_of_texts(checked: BaseCheck, folder: LocaleFolder) -> Iterator[Problem]:
    """Rules older than the base they add to: they are shown until somebody has adapted them."""
    for name, text in folder.texts.items():
        if name in checked.base.workflows:
            yield from age_problems(text, fields_of(checked.base.workflows[name]).get("version"))


def chain(tag: str) -> tuple[str, ...]:
    """The folders that a locale looks into, nearest first; none for a folder whose name is no tag."""
    try:
        return parse_locale(tag).chain
    except (MalformedLocale, UnknownLocale):
        return ()
