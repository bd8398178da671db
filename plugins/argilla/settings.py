"""A guideline as the settings of an Argilla dataset, in the JSON of Argilla's API: codes are stored, titles shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from guidelines.model import Guideline, Question
from plugins.argilla import guideline_text, reveal
from plugins.argilla.errors import InvalidSettings
from plugins.argilla.form import GUIDELINE, SUGGESTION, Asked, all_asked, texts
from plugins.suggesting import IDS

NUMBER = "number"  # the metadata that counts a dataset's records, in the order of the programme's file

_RATINGS = range(11)  # the levels that a rating can have
_COLLAPSED = 3  # fewer options than this are never collapsed

Json = dict[str, Any]


@dataclass(frozen=True)
class DatasetSettings:
    """What annotators see of a dataset, as bodies of Argilla's API."""

    guidelines: str
    fields: tuple[Json, ...]
    questions: tuple[Json, ...]

    suggestions: bool = False

    @property
    def metadata(self) -> list[Json]:
        """The properties that records carry."""
        ids = {**hidden_property(IDS, IDS), "settings": {"type": "terms"}}
        return [hidden_property(NUMBER, NUMBER), *([ids] if self.suggestions else [])]


def hidden_property(name: str, title: str) -> Json:
    """A metadata property that annotators do not see."""
    return {"name": name, "title": title, "settings": {"type": "integer"}, "visible_for_annotators": False}


def screen_property(screen: str) -> Json:
    """The property that holds a screen's score."""
    return {**hidden_property(screen_name(screen), screen), "settings": {"type": "float"}}


def screen_name(screen: str) -> str:
    """The name of a screen's property.

    >>> screen_name("near_duplicate")
    'screen_near_duplicate'
    """
    return f"screen_{screen}"


def settings(guideline: Guideline, *, suggestions: bool = False) -> DatasetSettings:
    """The settings of the dataset for a guideline, with a place for `suggestions` where there are some.

    Raises InvalidSettings for what Argilla cannot show.
    """
    _check(guideline)
    return DatasetSettings(
        guideline_text.dataset_guidelines(guideline),
        tuple(_fields(guideline, suggestions=suggestions)),
        tuple(_question(asked, guideline) for asked in all_asked(guideline.workflow)),
        suggestions,
    )


def _check(guideline: Guideline) -> None:
    workflow = guideline.workflow
    spans = [asked.text for asked in all_asked(workflow) if asked.question.kind == "error_spans"]
    marks = [text for text in spans if spans.count(text) > 2]  # each has its corrections beside it
    if marks:
        raise InvalidSettings(f"{workflow.id}: errors are marked twice in {marks[0]}", fix="ask for marks once a text")
    if spans and workflow.sensitive:
        message = f"{workflow.id}: Argilla cannot hide a text in which errors are marked"
        raise InvalidSettings(message, fix="use Label Studio, or take `sensitive` or the marks away")


def _fields(guideline: Guideline, *, suggestions: bool) -> Iterator[Json]:
    for name in texts(guideline.workflow):
        optional = name.startswith("claim_") and name != "claim_1"
        yield {
            "name": name,
            "title": _title_of(name, guideline),
            "required": not optional,
            "settings": _field(name, guideline),
        }
    if suggestions:
        title = guideline.terms["suggestion"]
        yield {"name": SUGGESTION, "title": title, "required": False, "settings": _field(SUGGESTION, guideline)}
    yield {
        "name": GUIDELINE,
        "title": guideline_text.field_title(guideline),
        "required": False,
        "settings": _custom(guideline_text.template(guideline)),
    }


def _field(name: str, guideline: Guideline) -> Json:
    """Never Markdown: people judge the text as the model wrote it."""
    if guideline.workflow.sensitive:
        return _custom(reveal.template(guideline, name))
    return {"type": "text", "use_markdown": False}


def _custom(template: str) -> Json:
    return {"type": "custom", "template": template, "advanced_mode": True}


def _title_of(name: str, guideline: Guideline) -> str:
    """What a text is called: `claim_2` is "Claim 2"."""
    known = guideline.workflow.texts
    if name.startswith("claim_"):
        return f"{known.get('claim', 'Claim')} {name.removeprefix('claim_')}"
    return known.get(name) or name


