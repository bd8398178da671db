"""A guideline as a Label Studio label config: annotators see localised names (`value`), exports codes (`alias`)."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from guidelines.model import Guideline, Question, Workflow
from plugins.label_studio import style
from plugins.label_studio.controls import (
    CLAIMS,
    INDEX,
    PRESCREEN,
    PROMPT,
    REVEAL,
    asked_of_responses,
    claim_controls,
    claim_text,
    question_controls,
    response,
)
from plugins.label_studio.fields import Field, add_categories, add_heading, add_question, add_regions, required
from plugins.label_studio.tags import check_config
from plugins.suggesting import TEXT as SUGGESTION

_SHOWN = "shown"


def label_config(guideline: Guideline, *, suggestions: bool = False) -> str:
    """The label config of a guideline as XML, already checked; raises InvalidConfig.

    Display names are those of the guideline's locale, codes travel as `alias`; see `controls` for the names. With
    `suggestions` there is a folded place for a task's, out of sight where it has none.
    """
    workflow = guideline.workflow
    direction = " concord-rtl" if guideline.direction == "rtl" else ""
    root = ET.Element("View", className=f"concord{direction}")
    ET.SubElement(root, "Style").text = _style(workflow) + (style.SUGGESTION if suggestions else "")
    _texts(root, workflow)
    if suggestions:
        _suggestion(_revealed(root, workflow), guideline)
    for question in workflow.questions:
        if not _beside_text(question, workflow):
            parent = _revealed(root, workflow) if question.kind == "edited_text" else root
            _question(parent, question, workflow)
    _prescreen(root)
    ET.indent(root)
    xml = ET.tostring(root, encoding="unicode")
    check_config(xml)
    return xml


def _style(workflow: Workflow) -> str:
    kinds = {question.kind for question in workflow.questions}
    wanted = {
        style.LIST_PANEL: "error_spans" in kinds,
        style.NO_PANELS: "error_spans" not in kinds,
        style.WARNING: workflow.sensitive,
        style.CLAIMS: workflow.claims > 0,
        style.TALK: "conversation" in kinds,
    }
    return style.STYLE + "".join(rules for rules, needed in wanted.items() if needed)


def _texts(root: ET.Element, workflow: Workflow) -> None:
    """Everything to read, with the questions that belong beside it; out of sight until asked for where it may hurt."""
    if workflow.sensitive:
        _warning(root, workflow)
    parent = _revealed(root, workflow)
    for name in (PROMPT, *workflow.materials):
        add_heading(parent, workflow.texts.get(name, ""))
        _box(parent, name, f"${name}")
    if workflow.responses:
        pair = ET.SubElement(parent, "View", className="concord-pair")
        for position in workflow.positions:
            _response(ET.SubElement(pair, "View", className="concord-response"), workflow, position)
    if workflow.claims:
        _claims(parent, workflow)


def _warning(root: ET.Element, workflow: Workflow) -> None:
    box = ET.SubElement(root, "View", className="concord-warning")
    add_heading(box, workflow.texts.get("warning", ""))
    title = workflow.texts.get("reveal", "")
    named = {"name": REVEAL, "toName": PROMPT, "choice": "single", "showInline": "true", **required(title)}
    ET.SubElement(ET.SubElement(box, "Choices", named), "Choice", value=title, alias=_SHOWN)


def _revealed(parent: ET.Element, workflow: Workflow) -> ET.Element:
    if not workflow.sensitive:
        return parent
    shown = {"visibleWhen": "choice-selected", "whenTagName": REVEAL, "whenChoiceValue": _SHOWN}
    return ET.SubElement(parent, "View", shown)


def _box(parent: ET.Element, name: str, value: str) -> None:
    box = ET.SubElement(parent, "View", className="concord-text")
    ET.SubElement(box, "Text", name=name, value=value)


def _response(parent: ET.Element, workflow: Workflow, position: str) -> None:
    """One response: error categories above its text; what is asked about each of several responses below it."""
    name = response(position)
    add_heading(parent, workflow.texts.get(name, ""))
    about = workflow.texts.get(name, "") if workflow.responses > 1 else ""
    # With two columns the same key would mean two things.
    asked = [
        Field.of(question, [each for each in question_controls(question, workflow) if each.target == position],
                 workflow, keyed=workflow.responses == 1, about=about)
        for question in workflow.questions
        if _beside_text(question, workflow) and question.target != "claim"
    ]  # fmt: skip
    spans = [field for field in asked if field.question.kind == "error_spans"]
    for field in spans:
        add_categories(parent, field)
    _box(parent, name, f"${name}")
    for field in spans:
        add_regions(parent, field)
    for field in asked:
        if field not in spans:
            add_question(parent, field)


def _beside_text(question: Question, workflow: Workflow) -> bool:
    """Whether a question stands with the text it is about; those about the one response keep the workflow's order."""
    if question.target == "claim":
        return True
    return asked_of_responses(question) and (workflow.responses > 1 or question.kind == "error_spans")


def _claims(parent: ET.Element, workflow: Workflow) -> None:
    """The claims an item brings, however many, each with its questions."""
    repeater = ET.SubElement(parent, "Repeater", on=f"${CLAIMS}", indexFlag=INDEX)
    view = ET.SubElement(repeater, "View", className="concord-claim")
    add_heading(ET.SubElement(view, "View", className="concord-claim-title"), workflow.texts.get("claim", ""))
    _box(view, claim_text(INDEX), f"${CLAIMS}[{INDEX}]")
    about = workflow.texts.get("claim", "")
    for question in workflow.questions:
        if question.target == "claim":
            add_question(view, Field.of(question, claim_controls(question, INDEX), workflow, keyed=False, about=about))


def _suggestion(parent: ET.Element, guideline: Guideline) -> None:
    """Below the texts and folded, so that people see it after they have read and when they ask for it."""
    place = ET.SubElement(ET.SubElement(parent, "View", className="concord-suggestion"), "Collapse")
    panel = ET.SubElement(place, "Panel", value=guideline.terms["suggestion"])
    ET.SubElement(panel, "Text", name=SUGGESTION, value=f"${SUGGESTION}")


def _question(parent: ET.Element, question: Question, workflow: Workflow) -> None:
    field = Field.of(question, question_controls(question, workflow), workflow, keyed=True)
    if question.kind == "error_spans":
        add_categories(parent, field)
        add_regions(parent, field)
    else:
        add_question(parent, field)


def _prescreen(root: ET.Element) -> None:
    """Where the ML backend puts its summary: it needs a control of its own, and annotators must not be led by it."""
    hidden = ET.SubElement(root, "View", className="concord-hidden")
    ET.SubElement(hidden, "TextArea", name=PRESCREEN, toName=PROMPT, maxSubmissions="1")
