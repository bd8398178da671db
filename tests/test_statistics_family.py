"""What must hold for every statistic of the catalogue, on one store that holds the same work told in several ways."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family_data import keep, other_names, retold, simulated, turned, twice

import guidelines
from analytics.catalogue import STATISTICS
from analytics.output import plain
from analytics.query import Query
from analytics.store import FILE, Store
from guidelines.model import Choice, Question, Workflow

RATING = {"workflow": "response_rating", "question": "overall"}
SETS = {"workflow": "response_rating", "question": "low_quality"}
PREFERENCE = {"workflow": "preference", "question": "overall"}
MARKS = {"workflow": "fluency_review"}
REVIEW = {"workflow": "review"}
EVERY = ("percent", "alpha_nominal", "alpha_ordinal", "alpha_interval", "alpha_ratio", "fleiss", "brennan_prediger",
         "ac1", "ac2_linear", "ac2_quadratic")  # fmt: skip

ASKED: dict[str, dict[str, Any]] = {
    "agreement": RATING | {"metrics": EVERY},
    "judges": PREFERENCE,
    "confusions": RATING,
    "forecast": RATING,
    "pairs": RATING | {"metric": "kappa_linear", "minimum": 2},
    "icc": RATING,
    "sets": SETS,
    "options": SETS,
    "spans": MARKS,
    "span-pairs": MARKS | {"minimum": 2},
    "rankings": {"workflow": "ranking"},
    "preferences": PREFERENCE,
    "numbers": RATING,
    "correlations": RATING | {"minimum": 3},
    "pair-correlations": RATING | {"minimum": 3},
    "annotator-correlations": RATING | {"minimum": 3},
    "contested": RATING | {"minimum": 2},
    "disagreement": RATING | {"by": ("locale", "week"), "minimum": 2},
    "dissent": RATING | {"minimum": 2},
    "groups": RATING | {"attributes": ("gender",), "metric": "nominal"},
    "annotators": RATING,
    "severity": {"workflow": "response_rating", "question": "confidence"},
    "pace": {"workflow": "response_rating"},
    "consensus": RATING,
    "certainty": RATING,
    "needs": RATING,
    "next": RATING,
    "accuracy": RATING,
    "quality": MARKS,
    "density": MARKS,
    "trends": MARKS,
    "reviews": REVIEW,
    "reviewers": REVIEW,
    "findings": REVIEW,
    "seeded": MARKS,
    "locales": {"workflow": "response_rating"},
    "suggestions": PREFERENCE,
    "edits": {"workflow": "response_rating"},
    "screening": {"workflow": "safety_moderation"},
}
# What is another figure where every item has a twin. Alphas and ICC(1) know the number of ratings, rank correlations
# which pairs have enough items in common; priors weigh less; p90 is one of the values; the rest is of all locales.
ALPHAS = {"alpha_nominal", "alpha_ordinal", "alpha_interval", "alpha_ratio"}
CHANGED_BY_TWINS = {
    "agreement": ALPHAS,
    "judges": {"alpha_nominal"},
    "confusions": {"ratio"},
    "forecast": {"estimate"},
    "icc": {"icc1", "icc1_mean"},
    "sets": {"alpha_jaccard", "alpha_masi"},
    "options": {"alpha_nominal"},
    "spans": {"alpha_unitized"},
    "rankings": {"pairs_alpha_nominal"},
    "preferences": {"alpha_ordinal", "direction_alpha_nominal", "without_ties_alpha_nominal"},
    "numbers": {"alpha_interval"},
    "correlations": {"kendall", "spearman"},
    "disagreement": {"rest", "difference"},
    "groups": {"irr", "gai"},
    "annotators": {"accuracy"},
    "severity": {"severity"},
    "pace": {"p90"},
    "consensus": {"certainty", "probabilities"},
    "certainty": {"certainty", "settled"},
    "needs": {"estimate"},
    "next": {"certainty", "expected", "gain"},
    "locales": {"alpha"},
}
# What has a direction, or a zero, turns with the scale.
CHANGED_BY_TURNING = {
    "agreement": {"alpha_ratio"},
    "preferences": {"first", "second", "first_share"},
    "numbers": {"mean"},
    "needs": {"estimate"},
    "severity": {"severity"},
}
# Chance, where it is spread over the declared codes; how wide the mean's interval may be, as a share of the scale;
# models of annotators, who may err to any declared code.
CHANGED_BY_AN_UNUSED_CODE = {
    "agreement": {"brennan_prediger", "ac1", "ac2_linear", "ac2_quadratic"},
    "forecast": {"estimate", "width", "more_items", "more_items_more_annotators", "expected"},
    "groups": {"negentropy"},
    "consensus": {"certainty", "probabilities", "settled", "answer"},
    "certainty": {"certainty", "settled"},
    "needs": {"estimate", "width", "target", "needed", "needed_more_annotators", "expected"},
    "next": {"certainty", "expected", "gain", "more", "advice", "answer"},
}
# Decisions, preferences, places and marks whose codes are given, and what knows no codes.
WITHOUT_CODES = {"judges", "icc", "span-pairs", "rankings", "preferences", "numbers", "correlations",
                 "pair-correlations", "annotator-correlations", "pace", "quality", "density", "trends", "reviews",
                 "reviewers", "findings", "seeded", "locales", "suggestions", "edits", "screening"}  # fmt: skip

PLAIN, SAME, RENAMED, TWICE, TURNED = "de-DE", "de-AT", "de-CH", "fr-FR", "it-IT"
IDENTITY = ("workflow", "question", "week", "item", "target", "annotator", "first", "second", "category", "code",
            "option", "compared", "label", "metric", "helper", "attribute", "members", "screen")  # fmt: skip
UNCERTAIN = {"p_value", "q_value", "width", "standard_error", "standard_errors", "longest_run_p", "longest_run_q"}

Told = dict[tuple[Any, ...], dict[str, Any]]
everyone = pytest.mark.parametrize("name", ASKED)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Told]]:
    """What a statistic says of a locale, by what each row is about, in the names and codes of the plain one."""
    library, drawn = guidelines.load(), np.random.default_rng(7)
    plain_ = simulated(library.workflows, seed=1)
    names, codes = other_names(plain_, drawn), other_codes(library.workflows)
    worlds = [retold(plain_, PLAIN), retold(plain_, SAME), retold(plain_, RENAMED, names), retold(twice(plain_), TWICE)]
    path = tmp_path_factory.mktemp("family") / FILE
    keep([*worlds, retold(turned(plain_, codes), TURNED)], path, drawn)
    old = {new: old for old, new in names.items()}
    with Store(path) as store, store.snapshot() as snapshot:

        @cache
        def asked(name: str, wider: bool) -> list[dict[str, Any]]:
            known = replace(library, workflows=_wider(library.workflows)) if wider else library
            (statistic,) = [each for each in STATISTICS if each.name == name]
            return [plain(row) for row in statistic.rows(snapshot, known, Query.of(ASKED[name] | {"limit": 1000}))]

        def told(name: str, locale: str, *, wider: bool = False) -> Told:
            question = ASKED[name].get("question", "errors")
            uncoded = {new: old for old, new in codes.get(question, {}).items() if new not in ("low", "high")}
            words = {RENAMED: old, TURNED: uncoded}.get(locale, {})
            rows = [_in(row, locale, words) for row in asked(name, wider) if row["locale"] == locale]
            return {_about(row): row for row in map(_lower_first, rows)}

        yield told


def other_codes(workflows: Mapping[str, Workflow]) -> dict[str, dict[str, str]]:
    """Scales from their other end, and exchanged codes where there is no order."""
    chosen = {name: [each.code for each in workflows[flow].question(name).choices]
              for flow, name in (("response_rating", "low_quality"), ("fluency_review", "errors"))}  # fmt: skip
    sides = [each.code for each in workflows["preference"].question("overall").choices]
    chosen["errors"].remove("grammar")  # what was put into texts on purpose
    turned_ = {name: dict(zip(codes, codes[1:] + codes[:1], strict=True)) for name, codes in chosen.items()}
    scales = ([*"12345"], sides)
    turned_["confidence"] = {"low": "high", "high": "low"}
    return turned_ | {"overall": {code: other for each in scales for code, other in zip(each, each[::-1], strict=True)}}


def _wider(workflows: Mapping[str, Workflow]) -> dict[str, Workflow]:
    """With one more code, which nobody used, in every question but preferences and decisions, whose codes are given."""
    return {
        name: replace(each, questions=tuple(_wider_question(question) for question in each.questions))
        for name, each in workflows.items()
    }


def _wider_question(question: Question) -> Question:
    if question.kind == "rating":
        return replace(question, maximum=question.maximum + 1)
    if question.kind == "preference" or question.id == "decision" or not question.choices:
        return question
    number = None if question.scale == "nominal" else 1 + max(each.number for each in question.choices)
    return replace(question, choices=(*question.choices, Choice("never_used", "Never used", number=number)))


def _in(value: Any, locale: str, words: Mapping[str, str]) -> Any:
    """A row in the plain world's words, without its locale."""
    if isinstance(value, dict):
        return {_in(key, locale, words): _in(each, locale, words) for key, each in value.items()}
    if isinstance(value, list):
        return [_in(each, locale, words) for each in value]
    if not isinstance(value, str):
        return value
    name = value.removeprefix(locale).removeprefix(" ")
    return words.get(name, name)