def _question(asked: Asked, guideline: Guideline) -> Json:
    body = {"name": asked.name, "title": _title(asked, guideline), "required": _is_required(asked)}
    hint = _hint(asked, guideline)
    return {**body, **({"description": hint} if hint else {}), "settings": _answers(asked, guideline)}


def _title(asked: Asked, guideline: Guideline) -> str:
    """The question's title; with the target's where several are asked about."""
    workflow, question = guideline.workflow, asked.question
    title = question.title
    if asked.part == "corrections":
        title = workflow.texts.get("correction") or title
    several = question.target == "claim" or (question.target == "response" and workflow.responses > 1)
    return f"{title} · {_title_of(asked.text, guideline)}" if several else title


def _is_required(asked: Asked) -> bool:
    """Argilla cannot ask under a condition, nor know how many claims an item has; no mark can be the right answer."""
    question = asked.question
    optional = question.asked_when or question.kind == "error_spans" or not question.required
    return not optional and (question.target != "claim" or asked.target == "claim_1")


def _hint(asked: Asked, guideline: Guideline) -> str:
    """The question's hint, when it is asked, and how to write what Argilla has no form for."""
    question = asked.question
    known = guideline.workflow.texts
    if asked.part == "corrections":
        return f"{question.title} = {known.get('correction') or '…'}"
    lines = [question.hint, _condition(question, guideline)]
    if question.kind == "conversation":
        lines += [f"{sign} {_bare(known.get(name, ''))}" for sign, name in ((">>", "message"), ("<<", "reply"))]
    return "\n".join(filter(None, lines))


def _condition(question: Question, guideline: Guideline) -> str:
    """In no language: "▸ Verdict: Fix · Reject"."""
    if (when := question.asked_when) is None:
        return ""
    other = guideline.workflow.question(when.question)
    titles = {choice.code: choice.title for choice in other.choices}
    return f"▸ {other.title}: {' · '.join(titles.get(code, code) for code in when.codes)}"


def _bare(text: str) -> str:
    """Without what stands in parentheses at the end, such as a key of Label Studio's."""
    return re.sub(r"\s*[(（][^()（）]*[)）]\s*$", "", text)


def _answers(asked: Asked, guideline: Guideline) -> Json:
    question = asked.question
    if asked.part == "corrections" or question.kind in ("text", "edited_text", "number", "conversation"):
        return {"type": "text", "use_markdown": False}
    if question.kind == "rating":
        return _rating(question)
    if question.kind == "ranking":
        named = {position: _title_of(f"response_{position}", guideline) for position in guideline.workflow.positions}
        return {"type": "ranking", "options": [_option(*each) for each in named.items()]}
    if question.kind == "error_spans":
        return {"type": "span", "field": asked.text, "allow_overlapping": True, **_listed(_marks(question))}
    kind = "multi_label_selection" if question.kind == "multiple_choice" else "label_selection"
    return {"type": kind, **_listed([_option(choice.code, choice.title, choice.hint) for choice in question.choices])}


def _rating(question: Question) -> Json:
    """Argilla's ratings go from 0 to 10; other scales become labels."""
    if set(question.levels) <= set(_RATINGS):
        return {"type": "rating", "options": [{"value": level} for level in question.levels]}
    return {"type": "label_selection", **_listed([_option(str(level), str(level)) for level in question.levels])}


def _marks(question: Question) -> list[Json]:
    """Each category with each severity."""
    return [
        _option(f"{category.code}/{severity.code}", f"{category.title} · {severity.title}", category.hint)
        for category in question.choices
        for severity in question.severities
    ]


def _option(value: str, text: str, description: str = "") -> Json:
    return {"value": value, "text": text, **({"description": description} if description else {})}


def _listed(options: list[Json]) -> Json:
    """All options in sight: what is folded away is chosen less often."""
    return {"options": options, **({"visible_options": len(options)} if len(options) >= _COLLAPSED else {})}


def frozen(question: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of a question cannot be changed once its dataset is published: its form and its codes."""
    given = question["settings"]
    values = sorted(str(option["value"]) for option in given.get("options", ()))
    return question["name"], bool(question["required"]), given["type"], given.get("field"), *values
