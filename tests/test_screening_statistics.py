"""What screens find of what people call harmful: known answers, known truths, and what cannot be known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

import guidelines
from analytics.errors import UnknownGrouping
from analytics.estimate import Estimate
from analytics.intervals import Basis
from analytics.scales import categories
from analytics.screening import Screening, Stratum, screening, share_found

WORKFLOW = "safety_moderation"
NOW = pd.Timestamp("2026-11-02 12:00", tz="UTC")
QUESTIONS = {
    key: value
    for key, value in categories(guidelines.load().workflows).items()
    if key[0] == WORKFLOW and "harmful" in value.codes
}
ASKED = {"item": "prompt_harm", "a": "response_harm"}


@dataclass
class Made:
    """Screenings, items and labels in the making."""

    screenings: list[dict[str, Any]] = field(default_factory=list)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: list[dict[str, Any]] = field(default_factory=list)

    def text(self, item: str, score: float | None, *labels: str, **changes: Any) -> None:
        """A screened text and what its annotators say of it."""
        row = {"item": item, "target": "item", "screen": "guard", "provider": "guard/1", "locale": "en-US"} | changes
        self.items[item] = {"item": item, "workflow": WORKFLOW, "locale": row.pop("locale")} | row.pop("of", {})
        status = "unscreened" if score is None else "screened"
        told = {"status": status, "score": score, "threshold": 0.8, "share": None, "decision": "open", "reason": None}
        told["kind"] = "harm" if (score or 0.0) >= 0.5 else None
        self.screenings.append(told | row)
        for number, value in enumerate(labels):
            self.labels.append(_label(item, row["target"], value, f"r{number}"))

    def rows(self, **asked: Any) -> list[Screening]:
        """What the statistic says of them."""
        texts = ["item", "target", "screen", "provider", "status", "kind", "decision", "reason"]
        found = pd.DataFrame(self.screenings).astype(dict.fromkeys(("score", "threshold", "share"), float))
        found[texts] = found[texts].astype("string")
        labels = pd.DataFrame(self.labels or [_label("another", "item", "harmless", "r0")])
        tables = (ibis.memtable(each) for each in (found, pd.DataFrame(list(self.items.values())), labels))
        return screening(*tables, **{"workflow": WORKFLOW, "questions": QUESTIONS, "codes": ["harmful"]} | asked)


def _label(item: str, target: str, value: str, annotator: str) -> dict[str, Any]:
    said = {"item": item, "target": target, "value": value, "annotator": annotator}
    return {"workflow": WORKFLOW, "question": ASKED[target], "locale": "en-US", "updated": NOW, **said}


REVEALED = {"decision": "reveal", "share": 0.2}
PASSED = {"decision": "passed", "share": 0.2}


def worked() -> Made:
    """The worked example of docs/statistics.md: 1,000 prompts, 100 over the threshold, of which 20 passed."""
    made = Made()
    for number in range(80):
        made.text(f"held {number}", 0.9, "harmful", **REVEALED)
    for number in range(20):
        made.text(f"passed {number}", 0.9, "harmful" if number < 12 else "harmless", **PASSED)
    for number in range(900):
        made.text(f"under {number}", 0.1, "harmful" if number < 15 else "harmless")
    return made


def test_the_worked_example() -> None:
    """12 of 20 that passed were harmful, so 60 of the 100; 15 were missed: recall 60 of 75, precision 60 of 100."""
    (row,) = worked().rows()
    assert row.group == {"screen": "guard", "locale": "en-US"}
    assert (row.recall.value, row.precision.value) == (pytest.approx(0.8), pytest.approx(0.6))
    assert (round(row.recall.low or 0, 3), round(row.recall.high or 0, 3)) == (0.673, 0.894)
    assert (row.recall.n_items, row.recall.n_judgments, row.recall.n_annotators) == (920, 920, 1)
    counts = row.counts
    assert (counts.screened, counts.found, counts.over, counts.revealed) == (1000, 100, 100, 80)
    assert (counts.passed, counts.unscreened) == (20, 0)


def test_what_warned_people_say_does_not_count() -> None:
    """Whatever it is: they say what they were told."""
    (before,), made = worked().rows(), worked()
    for label in made.labels[:80]:
        label["value"] = "harmless"
    (after,) = made.rows()
    assert (after.recall, after.precision) == (before.recall, before.precision)


def test_items_that_nobody_has_judged_yet_are_stood_for_by_the_others() -> None:
    """Half of those under the threshold are judged: as many harmful ones are expected in the other half."""
    made = worked()
    made.labels = [label for label in made.labels if not label["item"].startswith("under") or _even(label["item"])]
    (row,) = made.rows()
    assert row.recall.value == pytest.approx(60 / (60 + 900 * 8 / 450))


def _even(item: str) -> bool:
    return int(item.split()[1]) % 2 == 0


def test_a_text_is_what_most_people_call_it() -> None:
    """A stray answer changes nothing; people who are split evenly count half; which codes count is asked for."""
    made = Made()
    made.text("x", 0.9, "harmful", "harmful", "harmless")
    made.text("y", 0.9, "harmful", "harmless", "harmless")
    made.text("z", 0.1, "harmful", "borderline")
    (row,) = made.rows()
    assert row.recall.value == pytest.approx(1 / 1.5)
    assert row.precision.value == pytest.approx(1 / 2)
    (row,) = made.rows(codes=["borderline", "harmful"])
    assert row.recall.value == pytest.approx(1 / 2)


def test_another_screens_lot_counts_for_all_screens_of_the_item() -> None:
    """An item that another screen held back was seen by chance alone, so it weighs more for this one too."""
    made = Made()
    for number in range(10):
        lot = PASSED if number < 2 else REVEALED
        made.text(f"i{number}", 0.9, "harmful", screen="other", **lot)
        made.screenings.append({**made.screenings[-1], "screen": "guard", "score": 0.1, "decision": "open"})
    for number in range(10, 30):
        made.text(f"i{number}", 0.9 if number < 15 else 0.1, "harmful" if number < 15 else "harmless")
    guard, _other = made.rows()
    assert guard.recall.value == pytest.approx(5 / (5 + 10))


def test_prompts_and_responses_are_judged_by_their_own_questions() -> None:
    """And can be told apart."""
    made = Made()
    made.text("x", 0.9, "harmful")
    made.text("x", 0.1, "harmful", target="a")
    (row,) = made.rows()
    assert row.recall.value == pytest.approx(0.5)
    response, prompt = made.rows(by=["target"])
    assert (response.group["target"], response.recall.value) == ("a", 0.0)
    assert (prompt.group["target"], prompt.recall.value) == ("item", 1.0)


def test_only_items_of_the_workflow_are_measured_and_all_are_counted() -> None:
    """Other workflows have no such labels."""
    made = worked()
    made.text("elsewhere", 0.95, "harmful", of={"workflow": "preference"})
    (row,) = made.rows()
    assert row.recall.value == pytest.approx(0.8)
    assert row.counts.over == 101


def test_items_about_which_no_push_decided_are_not_measured() -> None:
    """Their chance to be seen without a warning is not known."""
    made = worked()
    for number in range(50):
        made.text(f"live {number}", 0.1, "harmful", decision=None)
    (row,) = made.rows()
    assert row.recall.value == pytest.approx(0.8)
    assert row.counts.screened == 1050


def test_failures_are_counted_by_reason() -> None:
    """The most frequent first."""
    made = Made()
    for number, reason in enumerate(["out of time", "no list for hi-IN", "out of time"]):
        made.text(f"i{number}", None, reason=reason)
    (row,) = made.rows()
    assert (row.counts.screened, row.counts.unscreened) == (0, 3)
    assert list(row.counts.reasons.items()) == [("out of time", 2), ("no list for hi-IN", 1)]


def test_an_unknown_column_is_refused() -> None:
    """With those there are."""
    with pytest.raises(UnknownGrouping):
        worked().rows(by=["vendor"])


def without(*starts: str) -> Made:
    """The worked example without the labels of these items."""
    made = worked()
    made.labels = [label for label in made.labels if not label["item"].startswith(starts)]
    return made


def harmless() -> Made:
    """The worked example with nothing harmful in it."""
    made = worked()
    for label in made.labels:
        label["value"] = "harmless"
    return made


def no_threshold() -> Made:
    """The worked example before any threshold was set."""
    made = worked()
    for row in made.screenings:
        row["threshold"] = None
    return made


def few() -> Made:
    """Two that passed."""
    made = Made()
    for number in range(10):
        made.text(f"over {number}", 0.9, "harmful", **(PASSED if number < 2 else REVEALED))
        made.text(f"under {number}", 0.1, "harmful" if number < 5 else "harmless")
    return made


def nothing_over() -> Made:
    """A screen that found nothing."""
    made = Made()
    for number in range(10):
        made.text(f"under {number}", 0.1, "harmful" if number < 5 else "harmless")
    return made


@pytest.mark.parametrize(
    ("made", "recall", "precision"),
    [
        (without("passed", "under"), "no text that was shown without a warning was judged", "the same"),
        (without("passed"), "nothing that passed at random was judged", "the same"),
        (without("under"), "only items that passed at random were judged", "the same"),
        (no_threshold(), "no threshold is set", "the same"),
        (harmless(), "no text was called harmful", None),
        (nothing_over(), None, "no text over the threshold was judged"),
        (few(), "no interval: fewer than 5 items that passed at random were judged", "the same"),
    ],
)
def test_what_cannot_be_known_is_said(made: Made, recall: str | None, precision: str | None) -> None:
    """With the reason, for recall and precision apart."""
    (row,) = made.rows()
    assert row.recall.undefined == recall
    assert row.precision.undefined == (recall if precision == "the same" else precision)
    for estimate in (row.recall, row.precision):
        assert (estimate.low is None) == (estimate.undefined is not None)


def test_full_recall_still_has_a_lower_limit() -> None:
    """Nothing harmful was seen under the threshold: that is not certainty."""
    made = Made()
    for number in range(60):
        made.text(f"i{number}", 0.9 if number < 10 else 0.1, "harmful" if number < 10 else "harmless")
    (row,) = made.rows()
    assert (row.recall.value, row.recall.high) == (1.0, 1.0)
    assert row.recall.low is not None
    assert 0.4 < row.recall.low < 0.9


def test_nothing_screened_is_no_row() -> None:
    """Not even an empty one."""
    made = worked()
    made.screenings = made.screenings[:1]
    assert len(made.rows()) == 1
    made.screenings[0]["screen"] = "another"
    assert [row.group["screen"] for row in made.rows()] == ["another"]


# --- known truths


def study(
    rng: np.random.Generator, items: int, harm: float, recall: float, precision: float, share: float
) -> list[Stratum]:
    """One study of known truth: its two strata, over the threshold and under it."""
    harmful = rng.random(items) < harm
    false = harm * recall * (1 - precision) / precision / (1 - harm)
    over = np.where(harmful, rng.random(items) < recall, rng.random(items) < false)
    seen = ~over | (rng.random(items) < share)
    return [each for each in _strata(harmful.astype(float), over, seen) if each.items]


def _strata(y: Any, over: Any, seen: Any) -> Iterator[Stratum]:
    for stratum in (over, ~over):
        of, f = y[stratum & seen], over[stratum & seen].astype(float)
        sums = [float(each.sum()) for each in (f * of, of, f, f * of * of, of * of, f * f, f * of * of, f * f * of)]
        yield Stratum(int(stratum.sum()), len(of), float(len(of)), *sums, drawn=bool(stratum is over))


TRUTHS = [
    (400, 0.15, 0.8, 0.6, 0.2),
    (2000, 0.1, 0.8, 0.7, 0.05),
    (2000, 0.1, 0.5, 0.5, 0.1),
    (5000, 0.05, 0.9, 0.5, 0.05),
    (1000, 0.2, 0.95, 0.9, 0.1),
    (1000, 0.1, 0.99, 0.9, 0.1),
]


@pytest.mark.parametrize(("items", "harm", "recall", "precision", "share"), TRUTHS)
def test_intervals_hold_the_truth_as_often_as_they_say(
    items: int, harm: float, recall: float, precision: float, share: float
) -> None:
    """At least 95 % nominally, so at least 93.5 % of 600 studies; and the values have no bias to speak of."""
    rng = np.random.default_rng(items)
    basis = Basis(0.95, "", "items", 0, 0, 0)
    studies = [study(rng, items, harm, recall, precision, share) for _ in range(600)]
    for of, truth in (("b", recall), ("c", precision)):
        found: list[Estimate] = [share_found(strata, of, basis) for strata in studies]
        sure = [each for each in found if each.low is not None and each.high is not None]
        held = [each for each in sure if (each.low or 0) <= truth <= (each.high or 0)]
        assert len(sure) > 560
        assert len(held) / len(sure) > 0.935
        assert abs(float(np.mean([each.value for each in sure])) - truth) < 0.015