def _lower_first(row: dict[str, Any]) -> dict[str, Any]:
    """A row of two annotators, or two codes, with the one first whose name sorts first."""
    if "second" not in row or row["first"] < row["second"]:
        return row
    swapped = {"precision": "recall", "recall": "precision"}
    of_marks = {
        "_".join(swapped.get(part, part) for part in name.split("_")): each
        for name, each in row.get("estimates", {}).items()
    }
    return row | {"first": row["second"], "second": row["first"]} | ({"estimates": of_marks} if of_marks else {})


def _about(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY if isinstance(row.get(name), str))


def differing(one: Any, other: Any, name: str = "") -> set[str]:
    """The names of what differs, those of `one` alone; numbers up to rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        inner = "value" in one or all(each.isdigit() for each in one)  # an estimate, or a number for each code
        return {
            name if inner else found for each, value in one.items() for found in differing(value, other.get(each), each)
        }
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return {name for pair in zip(one, other, strict=True) if differing(*pair, name)}
    if isinstance(one, float) and isinstance(other, int | float):
        return set() if math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) else {name}
    return set() if one == other else {name}


def changed(before: Told, after: Told) -> set[str]:
    """The names of what is said otherwise of what was spoken of before."""
    assert before
    assert before.keys() <= after.keys()
    return {name for about, row in before.items() for name in differing(row, after[about])}


def figures(value: Any) -> Any:
    """What a row measures: not how surely, and not how many there are."""
    if isinstance(value, dict) and "value" in value:
        return {"value": value["value"]}
    if isinstance(value, dict):
        return {each: figures(of) for each, of in value.items() if each not in UNCERTAIN and each != "n_words"}
    return value if isinstance(value, float) else None


def test_every_statistic_is_asked() -> None:
    """A statistic that is added to the catalogue without being asked here fails, and so does a name that is gone."""
    known = {each.name for each in STATISTICS}
    assert set(ASKED) == known
    assert {*CHANGED_BY_TWINS, *CHANGED_BY_TURNING, *CHANGED_BY_AN_UNUSED_CODE, *WITHOUT_CODES} <= known


def test_every_statistic_has_its_proof() -> None:
    """A row of the table in docs/statistics.md names it, and every test that a row names is there."""
    folder = Path(__file__).parent
    proof = (folder.parent / "docs" / "statistics.md").read_text(encoding="utf-8").partition("\n## Proof\n")[2]
    rows = [line.strip("| ").split("|") for line in proof.splitlines() if line.startswith("| ")]
    named = {name for row in rows for name in re.findall("`([a-z-]+)`", row[0])}
    assert {each.name for each in STATISTICS} <= named
    tests = {name for row in rows for name in re.findall("`([a-z_/.]+)`", row[-1]) if len(row) in (3, 7)}
    paths = [folder.parent / name if "/" in name else folder / f"test_statistics_{name}.py" for name in tests]
    assert len(paths) > 20
    assert [path for path in paths if not path.is_file()] == []


@everyone
def test_the_order_of_rows_changes_nothing(name: str, world: Callable[..., Told]) -> None:
    """Two copies of the work whose rows came in another order are said to be the same, intervals and tests too."""
    assert changed(world(name, PLAIN), world(name, SAME)) == set()
    assert len(world(name, PLAIN)) == len(world(name, SAME))


@everyone
def test_names_change_nothing(name: str, world: Callable[..., Told]) -> None:
    """Exchanged names of items, annotators and annotations move what is said along; examples are the first by name."""
    assert changed(world(name, PLAIN), world(name, RENAMED)) == ({"examples"} if name == "confusions" else set())
    assert len(world(name, PLAIN)) == len(world(name, RENAMED))


@everyone
def test_twins_change_no_figure_but_those_that_are_declared(name: str, world: Callable[..., Told]) -> None:
    """Every item twice, with the same answers: shares, means, kappas and models of nothing but the data stay."""
    before, after = ({about: figures(row) for about, row in world(name, each).items()} for each in (PLAIN, TWICE))
    assert changed(before, after) <= CHANGED_BY_TWINS.get(name, set())


@everyone
def test_codes_are_but_names(name: str, world: Callable[..., Told]) -> None:
    """Scales from their other end, and exchanged codes where there is no order, turn what has a direction alone."""
    assert changed(world(name, PLAIN), world(name, TURNED)) == CHANGED_BY_TURNING.get(name, set())


@pytest.mark.parametrize("name", sorted(set(ASKED) - WITHOUT_CODES))
def test_a_code_that_nobody_used_changes_no_figure_but_those_that_are_declared(
    name: str, world: Callable[..., Told]
) -> None:
    """One more declared code is a category that was split, or merged, where nobody told both parts apart."""
    found = changed(world(name, PLAIN), world(name, PLAIN, wider=True))
    assert found <= CHANGED_BY_AN_UNUSED_CODE.get(name, set())
