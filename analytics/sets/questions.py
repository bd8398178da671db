"""Which questions are answered with a set of codes, and who left one of them empty.

A labelling tool sends nothing for a question that was left empty, so there is no row for it. Where the question may be
left empty, that is an answer: none of the codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from analytics.scales import QuestionKey
from guidelines.model import Condition, Workflow
from plugins.targets import targets

_ANNOTATION = ("source", "project", "annotation")


@dataclass(frozen=True)
class Options:
    """The codes of a question any of which can be chosen, and what it is asked about.

    `optional`: it may be left empty. `when` is the condition for being asked, `same_target` whether that looks at the
    answer about the same target, or at one about the item.
    """

    codes: tuple[str, ...]
    targets: tuple[str, ...] = ("item",)
    optional: bool = False
    when: Condition | None = None
    same_target: bool = True


def set_questions(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, Options]:
    """The questions of these workflows that several codes can answer."""
    return {
        (workflow.id, question.id): Options(
            codes=tuple(choice.code for choice in question.choices),
            targets=targets(question, workflow),
            optional=not question.required,
            when=question.asked_when,
            same_target=question.asked_when is None
            or workflow.question(question.asked_when.question).target == question.target,
        )
        for workflow in workflows.values()
        for question in workflow.questions
        if question.kind == "multiple_choice"
    }


def with_empty(judgments: ir.Table, questions: Mapping[QuestionKey, Options]) -> ir.Table:
    """The judgments of these questions, and a row with the value "" where one that may be left empty was.

    It was left empty by those who answered something else about the same target (about anything, if it is asked about
    the item), and whose answers meet its condition. Under a base version of the guideline in which nobody answered the
    question it is taken not to have been asked: it may be newer.
    """
    none = judgments.filter(ibis.literal(False))
    given = [_of(judgments, key) for key in questions]
    empty = [_empty(judgments, key, options) for key, options in questions.items() if options.optional]
    return ibis.union(none, *given, *empty)


def _of(judgments: ir.Table, key: QuestionKey) -> ir.Table:
    workflow, question = key
    return judgments.filter(judgments.workflow == workflow, judgments.question == question)


def _empty(judgments: ir.Table, key: QuestionKey, options: Options) -> ir.Table:
    workflow, question = key
    own, others = _of(judgments, key), judgments.filter(judgments.workflow == workflow)
    seen = others.mutate(target=ibis.literal("item")) if options.targets == ("item",) else others
    seen = seen.filter(seen.target.isin(options.targets)).distinct(on=[*_ANNOTATION, "target"])
    known = own.select(base=_base(own.guideline_version)).distinct()
    seen = seen.semi_join(known, _base(seen.guideline_version).identical_to(known.base))
    if options.when is not None:
        about = (*_ANNOTATION, "target") if options.same_target else _ANNOTATION
        seen = seen.semi_join(_met(judgments, workflow, options.when), list(about))
    silent = seen.anti_join(own, [*_ANNOTATION, "target"])
    blank = {
        name: ibis.null(judgments[name].type())
        for name in ("number", "original", "length")
        if name in judgments.columns
    }
    return silent.mutate(question=ibis.literal(question), value=ibis.literal(""), **blank).select(judgments.columns)


def _met(judgments: ir.Table, workflow: str, when: Condition) -> ir.Table:
    answers = _of(judgments, (workflow, when.question))
    framed = ibis.literal("|") + answers.value + ibis.literal("|")
    return answers.filter(ibis.or_(*(framed.contains(f"|{code}|") for code in when.codes)))


def _base(version: ir.StringValue) -> ir.StringValue:
    """The version of the base guideline, which alone says what is asked: `safety_moderation 1.0`."""
    return version.split(" / ")[0]
