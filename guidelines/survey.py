"""A whole guideline folder at once, for the tools that look at every locale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guidelines.checks import BaseCheck, chain, check_base, locale_problems
from guidelines.errors import Problem
from guidelines.folder import LocaleFolder, locale_tags, read_base, read_locale


@dataclass(frozen=True)
class Survey:
    """The base and every locale's folder by its tag."""

    checked: BaseCheck
    folders: dict[str, LocaleFolder]

    def chain(self, tag: str) -> list[LocaleFolder]:
        """The folders that make up this locale, its own first if it has one."""
        return [self.folders[each] for each in chain(tag) if each in self.folders]

    def locales(self) -> Iterator[str]:
        """The tags with a region: those that annotators work in. The others hold what several of these share."""
        return (tag for tag in self.folders if has_region(tag))


def survey(root: Path) -> Survey:
    """Read a guideline folder; nothing is raised for what is wrong in it."""
    return Survey(check_base(read_base(root)), {tag: read_locale(root, tag) for tag in locale_tags(root)})


def chain_mistakes(seen: Survey, tag: str) -> Iterator[Problem]:
    """What keeps this locale from being served: the mistakes in its folder and in those it falls back to."""
    folders = seen.chain(tag)
    for place, folder in enumerate(folders):
        yield from locale_problems(seen.checked, folder, folders[place + 1 :])


def has_region(tag: str) -> bool:
    """Does this tag name a region, as `es-MX` does and `es` and `zh-Hant` do not?

    >>> has_region("es-MX"), has_region("zh-Hant"), has_region("es-419")
    (True, False, True)
    """
    return len(tag.split("-")) > 1 and len(tag.rsplit("-", maxsplit=1)[-1]) in (2, 3)
