"""What the page of edited texts shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from analytics.catalogue.work import edit_rows
from analytics.dashboard.names import LocaleName, locale_name
from analytics.differences import Difference
from analytics.edits import Edit
from analytics.query import Query, known_locales
from analytics.scales import edited_texts
from analytics.store import Snapshot
from guidelines import Library, parse_locale

PAGE = 50


@dataclass(frozen=True)
class ShownEdit:
    """An edit with its locale's name and direction of writing."""

    group: Mapping[str, str | None]
    name: LocaleName
    direction: str
    difference: Difference
    updated: datetime
    served: tuple[str, ...]


@dataclass(frozen=True)
class ShownEdits:
    """One page of edits, what can be chosen, and where older ones start (None: there are none)."""

    edits: list[ShownEdit]
    locales: list[str]
    workflows: list[str]
    older: int | None


def shown_edits(snapshot: Snapshot, library: Library, chosen: Mapping[str, str], offset: int) -> ShownEdits:
    """The edits of the chosen workflow and locale after the first `offset`; raises UnknownValue."""
    asked = Query(chosen.get("workflow"), locale=chosen.get("locale"), limit=PAGE + 1, offset=offset)
    found = edit_rows(snapshot, library, asked)
    workflows = list(dict.fromkeys(workflow for workflow, _ in edited_texts(library.workflows)))
    older = offset + PAGE if len(found) > PAGE else None
    return ShownEdits([_shown(edit) for edit in found[:PAGE]], known_locales(snapshot), workflows, older)


def _shown(edit: Edit) -> ShownEdit:
    tag = str(edit.group["locale"])
    return ShownEdit(
        edit.group, locale_name(tag), parse_locale(tag).direction, edit.difference, edit.updated, edit.served
    )
