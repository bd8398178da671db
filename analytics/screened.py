"""Screenings and people's labels reduced to counts and moments, in one pass of the engine: what recall comes from.

A *text* is one target of an item: its prompt or a response. Items are in *strata*: those whose screens decided by lot
whether annotators would be warned, by their chance to pass, and all others. The expressions are plain Ibis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from analytics.counts import newest_answers
from analytics.errors import UnknownGrouping
from analytics.scales import Categories, QuestionKey

ALWAYS = ("screen",)
GROUPINGS = ("locale", "provider", "target", "workflow")
CERTAIN = -1.0
"""The stratum of items about which no lot was drawn."""

_HELD = ("reveal", "route")


def grouping(by: Sequence[str]) -> list[str]:
    """Screen and the columns of `by`, each once; raises UnknownGrouping.

    >>> grouping(["locale", "screen"])
    ['screen', 'locale']
    """
    for column in by:
        if column not in (*ALWAYS, *GROUPINGS):
            raise UnknownGrouping(column, (*ALWAYS, *GROUPINGS))
    return list(dict.fromkeys((*ALWAYS, *by)))


def texts(screenings: ir.Table, items: ir.Table) -> ir.Table:
    """Screenings with their item's `workflow` and `locale`, and whether they are `over` their threshold."""
    known = items.select("item", "workflow", "locale")
    rows = screenings.left_join(known, "item").drop("item_right")
    return rows.mutate(over=(rows.score >= rows.threshold).fill_null(False))


def tally(rows: ir.Table, group: Sequence[str]) -> ir.Table:
    """How many texts were screened, unscreened, over the threshold, and what was decided because of it."""
    decided = {name: rows.decision == code for name, code in DECISIONS.items()}
    counted = {
        "screened": rows.status == "screened",
        "unscreened": rows.status == "unscreened",
        "found": (rows.status == "screened") & rows.kind.notnull(),
        "over": rows.over,
        **decided,
    }
    return rows.group_by(group).aggregate(**{name: test.fill_null(False).sum() for name, test in counted.items()})


DECISIONS = {"revealed": "reveal", "routed": "route", "passed": "passed", "masked": "masked"}


def reasons(rows: ir.Table, group: Sequence[str]) -> ir.Table:
    """How many texts were not screened, by reason."""
    failed = rows.filter(rows.status == "unscreened").mutate(reason=rows.reason.fill_null("no reason given"))
    return failed.group_by([*group, "reason"]).aggregate(n=failed.count())


def labels(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], codes: Sequence[str]) -> ir.Table:
    """Per text the verdict of its annotators, how many judgments it rests on, and `who` gave them.

    The newest answer of each counts. The verdict `y` is that of most of them: 1 harmful, 0 not, a half where they are
    split evenly. A mean would count each stray answer, of which there are more than harmful texts where harm is rare.
    """
    answers = newest_answers(judgments, categories, ["workflow", "question", "item", "target"])
    wanted = [
        (answers.workflow == workflow)
        & (answers.question == question)
        & answers.own.isin([number for number, code in enumerate(each.codes) if code in codes])
        for (workflow, question), each in categories.items()
    ]
    given = answers.mutate(harmful=ibis.or_(*wanted).cast("float64"))
    judged = given.group_by("item", "target").aggregate(
        mean=given.harmful.mean(), judgments=given.count(), who=given.annotator.collect()
    )
    most = ibis.cases((judged["mean"] > 0.5, 1.0), (judged["mean"] == 0.5, 0.5), else_=0.0)
    return judged.mutate(y=most).drop("mean")


def judged_texts(rows: ir.Table, judged: ir.Table, workflow: str) -> ir.Table:
    """The texts of the items of a workflow that a screen with a threshold judged, each with its stratum and labels.

    `y` is people's verdict; null where nobody was asked, and where they were warned: what they say then is what they
    were told. Items about which no push decided have no known chance and are left out, and so are texts of targets
    that nobody is asked about.
    """
    design = rows.group_by("item").aggregate(
        decided=rows.decision.notnull().any(), held=rows.decision.isin(_HELD).any(), share=rows.share.max()
    )
    design = design.filter(design.decided)
    design = design.select("item", "held", stratum=design.share.fill_null(CERTAIN))
    asked = judged.select(is_prompt=judged.target == "item").distinct()
    screened = rows.filter(rows.workflow == workflow, rows.score.notnull(), rows.threshold.notnull())
    screened = screened.mutate(is_prompt=screened.target == "item").semi_join(asked, "is_prompt")
    joined = screened.join(design, "item").left_join(judged, ["item", "target"])
    seen = ~joined.held.fill_null(False)
    return joined.mutate(
        f=joined.over.cast("float64"),
        y=ibis.ifelse(seen, joined.y, None),
        judgments=ibis.ifelse(seen, joined.judgments, None).fill_null(0),
    )


def strata(judged: ir.Table, group: Sequence[str]) -> ir.Table:
    """Moments of each group's strata: `items`, of which `labelled`; sums and products over the labelled items.

    Of an item `m` is its number of labelled texts, `a` of those over and harmful, `b` of harmful ones, `c` of those
    over.
    """
    known = judged.y.notnull()
    items = judged.group_by([*group, "stratum", "item"]).aggregate(
        labelled=known.any(),
        m=known.sum(),
        a=(judged.f * judged.y).sum(where=known).fill_null(0.0),
        b=judged.y.sum(where=known).fill_null(0.0),
        c=judged.f.sum(where=known).fill_null(0.0),
        judgments=judged.judgments.sum(),
    )
    products = {x + y: (items[x] * items[y]).sum() for x, y in ("aa", "bb", "cc", "ab", "ac")}
    return items.group_by([*group, "stratum"]).aggregate(
        items=items.count(),
        labelled=items.labelled.sum(),
        judgments=items.judgments.sum(),
        **{name: items[name].sum() for name in "mabc"},
        **products,
    )


def annotators(judged: ir.Table, group: Sequence[str]) -> ir.Table:
    """How many people labelled the texts of each group."""
    known = judged.filter(judged.y.notnull())
    people = known.select(*group, annotator=known.who.unnest())
    return people.group_by(group).aggregate(annotators=people.annotator.nunique())
