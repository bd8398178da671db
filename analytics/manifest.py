"""What the store is told and the labelling tool never: projects, items, annotators, screenings, models, suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from analytics.schema import LAYOUT
from guidelines.errors import GuidelineError
from guidelines.tags import parse_locale
from plugins.frames import (
    ANNOTATORS,
    ITEMS,
    PASS_MARKS,
    PENALTIES,
    PROJECTS,
    SCREENINGS,
    SERVED,
    SUGGESTIONS,
    table,
)
from plugins.pass_marks import MEASURES
from plugins.pseudonym import pseudonym

_KEYS = {
    "projects": ("source", "project", "guideline_version", "since"),
    "items": ("item",),
    "layouts": ("item", "programme"),
    "annotators": ("annotator",),
    "screenings": ("item", "target", "screen"),
    "served": ("item", "target", "model", "served"),
    # A suggestion that was made anew stands beside the one that annotators were shown.
    "suggestions": ("programme", "item", "question", "target", "helper", "made"),
    "pass_marks": ("programme", "workflow", "measure"),
    "penalties": ("guideline_version", "question", "category", "severity"),
}

# What lasts until it is told anew: what was decided when a task was made, and what a programme knows of an item that
# another programme shows too.
_LASTING = {"items": ("gold", "seeded_errors"), "screenings": ("decision",), "suggestions": ("share",)}


@dataclass(frozen=True)
class Manifest:
    """Rows of these frames; a row replaces the one with the same key, the last wins.

    But what was decided or drawn when a task was made (a screening's `decision`, a suggestion's `share`) is replaced
    only by a row that tells it too; and an item with gold or seeded errors, only by its own programme or by another
    that tells them too.
    """

    projects: pa.Table = field(default_factory=PROJECTS.empty_table)
    items: pa.Table = field(default_factory=ITEMS.empty_table)
    annotators: pa.Table = field(default_factory=ANNOTATORS.empty_table)
    screenings: pa.Table = field(default_factory=SCREENINGS.empty_table)
    served: pa.Table = field(default_factory=SERVED.empty_table)
    suggestions: pa.Table = field(default_factory=SUGGESTIONS.empty_table)
    pass_marks: pa.Table = field(default_factory=PASS_MARKS.empty_table)
    penalties: pa.Table = field(default_factory=PENALTIES.empty_table)


def read_manifest(document: Mapping[str, Any], key: bytes) -> Manifest:
    """A document that `ManifestSchema` has loaded, with the tool's users turned into pseudonyms."""
    source = document["source"]
    people = [{**person, "annotator": pseudonym(key, source, person["user"])} for person in document["annotators"]]
    for person in people:
        del person["user"]
    projects = [{**project, "source": source} for project in document["projects"]]
    return Manifest(
        projects=table(projects, PROJECTS),
        items=table(document["items"], ITEMS),
        annotators=table(people, ANNOTATORS),
        screenings=table(document["screenings"], SCREENINGS),
        served=table(document["served"], SERVED),
        suggestions=table(document["suggestions"], SUGGESTIONS),
        pass_marks=table(document["pass_marks"], PASS_MARKS),
        penalties=table(document["penalties"], PENALTIES),
    )


