"""Simulated work as the frames of the contract, one locale at a time, together with the truth that made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from guidelines.model import Question
from plugins import frames
from plugins.simulate.answers import Indices, ordered, unordered
from plugins.simulate.people import Floats, People
from plugins.simulate.plan import Plan
from plugins.targets import targets

SOURCE = "simulation"
VENDORS = ("northwind", "lumen")
_LENGTH = 200
"""Code points of a simulated text, unless its errors need more."""
_WORDS = 120.0  # of each response

TRUTH = pa.schema(
    [("item", pa.string()), ("question", pa.string()), ("target", pa.string()), ("value", pa.string()),
     ("number", pa.float64())]
)  # fmt: skip
SKILLS = pa.schema(
    [("annotator", pa.string()), ("skill", pa.float64()), ("bias", pa.float64()), ("drift", pa.float64())]
)


@dataclass(frozen=True)
class Simulated:
    """One locale's frames by name; `truth` and `skills` are what produced the rest."""

    tables: dict[str, pa.Table]


@dataclass(frozen=True)
class _Work:
    """Who answers what and when: arrays over the annotations of one locale, and the columns they all share."""

    item: Indices
    who: Indices
    week: Indices
    skill: Floats
    bias: Floats
    context: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: Indices) -> _Work:
        """The part of the work that these rows are."""
        if len(rows) == len(self):
            return self
        context = {name: column.take(pa.array(rows)) for name, column in self.context.items()}
        return _Work(self.item[rows], self.who[rows], self.week[rows], self.skill[rows], self.bias[rows], context)


def simulate(plan: Plan) -> Iterator[Simulated]:
    """The plan's locales in order; the same plan always gives the same data.

    Texts and numbers get no simulated answer, multiple choices one option; edited texts and conversations get a few
    plain words. Truths are spread evenly over the choices, and true rankings have no ties. A question is asked of
    those whose own answers meet its condition.
    """
    first = 1
    seeds = np.random.SeedSequence(plan.seed).spawn(len(plan.locales))
    for locale, seed in zip(plan.locales, seeds, strict=True):
        yield _simulate_locale(plan, locale, first, np.random.default_rng(seed))
        first += plan.items * plan.overlap


def _simulate_locale(plan: Plan, locale: str, first: int, rng: np.random.Generator) -> Simulated:
    people = plan.population.draw(plan.people_in(locale), rng)
    project = f"{plan.workflow.id}-{locale}-{plan.seed}"  # two simulations in one store stay apart
    items, names = _ids(f"{project}-", plan.items), _ids(f"{project}-person-", len(people.skill))
    work = _assign(plan, locale, project, first, people, items, names, rng)
    judgments, spans, truths = [], [], []
    given: dict[tuple[str, str], _Given] = {}
    for question, target, truth in _asked(plan, rng):
        asked = np.flatnonzero(_are_asked(question, target, given, len(work)))
        part = work.take(asked)
        if question.kind in ("edited_text", "conversation"):
            judgments.append(_write(question, target, part, rng))
            continue
        if question.kind == "error_spans":
            answers, known, found = _mark_errors(question, target, plan, part, items, rng)
            spans.append(found)
        else:
            answers, known = _answer(question, target, truth, plan, part, items, rng)
        given[question.id, target] = _Given(asked, answers["value"])
        judgments.append(answers)
        truths.append(known)
    return Simulated(
        {
            "judgments": _concat(judgments, frames.JUDGMENTS),
            "annotations": _annotations(work, first),
            "spans": _concat(spans, frames.SPANS),
            "items": _items(plan, locale, items),
            "annotators": _annotators(plan, locale, names),
            "projects": _project(plan, locale, project),
            "truth": _concat(truths, TRUTH),
            "skills": pa.table([names, people.skill, people.bias, people.drift], schema=SKILLS),
        }
    )


