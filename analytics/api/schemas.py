"""What the statistics routes take and give, as schemas; unknown parameters are refused."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate
from webargs.fields import DelimitedList

from analytics.queries import GROUPINGS, OVER


class _Strict(Schema):
    """Query parameters: none that is unknown, and none twice, since only the first would be heard."""

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages["unknown"] = f"there is no such parameter; there are: {', '.join(self.fields)}"

    @pre_load
    def _once(self, data: Any, **_: Any) -> Any:
        twice = [name for name in request.args if len(request.args.getlist(name)) > 1]
        if twice:
            raise ValidationError({name: ["given twice: separate values by commas"] for name in twice})
        return data


class Filters(_Strict):
    """What to look at, and in which format to answer."""

    workflow = fields.String(metadata={"description": "only this workflow"})
    locale = fields.String(metadata={"description": "only this locale, e.g. `fr-CA`"})
    format = fields.String(
        validate=validate.OneOf(["json", "csv"]),
        metadata={"description": "wins over the Accept header; JSON if neither says"},
    )


class GroupedQuery(Filters):
    """And how to group it."""

    question = fields.String(metadata={"description": "only this question"})
    by = DelimitedList(
        fields.String(validate=validate.OneOf(GROUPINGS)),
        load_default=["locale"],
        validate=validate.Length(min=1),
        metadata={
            "description": "columns to group by; workflow and question are always among them",
            "default": ["locale"],
        },
    )


class EstimateQuery(GroupedQuery):
    """And for whom the interval should hold."""

    over = fields.String(
        validate=validate.OneOf(OVER),
        load_default=OVER[0],
        metadata={"description": "`items`: these annotators on other items; `items_and_raters`: other annotators too"},
    )


class EditsQuery(Filters):
    """And which part of them."""

    question = fields.String(metadata={"description": "only this question"})
    limit = fields.Integer(
        load_default=100, validate=validate.Range(1, 1000), metadata={"description": "how many at most"}
    )
    offset = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 2**31),
        metadata={"description": "how many of the newest to pass over"},
    )


class EstimateSchema(Schema):
    """A figure with its interval, and what it rests on."""

    value = fields.Float(required=True, allow_none=True)
    low = fields.Float(required=True, allow_none=True)
    high = fields.Float(required=True, allow_none=True)
    level = fields.Float(required=True)
    method = fields.String(required=True)
    over = fields.String(required=True)
    n_items = fields.Integer(required=True)
    n_judgments = fields.Integer(required=True)
    n_annotators = fields.Integer(required=True)
    undefined = fields.String(
        required=True, allow_none=True, metadata={"description": "why the value, or its interval, is missing"}
    )


class Group(Schema):
    """The columns of `by`: those not asked for are absent."""

    workflow = fields.String(required=True)
    question = fields.String(required=True)
    locale = fields.String(allow_none=True)
    guideline_version = fields.String(allow_none=True)
    vendor = fields.String(allow_none=True)
    stage = fields.String(allow_none=True)


class AgreementRow(Group):
    """Agreement in one group."""

    estimates = fields.Dict(keys=fields.String(), values=fields.Nested(EstimateSchema), required=True)
    prevalence = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    n_single_rated = fields.Integer(required=True, metadata={"description": "items with one judgment, left out"})


class QualityRow(Group):
    """MQM score of one group: mean penalty per annotation, 0 is best."""

    estimate = fields.Nested(EstimateSchema, required=True)


class WeekSchema(Schema):
    """One ISO week, by its Monday."""

    monday = fields.Date(required=True)
    errors = fields.Integer(required=True)
    annotations = fields.Integer(required=True)
    rate = fields.Nested(EstimateSchema, required=True)


class TrendRow(Group):
    """One error category in one group: its weeks, and the change of the log rate per week."""

    category = fields.String(required=True)
    weeks = fields.List(fields.Nested(WeekSchema), required=True)
    slope = fields.Nested(EstimateSchema, required=True)
    p_value = fields.Float(required=True, allow_none=True)
    q_value = fields.Float(required=True, allow_none=True)


class PieceSchema(Schema):
    """A stretch of text and what became of it."""

    kind = fields.String(required=True, validate=validate.OneOf(["same", "removed", "added"]))
    text = fields.String(required=True)


class EditRow(Schema):
    """One edited text: what it was, what it became, and the difference between the two."""

    workflow = fields.String(required=True)
    question = fields.String(required=True)
    locale = fields.String(required=True)
    item = fields.String(required=True)
    target = fields.String(required=True)
    annotator = fields.String(required=True, metadata={"description": "a pseudonym"})
    vendor = fields.String(required=True, allow_none=True)
    stage = fields.String(required=True, allow_none=True)
    guideline_version = fields.String(required=True, allow_none=True)
    updated = fields.DateTime(required=True)
    original = fields.String(required=True)
    edited = fields.String(required=True)
    pieces = fields.List(fields.Nested(PieceSchema), required=True)
    characters = fields.Integer(required=True, metadata={"description": "Levenshtein distance in characters"})
    words = fields.Integer(required=True, metadata={"description": "Levenshtein distance in words"})
    share = fields.Float(required=True, metadata={"description": "distance in characters by the longer length"})


def _simulated() -> fields.String:
    return fields.String(
        required=True,
        validate=validate.OneOf(["none", "some", "all"]),
        metadata={"description": "how much of the work was done by simulated annotators"},
    )


class LocaleRowSchema(Schema):
    """One workflow in one locale."""

    locale = fields.String(required=True)
    workflow = fields.String(required=True)
    items = fields.Integer(required=True)
    annotations = fields.Integer(required=True)
    annotators = fields.Integer(required=True)
    skipped = fields.Integer(required=True)
    simulated = _simulated()
    question = fields.String(required=True, metadata={"description": "the question that sums the workflow up"})
    alpha = fields.Nested(EstimateSchema, required=True, allow_none=True)
    raw_agreement = fields.Nested(EstimateSchema, required=True, allow_none=True)


def rows_of(row: type[Schema]) -> type[Schema]:
    """The answer that holds rows of this schema, and says whether the work was simulated."""
    members: dict[str, Any] = {"simulated": _simulated(), "rows": fields.List(fields.Nested(row), required=True)}
    return Schema.from_dict(members, name=f"{row.__name__.removesuffix('Schema').removesuffix('Row')}Rows")