def register(writer: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Add or replace the manifest's rows, inside the caller's transaction."""
    for name, keys in _KEYS.items():
        rows = _rows(writer, manifest, name)
        if name in _LASTING:
            rows = _undisputed(writer, name, rows)
        if rows.num_rows:
            _upsert(writer, name, rows, keys)


def _rows(writer: duckdb.DuckDBPyConnection, manifest: Manifest, name: str) -> pa.Table:
    """What the manifest says for a table."""
    if name == "layouts":
        return manifest.items.select(list(LAYOUT))
    rows: pa.Table = getattr(manifest, name)
    return _with_programme(writer, rows, manifest.items) if name == "suggestions" else rows


def _with_programme(writer: duckdb.DuckDBPyConnection, rows: pa.Table, items: pa.Table) -> pa.Table:
    """With the programme of their item: that of these items, else the one that is known."""
    asked = rows["item"].to_pylist()
    of_asked = "SELECT item, programme FROM items WHERE item IN (SELECT unnest($1::VARCHAR[]))"
    known = writer.execute(of_asked, [asked]).fetchall()
    programmes = dict(known) | dict(zip(items["item"].to_pylist(), items["programme"].to_pylist(), strict=True))
    return rows.append_column("programme", pa.array(map(programmes.get, asked), pa.string()))


def _undisputed(writer: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> pa.Table:
    """The rows that take nothing away from what lasts; those that tell most of it come last."""
    less = " OR ".join(f"a.{told} IS NULL AND s.{told} IS NOT NULL" for told in _LASTING[name])
    more = " + ".join(f"({told} IS NOT NULL)::INT" for told in _LASTING[name])
    other = "s.programme IS DISTINCT FROM a.programme" if name == "items" else "true"
    writer.register("arriving", rows.append_column("position", pa.array(range(rows.num_rows), pa.int64())))
    found: pa.Table = writer.sql(
        f"""SELECT * EXCLUDE position FROM arriving a
            WHERE NOT EXISTS (FROM {name} s WHERE {_same(_KEYS[name])} AND {other} AND ({less}))
            ORDER BY {more}, position"""  # noqa: S608 - our own tables and columns
    ).to_arrow_table()
    writer.unregister("arriving")
    return found


def _upsert(writer: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, keys: Iterable[str]) -> None:
    same = _same(keys)
    writer.register("arriving", rows.append_column("position", pa.array(range(rows.num_rows), pa.int64())))
    writer.execute(f"DELETE FROM {name} s USING arriving a WHERE {same}")  # noqa: S608 - our own table names
    writer.execute(
        f"""INSERT INTO {name} BY NAME SELECT * EXCLUDE position FROM arriving
            QUALIFY row_number() OVER (PARTITION BY {", ".join(keys)} ORDER BY position DESC) = 1"""  # noqa: S608
    )
    writer.unregister("arriving")


def _same(keys: Iterable[str]) -> str:
    return " AND ".join(f"s.{key} IS NOT DISTINCT FROM a.{key}" for key in keys)


def _locale(text: str) -> None:
    try:
        parse_locale(text)
    except GuidelineError as error:
        raise ValidationError(str(error)) from error


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class _Text(fields.String):
    """Text that UTF-8 can hold: no half of a surrogate pair."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str:
        text = super()._deserialize(value, attr, data, **more)
        if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
            raise ValidationError("holds half of a surrogate pair: send valid Unicode")
        return text


def _name(**more: Any) -> _Text:
    return _Text(required=True, validate=validate.Length(min=1), **more)


def _names() -> fields.List[str]:
    return fields.List(_Text(), load_default=list)


class ProjectRow(_Strict):
    """A project of the tool and the guideline version in force in it from `since` on."""

    source = _Text(metadata={"description": "must be the manifest's own source"})
    project = _name(metadata={"description": "the tool's id of the project"})
    programme = _name()
    workflow = _name()
    locale = _Text(required=True, validate=_locale, metadata={"example": "fr-CA"})
    stage = _name(metadata={"example": "annotate"})
    guideline_version = _name()
    since = fields.AwareDateTime(required=True, format="iso")


class ArmRow(_Strict):
    """One response of an item, by its place on the screen."""

    target = _name(metadata={"example": "a"})
    model = _Text(allow_none=True, load_default=None)
    iteration = _Text(allow_none=True, load_default=None)


class LengthRow(_Strict):
    """How long a response is."""

    target = _name(metadata={"example": "a"})
    words = fields.Float(required=True, validate=validate.Range(0))


class ItemRow(_Strict):
    """What is judged, with what would unblind annotators."""

    item = _name()
    programme = _name()
    workflow = _name()
    locale = _Text(required=True, validate=_locale, metadata={"example": "fr-CA"})
    domain = _Text(allow_none=True, load_default=None)
    batch = _Text(allow_none=True, load_default=None)
    arms = fields.List(fields.Nested(ArmRow), load_default=list)
    gold = _Text(allow_none=True, load_default=None, metadata={"description": "JSON text"})
    seeded_errors = _Text(allow_none=True, load_default=None, metadata={"description": "JSON text"})
    responses = fields.List(
        _Text(),
        allow_none=True,
        load_default=None,
        metadata={"description": "which of the item's responses each arm is: a text, the same in every programme"},
    )
    words = fields.List(fields.Nested(LengthRow), load_default=list)


class AnnotatorRow(_Strict):
    """A user of the tool; stored under a pseudonym."""

    user = _name(metadata={"description": "the tool's id of the user"})
    vendor = _Text(allow_none=True, load_default=None)
    locales = _names()
    domains = _names()
    education = _Text(allow_none=True, load_default=None)
    role = _Text(allow_none=True, load_default=None)
    qualified = _names()
    simulated = fields.Boolean(truthy={True}, falsy={False}, load_default=False)
    gender = _Text(allow_none=True, load_default=None)
    region = _Text(allow_none=True, load_default=None)


def _share() -> fields.Float:
    return fields.Float(allow_none=True, load_default=None, validate=validate.Range(0, 1))


class SuggestionRow(_Strict):
    """A helper's proposed answer to one question about an item."""

    item = _name()
    question = _name()
    target = _name(metadata={"description": "`item`, or the place on the screen", "example": "a"})
    helper = _name(metadata={"example": "judge"})
    provider = _name(metadata={"description": "who answered, with version"})
    value = _Text(allow_none=True, load_default=None, metadata={"description": "null where the helper gave none"})
    shown = fields.Boolean(truthy={True}, falsy={False}, required=True)
    share = _share()
    made = fields.AwareDateTime(required=True, format="iso")


class ScreeningRow(_Strict):
    """What one screen said of one text of an item, and what was done because of it."""

    item = _name()
    target = _name(metadata={"description": "`item` is the prompt, else a response's place", "example": "a"})
    screen = _name(metadata={"example": "profanity"})
    provider = _Text(allow_none=True, load_default=None, metadata={"description": "who answered, with version"})
    status = _Text(required=True, validate=validate.OneOf(["screened", "unscreened"]))
    score = _share()
    kind = _Text(allow_none=True, load_default=None)
    threshold = _share()
    share = _share()
    decision = _Text(
        allow_none=True, load_default=None, validate=validate.OneOf(["open", "reveal", "route", "passed", "masked"])
    )
    reason = _Text(allow_none=True, load_default=None)
    screened = fields.AwareDateTime(required=True, format="iso")


class ServedRow(_Strict):
    """Which model wrote a text that annotators were shown while labelling."""

    item = _name()
    target = _name(metadata={"example": "turn_1_reply"})
    model = _name()
    served = fields.AwareDateTime(required=True, format="iso")


class PassMarkRow(_Strict):
    """The highest MQM score that passes in a programme."""

    programme = _name()
    workflow = _name()
    measure = _Text(required=True, validate=validate.OneOf(MEASURES))
    at_most = fields.Float(
        required=True,
        allow_none=True,
        validate=validate.Range(0),
        metadata={"description": "null where there is none any more"},
    )


class PenaltyRow(_Strict):
    """What an error costs in a guideline version."""

    guideline_version = _name()
    question = _name()
    category = _name()
    severity = _name()
    weight = fields.Float(required=True, validate=validate.Range(0))
    repeated_errors = _Text(
        required=True,
        validate=validate.OneOf(["each", "once"]),
        metadata={"description": "how often an error is counted that is marked several times in one response"},
    )


class ManifestSchema(_Strict):
    """What a programme put into a labelling tool."""

    source = _name(metadata={"example": "label_studio"})
    projects = fields.List(fields.Nested(ProjectRow), load_default=list)
    items = fields.List(fields.Nested(ItemRow), load_default=list)
    annotators = fields.List(fields.Nested(AnnotatorRow), load_default=list)
    screenings = fields.List(fields.Nested(ScreeningRow), load_default=list)
    served = fields.List(fields.Nested(ServedRow), load_default=list)
    suggestions = fields.List(fields.Nested(SuggestionRow), load_default=list)
    pass_marks = fields.List(fields.Nested(PassMarkRow), load_default=list)
    penalties = fields.List(fields.Nested(PenaltyRow), load_default=list)
