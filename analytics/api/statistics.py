"""What goes out: one route for each statistic of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import RAISE

from analytics.api.description import described
from analytics.api.tokens import auth
from analytics.catalogue import STATISTICS, Statistic
from analytics.locales import simulated_part
from analytics.output import declared, plain, to_csv
from analytics.query import Query
from analytics.service import service
from analytics.shapes import answer_of
from analytics.store import Snapshot

_READERS = ("analyst", "ingest")

blueprint = Blueprint("statistics", __name__, url_prefix="/v1", description="What goes out")


def _add(statistic: Statistic) -> None:
    def answer(given: dict[str, Any]) -> Response:
        with service().store.snapshot() as snapshot:
            rows = [plain(row) for row in statistic.rows(snapshot, service().library, Query.of(given))]
            return _reply(snapshot, given, rows, [line for row in rows for line in statistic.lines(row)])

    answer.__name__, answer.__doc__ = statistic.name, f"{statistic.title}\n\n{statistic.about}"
    view = blueprint.response(200, answer_of(statistic.row))(answer)
    view = blueprint.arguments(statistic.takes, location="query", unknown=RAISE)(view)
    view = described(blueprint, 401, 403, 422, tokens=_READERS, csv=True)(view)
    blueprint.get(f"/{statistic.path}")(auth.login_required(role="read")(view))


for _each in STATISTICS:
    _add(_each)


def _reply(
    snapshot: Snapshot,
    given: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
) -> Response:
    """Rows as JSON or `lines` as CSV, saying how much of the work is simulated."""
    simulated = simulated_part(snapshot, given.get("workflow"), given.get("locale"))
    if _wants_csv(given):
        return Response(to_csv(declared(lines, simulated)), mimetype="text/csv")
    answer = {"simulated": simulated, "rows": rows}
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), mimetype="application/json")


def _wants_csv(given: Mapping[str, Any]) -> bool:
    if "format" in given:
        return bool(given["format"] == "csv")
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"
