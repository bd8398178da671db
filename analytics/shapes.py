"""The shape of a statistic's answer, taken from its row: a frozen dataclass is its own description."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from marshmallow import Schema, validate
from marshmallow import fields as shapes

from analytics.dimensions import ALWAYS, DIMENSIONS
from analytics.output import is_spread

_PLAIN: dict[Any, type[shapes.Field[Any]]] = {
    str: shapes.String,
    int: shapes.Integer,
    float: shapes.Float,
    bool: shapes.Boolean,
    datetime: shapes.DateTime,
    date: shapes.Date,
}


@cache
def shape_of(row: type) -> type[Schema]:
    """The schema of a row's plain values (see `analytics.output.plain`).

    A field may be a text, a number, a truth value, a moment, a day, a literal, another dataclass, a sequence or a
    mapping of these, or None. `description` in the metadata of a field goes into the API's description. `group` has the
    columns that statistics of questions are grouped by, unless its metadata name other `columns`.
    """
    hints = get_type_hints(row)
    members: dict[str, Any] = {}
    for each in fields(row):
        if each.name == "group":
            members |= _group(each.metadata.get("columns"))
        elif is_spread(each):
            members |= shape_of(hints[each.name])._declared_fields
        else:
            members[each.name] = _shape(hints[each.name], _told(each))
    return Schema.from_dict(members, name=row.__name__)


def _told(field: Field[Any]) -> dict[str, Any]:
    return {"required": True, "metadata": dict(field.metadata)}


def _group(columns: Sequence[str] | None) -> dict[str, shapes.Field[Any]]:
    """Those of the columns that are not asked for are absent."""
    if columns is not None:
        return {name: shapes.String(allow_none=True) for name in columns}
    always = {name: shapes.String(required=True) for name in ALWAYS}
    return {**always, **{name: shapes.String(allow_none=True) for name in DIMENSIONS}}


def _shape(hint: Any, told: Mapping[str, Any]) -> shapes.Field[Any]:
    hint = getattr(hint, "__value__", hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (kind,) = (each for each in inner if each is not type(None))
        return _shape(kind, {**told, "allow_none": True})
    if origin is Literal:
        return shapes.String(validate=validate.OneOf(inner), **told)
    if is_dataclass(hint):
        return shapes.Nested(shape_of(hint), **told)  # type: ignore[arg-type] # a class, not an instance
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return shapes.Dict(keys=shapes.String(), values=_shape(inner[1], {}), **told)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return shapes.List(_shape(inner[0], {}), **told)
    return _PLAIN[hint](**told)


def answer_of(row: type) -> type[Schema]:
    """The answer that holds rows of this kind, and says whether the work was simulated."""
    told = {"description": "how much of the work was done by simulated annotators"}
    some = shapes.String(required=True, validate=validate.OneOf(["none", "some", "all"]), metadata=told)
    rows = shapes.List(shapes.Nested(shape_of(row)), required=True)
    return Schema.from_dict({"simulated": some, "rows": rows}, name=f"{row.__name__.removesuffix('Row')}Rows")
