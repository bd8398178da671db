"""The loaded guidelines: the base at once, each locale's folder when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from guidelines.assembly import Sources, assemble
from guidelines.checks import (
    BaseCheck,
    age_of_texts,
    chain,
    check_base,
    guideline_problems,
    locale_problems,
    missing_problems,
)
from guidelines.errors import InvalidGuidelines, Problem, UnknownLocale, UnknownWorkflow
from guidelines.folder import PACKAGED, LocaleFolder, locale_tags, read_base, read_locale, stray_problems
from guidelines.model import Guideline, Workflow
from guidelines.tags import LocaleTag, parse_locale
from guidelines.terms_file import terms_of


def load(root: Path | None = None) -> Library:
    """Load a guideline folder; the packaged one if `root` is None.

    The questions and terms of the base are checked at once, and InvalidGuidelines lists every problem of theirs. A
    locale's folder is read and checked when it is first asked for.

    >>> "fluency_review" in load().workflows
    True
    """
    root = root or PACKAGED
    checked = check_base(read_base(root))
    if checked.problems:
        raise InvalidGuidelines(sorted(set(checked.problems)))
    return Library(checked.workflows, locale_tags(root), root, checked)


def check(root: Path | None = None) -> list[Problem]:
    """Every problem of a guideline folder (None: the packaged one), by file and line; an empty list if there is none.

    >>> check(Path("nowhere"))[0].message
    'there is no terms.yaml, with the words around a guideline'
    """
    return check_folder(root or PACKAGED)[0]


def check_folder(root: Path) -> tuple[list[Problem], int]:
    """Every problem of a guideline folder, by file and line, and how many files it has."""
    checked = check_base(read_base(root))
    base = checked.base
    problems = [*checked.problems, *missing_problems(base), *stray_problems(root)]
    for workflow in {*base.texts, *base.examples}:
        problems += guideline_problems(checked, workflow)
    folders = {tag: read_locale(root, tag) for tag in locale_tags(root)}
    for folder in folders.values():
        above = [folders[tag] for tag in chain(folder.tag)[1:] if tag in folders]
        problems += [*locale_problems(checked, folder, above), *age_of_texts(checked, folder)]
    return sorted(set(problems)), base.files + sum(folder.files for folder in folders.values())


@dataclass(frozen=True)
class Library:
    """All workflows in base English, the tags that have a folder, and the guideline of each workflow in each locale.

    Some of the tags are languages, such as `es`: what their locales, such as `es-MX`, have in common.
    """

    workflows: Mapping[str, Workflow]
    locales: tuple[str, ...]
    root: Path = field(repr=False)
    _base: BaseCheck = field(repr=False)
    _folders: dict[str, LocaleFolder] = field(default_factory=dict, init=False, repr=False, compare=False)
    _made: dict[tuple[str, str], Guideline] = field(default_factory=dict, init=False, repr=False, compare=False)

    def guideline(self, workflow: str, locale: str) -> Guideline:
        """The workflow and its guideline as annotators of this locale see them.

        Looks in the folder of the locale, then of its language, then in the base. Raises UnknownWorkflow,
        MalformedLocale, UnknownLocale for a locale for which neither it nor its language has a folder, and
        InvalidGuidelines if their files or the workflow's base guideline have problems.

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
            self._made[workflow, tag.tag] = self._make(workflow, tag)
        return self._made[workflow, tag.tag]

    def _make(self, workflow: str, tag: LocaleTag) -> Guideline:
        base = self._base.base
        _refuse(list(guideline_problems(self._base, workflow)))
        return assemble(
            Sources(
                workflow=self.workflows[workflow],
                text=base.texts.get(workflow),
                examples=base.examples.get(workflow),
                terms=terms_of(base.terms),
                folders=self._chain(tag.chain),
            ),
            tag,
        )

    def _chain(self, tags: Sequence[str]) -> tuple[LocaleFolder, ...]:
        """The folders of these tags that there are, nearest first; read and checked from the most general one on."""
        found: tuple[LocaleFolder, ...] = ()
        for tag in reversed([tag for tag in tags if tag in self.locales]):
            if tag not in self._folders:
                folder = read_locale(self.root, tag)
                _refuse(list(locale_problems(self._base, folder, found)))
                self._folders[tag] = folder
            found = (self._folders[tag], *found)
        return found


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InvalidGuidelines(sorted(set(problems)))
