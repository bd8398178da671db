"""The elements of a label config that ask one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from guidelines.model import Choice, Question, Severity, Workflow
from plugins.label_studio.controls import Control, has_conversation
from plugins.label_studio.style import COLOURS


@dataclass(frozen=True)
class Field:
    """A question as asked about one target, with its controls; `keyed` if it may use its hotkeys.

    `about` names the target, "" where there is but one.
    """

    question: Question
    controls: tuple[Control, ...]
    workflow: Workflow
    keyed: bool
    about: str = ""

    @classmethod
    def of(
        cls, question: Question, controls: Sequence[Control], workflow: Workflow, *, keyed: bool, about: str = ""
    ) -> Field:
        """The field of a question with these controls."""
        return cls(question, tuple(controls), workflow, keyed, about)

    @property
    def told(self) -> str:
        """What an annotator is told who left it out."""
        return f"{self.question.title} ({self.about})" if self.about else self.question.title

    def named(self, control: Control) -> dict[str, str]:
        """The attributes that every control of this field has."""
        needed = required(self.told) if self.question.required else {"required": "false"}
        return {"name": control.name, "toName": control.text, **needed}


def required(title: str) -> dict[str, str]:
    """Required, and told by its title; Label Studio would tell the annotator the control's name."""
    return {"required": "true", "requiredMessage": title}


def add_question(parent: ET.Element, field: Field) -> None:
    """A question with its title, its hint and its control; in sight only while its condition is met."""
    box = ET.SubElement(parent, "View", _condition(field), className="concord-question")
    _title(box, field.question)
    if field.question.kind == "conversation":
        _talk(box, field)
    else:
        _answer(box, field)


def _condition(field: Field) -> dict[str, str]:
    when = field.question.asked_when
    if when is None:
        return {}
    name = field.controls[0].name
    # About the same target where the other question is asked about it, else about the item.
    same = field.workflow.question(when.question).target == field.question.target
    other = f"{when.question}{name.removeprefix(field.question.id)}" if same else when.question
    return {"visibleWhen": "choice-selected", "whenTagName": other, "whenChoiceValue": ",".join(when.codes)}


def _title(parent: ET.Element, question: Question) -> None:
    asked = ET.SubElement(parent, "View", className="concord-asked")
    add_heading(asked, question.title)
    if question.hint:
        hint = ET.SubElement(asked, "View", className="concord-hint")
        ET.SubElement(hint, "Header", value=question.hint, size="6", underline="false")


def add_heading(parent: ET.Element, text: str) -> None:
    """A heading, unless the text is empty."""
    if text:
        ET.SubElement(parent, "Header", value=text, size="5", underline="false")


def _answer(parent: ET.Element, field: Field) -> None:
    question, control = field.question, field.controls[0]
    named = field.named(control)
    if question.kind in ("text", "edited_text"):
        _text_area(parent, field, named)
    elif question.kind == "number":
        ET.SubElement(parent, "Number", named, **_range(question))
    elif question.kind == "rating" and question.levels[0] == 1 and not _decides(field):
        ET.SubElement(parent, "Rating", named, maxRating=str(question.levels[-1]))
    elif question.kind == "rating":
        _levels(parent, named, [str(level) for level in question.levels])
    elif question.kind == "ranking":
        _levels(parent, named, [str(place + 1) for place in range(field.workflow.responses)])
    else:
        style = "multiple" if question.kind == "multiple_choice" else "single-radio"
        options = ET.SubElement(parent, "Choices", named, choice=style, showInline="true")
        _options(options, "Choice", question.choices, keyed=field.keyed)


def _decides(field: Field) -> bool:
    """Whether another question depends on the answer: Label Studio looks at choices for that, not at stars."""
    conditions = (question.asked_when for question in field.workflow.questions)
    return any(when is not None and when.question == field.question.id for when in conditions)


def _text_area(parent: ET.Element, field: Field, named: dict[str, str]) -> None:
    """A field for one text; an edited text starts as the text it edits."""
    question = field.question
    # Else what was written could not be changed any more once Label Studio has refused to submit the task.
    named |= {"editable": "true", "transcription": "true"}
    if question.kind == "edited_text":
        named["value"] = f"${field.controls[0].text}"
    if has_conversation(field.workflow):
        named["smart"] = "false"  # else each text typed here would be sent to the model
    ET.SubElement(parent, "TextArea", named, maxSubmissions="1", rows=str(question.rows), showSubmitButton="false")


def _talk(parent: ET.Element, field: Field) -> None:
    """The annotator's messages and, beside them, the model's replies, which only the ML backend writes."""
    message, reply = field.controls
    texts = field.workflow.texts
    talk = ET.SubElement(parent, "View", className="concord-talk")
    add_heading(talk, texts.get("message", ""))
    add_heading(talk, texts.get("reply", ""))
    # `smartOnly`: a message calls the model without the annotator finding the tool's own switch for it first.
    called = {"smartOnly": "true", "showSubmitButton": "true"}
    ET.SubElement(talk, "TextArea", field.named(message), rows=str(field.question.rows), **called)
    beside = ET.SubElement(talk, "View", className="concord-reply")
    named = {"name": reply.name, "toName": reply.text, "smart": "false", "showSubmitButton": "false"}
    ET.SubElement(beside, "TextArea", named, rows="2")


def _range(question: Question) -> dict[str, str]:
    limits = {"min": question.minimum, "max": question.maximum}
    return {name: f"{limit:g}" for name, limit in limits.items() if limit is not None}


def _levels(parent: ET.Element, named: dict[str, str], levels: Sequence[str]) -> None:
    options = ET.SubElement(parent, "Choices", named, choice="single-radio", showInline="true")
    for level in levels:
        ET.SubElement(options, "Choice", value=level)


def _options(parent: ET.Element, tag: str, choices: tuple[Choice, ...] | tuple[Severity, ...], *, keyed: bool) -> None:
    for choice in choices:
        option = ET.SubElement(parent, tag, value=choice.title, alias=choice.code)
        if isinstance(choice, Choice) and choice.hint:
            option.set("hint", choice.hint)
        if keyed and choice.hotkey:
            option.set("hotkey", choice.hotkey)


def add_categories(parent: ET.Element, field: Field) -> None:
    """The categories of a question about errors, to choose from before words are marked."""
    control = field.controls[0]
    _title(parent, field.question)
    labels = ET.SubElement(parent, "Labels", name=control.name, toName=control.text, showInline="true")
    _options(labels, "Label", field.question.choices, keyed=field.keyed)
    for number, label in enumerate(labels):
        label.set("background", COLOURS[number % len(COLOURS)])


def add_regions(parent: ET.Element, field: Field) -> None:
    """Severity and correction of the marked error that is selected; out of sight while none is."""
    category, severity, correction = field.controls
    texts = field.workflow.texts
    shown = {"visibleWhen": "region-selected", "whenTagName": category.name}
    view = ET.SubElement(parent, "View", shown, className="concord-region")
    heading = texts.get("severity", "")
    add_heading(view, heading)
    told = required(heading or field.question.title)
    named = {"name": severity.name, "toName": severity.text, "perRegion": "true", **told}
    options = ET.SubElement(view, "Choices", named, choice="single-radio", showInline="true")
    _options(options, "Choice", field.question.severities, keyed=field.keyed)
    named = {"name": correction.name, "toName": correction.text, "perRegion": "true"}
    area = ET.SubElement(view, "TextArea", named, maxSubmissions="1", rows="1", showSubmitButton="false")
    if placeholder := texts.get("correction"):
        area.set("placeholder", placeholder)
