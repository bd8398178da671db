"""What goes out: agreement, quality, error trends, the locale overview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import RAISE

from analytics import queries
from analytics.api.description import described
from analytics.api.schemas import (
    AgreementRow,
    EditRow,
    EditsQuery,
    EstimateQuery,
    Filters,
    GroupedQuery,
    LocaleRowSchema,
    QualityRow,
    TrendRow,
    rows_of,
)
from analytics.api.tokens import auth
from analytics.locales import locale_rows, simulated_part
from analytics.output import declared, exploded, plain, to_csv
from analytics.service import service
from analytics.store import Snapshot

_READERS = ("analyst", "ingest")

blueprint = Blueprint("statistics", __name__, url_prefix="/v1", description="What goes out")


@blueprint.get("/agreement")
@auth.login_required(role="read")
@described(blueprint, 401, 403, 422, tokens=_READERS, csv=True)
@blueprint.arguments(EstimateQuery, location="query", unknown=RAISE)
@blueprint.response(200, rows_of(AgreementRow))
def agreement(given: dict[str, Any]) -> Response:
    """Agreement between annotators, per question

    Raw agreement, Krippendorff's alpha and Gwet's AC1, each with an interval; 1 is best.
    """
    with service().store.snapshot() as snapshot:
        rows = queries.agreement_rows(snapshot, service().library, _query(given))
        return _reply(snapshot, given, [plain(row) for row in rows])


@blueprint.get("/quality")
@auth.login_required(role="read")
@described(blueprint, 401, 403, 422, tokens=_READERS, csv=True)
@blueprint.arguments(EstimateQuery, location="query", unknown=RAISE)
@blueprint.response(200, rows_of(QualityRow))
def quality(given: dict[str, Any]) -> Response:
    """Quality of what was reviewed

    The MQM score: mean penalty per annotation of the marked errors, with an interval; 0 is best.
    """
    with service().store.snapshot() as snapshot:
        rows = queries.quality_rows(snapshot, service().library, _query(given))
        return _reply(snapshot, given, [plain(row) for row in rows])


@blueprint.get("/errors/trends")
@auth.login_required(role="read")
@described(blueprint, 401, 403, 422, tokens=_READERS, csv=True)
@blueprint.arguments(GroupedQuery, location="query", unknown=RAISE)
@blueprint.response(200, rows_of(TrendRow))
def trends(given: dict[str, Any]) -> Response:
    """Weekly error rates and their trend, per error category

    Errors per annotation with an interval, and the change of the log rate per week. In CSV one line is one week.
    """
    with service().store.snapshot() as snapshot:
        rows = [plain(row) for row in queries.trend_rows(snapshot, service().library, _query(given))]
        return _reply(snapshot, given, rows, [week for row in rows for week in exploded(row, "weeks")])


@blueprint.get("/locales")
@auth.login_required(role="read")
@described(blueprint, 401, 403, 422, tokens=_READERS, csv=True)
@blueprint.arguments(Filters, location="query", unknown=RAISE)
@blueprint.response(200, rows_of(LocaleRowSchema))
def locales(given: dict[str, Any]) -> Response:
    """Every locale and workflow at a glance

    What was done, and how far annotators agree on the question that sums the workflow up.
    """
    filters = {name: given.get(name) for name in ("workflow", "locale")}
    with service().store.snapshot() as snapshot:
        rows = locale_rows(snapshot, service().library, **filters)
        return _reply(snapshot, given, [plain(row) for row in rows])


@blueprint.get("/edits")
@auth.login_required(role="read")
@described(blueprint, 401, 403, 422, tokens=_READERS, csv=True)
@blueprint.arguments(EditsQuery, location="query", unknown=RAISE)
@blueprint.response(200, rows_of(EditRow))
def edits(given: dict[str, Any]) -> Response:
    """Edited texts, the newest first

    What annotators changed, as pieces that stayed, went and came, with edit distances; 0 is unchanged.
    """
    asked = queries.Query(**{name: given[name] for name in ("workflow", "question", "locale") if name in given})
    with service().store.snapshot() as snapshot:
        found = queries.edit_rows(snapshot, service().library, asked, limit=given["limit"], offset=given["offset"])
        rows = [plain(row) for row in found]
        lines = [{name: value for name, value in row.items() if name != "pieces"} for row in rows]
        return _reply(snapshot, given, rows, lines)


def _query(given: Mapping[str, Any]) -> queries.Query:
    chosen = {name: given[name] for name in ("workflow", "question", "locale", "over") if name in given}
    return queries.Query(by=tuple(given["by"]), **chosen)


def _reply(
    snapshot: Snapshot,
    given: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]] | None = None,
) -> Response:
    """Rows as JSON or CSV, saying how much of the work is simulated; `lines` are the CSV rows where they differ."""
    simulated = simulated_part(snapshot, given.get("workflow"), given.get("locale"))
    if _wants_csv(given):
        return Response(to_csv(declared(lines or rows, simulated)), mimetype="text/csv")
    answer = {"simulated": simulated, "rows": rows}
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), mimetype="application/json")


def _wants_csv(given: Mapping[str, Any]) -> bool:
    if "format" in given:
        return bool(given["format"] == "csv")
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"
