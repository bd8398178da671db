"""What statistics take, as schemas: the API and the commands read the same parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate
from webargs.fields import DelimitedList

from analytics.annotators.times import ALWAYS as PACE_ALWAYS
from analytics.annotators.times import GROUPINGS as PACE_GROUPINGS
from analytics.coefficients import COEFFICIENTS
from analytics.consensus.answers import METHODS
from analytics.consensus.models import MODELS
from analytics.contested import FEWEST
from analytics.disagreement import ENOUGH
from analytics.needs import METRICS as NEEDED
from analytics.orders import OF_A_RESPONSE
from analytics.pairs import MINIMUM, POWERS
from analytics.query import GROUPINGS, HARMFUL, OVER, SAFETY
from analytics.rater_groups import ATTRIBUTES, METRICS
from analytics.references import REFERENCES
from analytics.screened import ALWAYS as SCREENING_ALWAYS
from analytics.screened import GROUPINGS as SCREENING_GROUPINGS
from analytics.spans.figures import FIGURES as SPAN_FIGURES


class _Strict(Schema):
    """Query parameters: none that is unknown, and none twice, since only the first would be heard."""

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages["unknown"] = f"there is no such parameter; there are: {', '.join(self.fields)}"

    @pre_load
    def _once(self, data: Any, **_: Any) -> Any:
        twice = [name for name in data if len(data.getlist(name)) > 1]
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


def _columns(names: Iterable[str], always: str = "workflow and question are") -> fields.Field[Any]:
    told = f"columns to group by, separated by commas; {always} always among them"
    return DelimitedList(
        fields.String(validate=validate.OneOf(list(names))),
        load_default=["locale"],
        validate=validate.Length(min=1),
        metadata={"description": told, "default": ["locale"]},
    )


def _limit() -> fields.Field[Any]:
    told = {"description": "how many at most"}
    return fields.Integer(load_default=100, validate=validate.Range(1, 1000), metadata=told)


def _offset(first: str) -> fields.Field[Any]:
    told = {"description": f"how many of the {first} to pass over"}
    return fields.Integer(load_default=0, validate=validate.Range(0, 2**31), metadata=told)


def _minimum(told: str) -> fields.Field[Any]:
    return fields.Integer(load_default=MINIMUM, validate=validate.Range(2, 2**31), metadata={"description": told})


def _metrics(
    of: Iterable[str] = COEFFICIENTS,
    told: str = "coefficients, separated by commas; the usual ones of each question unless given",
) -> fields.Field[Any]:
    known = fields.String(validate=validate.OneOf(list(of)))
    return DelimitedList(known, validate=validate.Length(min=1), metadata={"description": told})


class Grouped(Filters):
    """And how to group it."""

    question = fields.String(metadata={"description": "only this question"})
    by = _columns(GROUPINGS)


class Weekly(Grouped):
    """For a statistic that has weeks of its own."""

    by = _columns(name for name in GROUPINGS if name != "week")


class Estimated(Grouped):
    """And for whom the interval should hold."""

    over = fields.String(
        validate=validate.OneOf(OVER),
        load_default=OVER[0],
        metadata={"description": "`items`: these annotators on other items; `items_and_raters`: other annotators too"},
    )


class Ranked(Estimated):
    """For a statistic of several responses together: it has no groups of single ones."""

    by = _columns(name for name in GROUPINGS if name not in OF_A_RESPONSE)


class Referenced(Estimated):
    """And what answers are measured against."""

    reference = fields.String(
        validate=validate.OneOf(REFERENCES),
        load_default=REFERENCES[0],
        metadata={
            "description": "`gold`; the newest answers of projects of stage `audit` or `adjudicate`; those of the "
            "`majority` of the other annotators; what the helper `judge` or `rubric` proposed, unseen"
        },
    )


class Coefficients(Estimated):
    """And which coefficients."""

    metrics = _metrics()


class Confused(Estimated):
    """And how many of the most frequent."""

    limit = _limit()


class Foretold(Grouped):
    """And which coefficients, and how wide their intervals may be."""

    metrics = _metrics()
    target = fields.Float(
        load_default=0.1,
        validate=validate.Range(0.001, 1),
        metadata={"description": "how wide the interval may be, .001 to 1"},
    )


class Paired(Grouped):
    """And which kappa, of which pairs of annotators, and which part of them."""

    metric = fields.String(
        validate=validate.OneOf(list(POWERS)),
        load_default="kappa",
        metadata={"description": "`kappa`, or the one whose weights fall with the distance (ordinal questions only)"},
    )
    minimum = fields.Integer(
        load_default=MINIMUM,
        validate=validate.Range(2, 2**31),
        metadata={"description": "how many items both must have answered"},
    )
    limit = _limit()
    offset = _offset("lowest")


class Correlated(Estimated):
    """And which pairs of annotators."""

    minimum = _minimum("how many items two annotators must have in common")


class CorrelatedPage(Grouped):
    """And which pairs of annotators, or which annotators, and which part of them."""

    minimum = _minimum("how many items both must have answered; or the annotator and one of the others")
    limit = _limit()
    offset = _offset("lowest")


class Marked(Estimated):
    """And which figures of agreement on marks."""

    metrics = _metrics(SPAN_FIGURES, "figures, separated by commas; the usual ones unless given")


class MarkedPage(Grouped):
    """And which pairs of annotators, and which part of them."""

    minimum = _minimum("how many texts that one of them marked both must have looked at")
    limit = _limit()
    offset = _offset("lowest")


class Disputed(Grouped):
    """And which part of the items."""

    minimum = fields.Integer(
        load_default=FEWEST,
        validate=validate.Range(FEWEST, 2**31),
        metadata={"description": "how many annotators an item must have"},
    )
    limit = _limit()
    offset = _offset("most contested")


class Compared(Estimated):
    """And how large what is compared must be."""

    minimum = fields.Integer(
        load_default=ENOUGH,
        validate=validate.Range(2, 2**31),
        metadata={"description": "how many items a group, and all others, must have to be compared"},
    )


class Dissenting(Grouped):
    """And which part of the annotators."""

    minimum = fields.Integer(
        load_default=ENOUGH,
        validate=validate.Range(2, 2**31),
        metadata={"description": "how many items an annotator must share with others"},
    )
    limit = _limit()
    offset = _offset("first")


class OfPeople(Estimated):
    """And which groups of annotators are compared, and by what."""

    attributes = DelimitedList(
        fields.String(validate=validate.OneOf(ATTRIBUTES)),
        load_default=list(ATTRIBUTES),
        validate=validate.Length(min=1),
        metadata={
            "description": "what annotators are grouped by, separated by commas; `locale` is the first of theirs",
            "default": list(ATTRIBUTES),
        },
    )
    metric = fields.String(
        validate=validate.OneOf(METRICS),
        load_default=METRICS[0],
        metadata={"description": "`nominal`, or `interval` for questions whose codes have numbers: squared distances"},
    )


class Scored(Grouped):
    """And which part of the annotators."""

    limit = _limit()
    offset = _offset("first")


class Paced(Filters):
    """How to group annotations, and which part of the annotators."""

    by = _columns((*PACE_ALWAYS, *PACE_GROUPINGS), "workflow is")
    limit = _limit()
    offset = _offset("first")


class Paged(Filters):
    """And which part of them."""

    question = fields.String(metadata={"description": "only this question"})
    limit = _limit()
    offset = _offset("newest")


class ByMethod(Grouped):
    """And how answers are made one."""

    method = fields.String(
        validate=validate.OneOf(METHODS),
        load_default="dawid_skene",
        metadata={"description": "`majority` counts votes; the others weigh annotators by how often they err"},
    )


class Needed(Grouped):
    """And which metrics, and how wide their intervals may be."""

    metrics = _metrics(NEEDED, "metrics, separated by commas; the usual ones of each question unless given")
    target = fields.Float(
        load_default=0.1,
        validate=validate.Range(0.001, 1),
        metadata={"description": "how wide the interval may be, .001 to 1; of the mean, as a share of the scale"},
    )


class Continued(Grouped):
    """And how answers are made one, and which part of them."""

    method = fields.String(
        validate=validate.OneOf(list(MODELS)),
        load_default="dawid_skene",
        metadata={"description": "how annotators are taken to err"},
    )
    limit = _limit()
    offset = _offset("first")


class Consensual(ByMethod):
    """And which part of them."""

    under = fields.Float(
        validate=validate.Range(0, 1),
        metadata={"description": "only items whose certainty is below this, e.g. `.95`: those for adjudication"},
    )
    limit = _limit()
    offset = _offset("least certain")


class Screened(Filters):
    """Which labels call a text harmful, and how to group it."""

    workflow = fields.String(load_default=SAFETY, metadata={"description": "the workflow whose answers are the labels"})
    question = fields.String(metadata={"description": "only this question; all that have the codes unless given"})
    codes = DelimitedList(
        fields.String(),
        load_default=list(HARMFUL),
        validate=validate.Length(min=1),
        metadata={"description": "the codes that call a text harmful, separated by commas", "default": list(HARMFUL)},
    )
    by = _columns((*SCREENING_ALWAYS, *SCREENING_GROUPINGS), "screen is")