def _assign(
    plan: Plan,
    locale: str,
    project: str,
    first: int,
    people: People,
    items: pa.Array,
    names: pa.Array,
    rng: np.random.Generator,
) -> _Work:
    """Deal the items to the people like cards: distinct people per item, and the same load for all."""
    pool, count = len(people.skill), plan.items * plan.overlap
    hands = pool // plan.overlap
    decks = rng.permuted(np.tile(np.arange(pool), (-(-plan.items // hands), 1)), axis=1)
    who = decks[:, : hands * plan.overlap].reshape(-1)[:count].astype(np.int64)
    item = np.repeat(np.arange(plan.items), plan.overlap)
    when = item * plan.weeks / plan.items  # in weeks since the start
    created = np.datetime64(plan.start.replace(tzinfo=None), "us") + (when * timedelta(weeks=1).total_seconds() * 1e6
                                                                      ).astype("timedelta64[us]")  # fmt: skip
    moments = pa.array(created).cast(pa.timestamp("us", tz="UTC"))
    version = f"{plan.workflow.id} {plan.workflow.version} / simulated"
    shared = {"source": SOURCE, "project": project, "workflow": plan.workflow.id, "locale": locale}
    context = {name: _repeat(value, count) for name, value in shared.items()} | {
        "annotation": pa.array(np.arange(first, first + count)).cast(pa.string()),
        "item": items.take(item),
        "annotator": names.take(who),
        "stage": _repeat("annotate", count),
        "guideline_version": _repeat(version, count),
        "created": moments,
        "updated": moments,
        "lead_time": pa.array(rng.lognormal(4.0, 0.5, count)),
    }
    week = when.astype(np.int64)
    return _Work(item, who, week, people.skill_at(who, week), people.bias[who], context)


@dataclass(frozen=True)
class _Given:
    """Who answered a question (rows of the work), and what."""

    rows: Indices
    values: pa.Array


def _asked(plan: Plan, rng: np.random.Generator) -> Iterator[tuple[Question, str, Indices]]:
    """The questions that get simulated answers, with each target they are asked about and its truth for each item."""
    for question in plan.workflow.questions:
        asked = targets(question, plan.workflow)
        if question.kind in ("text", "number"):
            continue
        if question.kind == "ranking":  # a true order has no ties
            truths = rng.permuted(np.tile(np.arange(len(asked)), (plan.items, 1)), axis=1).T
        else:
            truths = rng.integers(0, max(len(question.steps), 1), (len(asked), plan.items))
        yield from ((question, target, truth) for target, truth in zip(asked, truths, strict=True))


def _are_asked(
    question: Question, target: str, given: Mapping[tuple[str, str], _Given], count: int
) -> NDArray[np.bool_]:
    """Which rows of the work meet the question's condition."""
    when = question.asked_when
    if when is None:
        return np.ones(count, dtype=bool)
    other = given.get((when.question, target)) or given[when.question, "item"]
    asked = np.zeros(count, dtype=bool)
    asked[other.rows] = pc.is_in(other.values, pa.array(when.codes)).to_numpy(zero_copy_only=False)
    return asked


def _answer(
    question: Question,
    target: str,
    truth: Indices,
    plan: Plan,
    work: _Work,
    items: pa.Array,
    rng: np.random.Generator,
) -> tuple[pa.Table, pa.Table]:
    given_codes, given_numbers = zip(*_steps(question, plan), strict=True)
    codes, numbers = pa.array(given_codes), pa.array(given_numbers, pa.float64())
    if question.scale == "nominal":
        given = unordered(truth[work.item], work.skill, len(codes), rng)
    else:
        given = ordered(truth[work.item], work.skill, work.bias, len(codes), rng)
    answers = _table(
        work.context
        | _about(question, target, len(work))
        | {"value": codes.take(given), "number": numbers.take(given)},
        frames.JUDGMENTS,
    )
    known = {"item": items, "value": codes.take(truth), "number": numbers.take(truth)}
    return answers, _table(known | _about(question, target, plan.items), TRUTH)


def _steps(question: Question, plan: Plan) -> Sequence[tuple[str, float | None]]:
    if question.kind == "ranking":
        return [(str(place), float(place)) for place in range(1, plan.workflow.responses + 1)]
    return question.steps


def _write(question: Question, target: str, work: _Work, rng: np.random.Generator) -> pa.Table:
    """Texts that say nothing: a mended response by those who take the trouble, a conversation of one to three turns."""
    if question.kind == "edited_text":
        part = work if question.required else work.take(np.flatnonzero(rng.random(len(work)) < work.skill))
        texts = {"value": "A text that was mended.", "original": "A text to mend."}
        return _written(question, target, part, texts)
    turns = rng.integers(1, 4, len(work))
    parts = []
    for turn in range(1, 4):
        part = work.take(np.flatnonzero(turns >= turn))
        parts.append(_written(question, f"turn_{turn}", part, {"value": f"Message {turn}"}))
        parts.append(_written(question, f"turn_{turn}_reply", part, {"value": f"Reply {turn}"}))
    return pa.concat_tables(parts)


def _written(question: Question, target: str, work: _Work, texts: Mapping[str, str]) -> pa.Table:
    columns = {name: _repeat(text, len(work)) for name, text in texts.items()}
    return _table(work.context | _about(question, target, len(work)) | columns, frames.JUDGMENTS)


def _mark_errors(
    question: Question, target: str, plan: Plan, work: _Work, items: pa.Array, rng: np.random.Generator
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Every item has Poisson(1.5) true errors, ten characters apart; who misses one has no span for it.

    The texts are as long as is said here, and are nowhere written.
    """
    true = rng.poisson(1.5, plan.items)
    owner = np.repeat(np.arange(plan.items), true)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(true) - true, true)
    category, severity = (rng.integers(0, len(each), len(owner)) for each in (question.choices, question.severities))
    row, error = _pairs(work.item, true)
    found = rng.random(len(row)) < work.skill[row]
    row, error = row[found], error[found]
    kind = unordered(category[error], work.skill[row], len(question.choices), rng)
    grade = ordered(severity[error], work.skill[row], -work.bias[row], len(question.severities), rng)
    length = {"length": pa.array(np.maximum(_LENGTH, 10 * true[work.item]))}
    marked = work.context | _about(question, target, len(work)) | length
    marked |= _counted(np.bincount(row, minlength=len(work)))
    known = {"item": items} | _about(question, target, plan.items) | _counted(true)
    spans = {name: column.take(pa.array(row)) for name, column in work.context.items()}
    spans |= _about(question, target, len(row)) | {
        "span": pa.array(error).cast(pa.string()),
        "start": pa.array(nth[error] * 10),
        "end": pa.array(nth[error] * 10 + 5),
        "category": pa.array([choice.code for choice in question.choices]).take(kind),
        "severity": pa.array([severity.code for severity in question.severities]).take(grade),
        "weight": pa.array(_weights(question)[kind, grade]),
    }
    return _table(marked, frames.JUDGMENTS), _table(known, TRUTH), _table(spans, frames.SPANS)


def _weights(question: Question) -> NDArray[np.float64]:
    """Penalties (categories × severities)."""
    return np.array(
        [[question.weight(each.code, severity.code) for severity in question.severities] for each in question.choices]
    )


def _counted(errors: Indices) -> dict[str, pa.Array]:
    """How an answer to an error question is stored: whether anything was marked, and how many."""
    return {"value": pa.array(np.where(errors > 0, "marked", "none")), "number": pa.array(errors.astype(np.float64))}


def _pairs(item: Indices, true: Indices) -> tuple[Indices, Indices]:
    """Every (annotation, true error of its item) pair, as two arrays of row numbers."""
    per_row = true[item]
    row = np.repeat(np.arange(len(item)), per_row)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(per_row) - per_row, per_row)
    return row, (np.cumsum(true) - true)[item[row]] + nth


def _annotations(work: _Work, first: int) -> pa.Table:
    task = pa.array(work.item + first).cast(pa.string())
    return _table(work.context | {"task": task, "status": _repeat("submitted", len(work))}, frames.ANNOTATIONS)


def _items(plan: Plan, locale: str, items: pa.Array) -> pa.Table:
    shared = {"programme": "simulation", "workflow": plan.workflow.id, "locale": locale, "batch": str(plan.seed)}
    lengths = [{"target": target, "words": _WORDS} for target in plan.workflow.positions]
    words = pa.array([lengths], frames.ITEMS.field("words").type).take(pa.array(np.zeros(plan.items, np.int64)))
    columns = {name: _repeat(value, plan.items) for name, value in shared.items()} | {"item": items, "words": words}
    return _table(columns, frames.ITEMS)


def _annotators(plan: Plan, locale: str, names: pa.Array) -> pa.Table:
    rows = [
        {"annotator": name, "vendor": VENDORS[n % len(VENDORS)], "locales": [locale], "role": "annotator",
         "qualified": [plan.workflow.id], "simulated": True}
        for n, name in enumerate(names.to_pylist())
    ]  # fmt: skip
    return frames.table(rows, frames.ANNOTATORS)


def _project(plan: Plan, locale: str, project: str) -> pa.Table:
    version = f"{plan.workflow.id} {plan.workflow.version} / simulated"
    row = {"source": SOURCE, "project": project, "programme": "simulation", "workflow": plan.workflow.id,
           "locale": locale, "stage": "annotate", "guideline_version": version, "since": plan.start}  # fmt: skip
    return frames.table([row], frames.PROJECTS)


def _about(question: Question, target: str, count: int) -> dict[str, pa.Array]:
    return {"question": _repeat(question.id, count), "target": _repeat(target, count)}


def _ids(prefix: str, count: int) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(np.arange(1, count + 1)).cast(pa.string()), "")


def _repeat(value: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)


def _table(columns: dict[str, pa.Array], schema: pa.Schema) -> pa.Table:
    """The schema's columns out of these; what the simulation does not know is null."""
    rows = len(next(iter(columns.values())))
    return pa.table([columns.get(f.name, pa.nulls(rows, f.type)) for f in schema], schema=schema)


def _concat(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables(tables) if tables else schema.empty_table()
