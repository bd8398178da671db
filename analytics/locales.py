"""The overview: one row per locale and workflow, with agreement on the question that sums the workflow up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import ibis.expr.types as ir

from analytics.agreement import Agreement, agreement
from analytics.estimate import Estimate
from analytics.layouts import placed_questions, told_apart
from analytics.query import check_workflow, narrow
from analytics.scales import Categories, QuestionKey, categories
from analytics.store import Snapshot
from guidelines import Library

Simulated = Literal["none", "some", "all"]


@dataclass(frozen=True)
class LocaleRow:
    """A workflow in a locale: what was done, and how far annotators agree on its headline question.

    `annotations` counts submitted ones; `items` and `annotators` those with at least one. `alpha` is Krippendorff's,
    ordinal where the question's scale is. Both estimates are None when the question is of a kind without agreement.
    """

    locale: str
    workflow: str
    items: int
    annotations: int
    annotators: int
    skipped: int
    simulated: Simulated
    question: str
    alpha: Estimate | None
    raw_agreement: Estimate | None


def locale_rows(
    snapshot: Snapshot, library: Library, *, workflow: str | None = None, locale: str | None = None
) -> list[LocaleRow]:
    """Rows sorted by locale and workflow; raises UnknownValue for a workflow or locale that nothing is known of."""
    check_workflow(library, workflow)
    counts = _counts(narrow(snapshot.annotations(), snapshot, workflow, locale))
    judgments = narrow(snapshot.judgments(), snapshot, workflow, locale)
    agreements = _agreements(told_apart(judgments, placed_questions(library.workflows), snapshot), library)
    rows = [row for row in counts if row["workflow"] in library.workflows]
    return [_row(row, library, agreements) for row in rows]


def simulated(part: int, whole: int) -> Simulated:
    """How much of the work is declared as simulated.

    >>> simulated(3, 10), simulated(0, 10), simulated(10, 10)
    ('some', 'none', 'all')
    """
    if part == 0:
        return "none"
    return "all" if part == whole else "some"


def simulated_part(snapshot: Snapshot, workflow: str | None, locale: str | None) -> Simulated:
    """How much of the work that is looked at is declared as simulated."""
    annotations = narrow(snapshot.annotations(), snapshot, workflow, locale)
    counted = annotations.agg(part=annotations.simulated.sum(), whole=annotations.count())
    row = counted.to_pyarrow().to_pylist()[0]
    return simulated(row["part"] or 0, row["whole"])


def _counts(annotations: ir.Table) -> list[dict[str, Any]]:
    submitted = annotations.status == "submitted"
    counted = annotations.group_by("locale", "workflow").agg(
        items=annotations.item.nunique(where=submitted),
        annotations=submitted.sum(),
        annotators=annotations.annotator.nunique(where=submitted),
        skipped=(annotations.status == "skipped").sum(),
        simulated=annotations.simulated.fill_null(False).sum(),
        all=annotations.count(),
    )
    rows: list[dict[str, Any]] = counted.order_by("locale", "workflow").to_pyarrow().to_pylist()
    return rows


def _agreements(judgments: ir.Table, library: Library) -> dict[tuple[str, str], Agreement]:
    """Agreement on the headline questions, by locale and workflow; one pass for each scale."""
    headlines = {(workflow.id, workflow.headline) for workflow in library.workflows.values()}
    measurable = {key: value for key, value in categories(library.workflows).items() if key in headlines}
    found: dict[tuple[str, str], Agreement] = {}
    for scale in ("ordinal", "nominal"):
        asked = {key: value for key, value in measurable.items() if value.scale == scale}
        found |= _of_scale(judgments, asked, "alpha_ordinal" if scale == "ordinal" else "alpha_nominal")
    return found


def _of_scale(
    judgments: ir.Table, asked: dict[QuestionKey, Categories], alpha: str
) -> dict[tuple[str, str], Agreement]:
    if not asked:
        return {}
    rows = agreement(judgments, categories=asked, by=("locale",), metrics=(alpha, "percent"))
    return {(str(row.group["locale"]), str(row.group["workflow"])): row for row in rows}


def _row(counted: dict[str, Any], library: Library, agreements: dict[tuple[str, str], Agreement]) -> LocaleRow:
    key = (counted["locale"], counted["workflow"])
    estimates = agreements[key].estimates if key in agreements else {}
    declared = simulated(counted.pop("simulated"), counted.pop("all"))
    alpha = estimates.get("alpha_ordinal") or estimates.get("alpha_nominal")
    question = library.workflows[key[1]].headline
    return LocaleRow(
        **counted, simulated=declared, question=question, alpha=alpha, raw_agreement=estimates.get("percent")
    )
