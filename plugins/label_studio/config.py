"""A guideline as a Label Studio label config: annotators see localised names (`value`), exports codes (`alias`)."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from guidelines.model import Choice, Guideline, Question, Severity, Workflow
from plugins.label_studio.controls import (
    PRESCREEN,
    PROMPT,
    Control,
    positions,
    question_controls,
    response,
)
from plugins.label_studio.tags import check_config

# Label Studio escapes ">" in a Style, so no child selectors. Every rule is prefixed: its CSS holds for the whole page.
# `plaintext` lets each line choose its own direction, so an English name in an Arabic text stays readable.
STYLE = """
.concord{font-size:16px;line-height:1.5;max-width:1440px}
.concord-rtl{direction:rtl;text-align:right}
.concord h4{margin:4px 0!important}
.concord .lsf-richtext__line{display:block;white-space:pre-wrap;unicode-bidi:plaintext;text-align:start}
.concord .lsf-richtext__line{min-height:1.7em;padding:0;font-size:17px;line-height:1.7}
.concord .lsf-richtext br{display:none}
.concord-text{border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:8px 12px;margin-bottom:8px}
.concord-pair{display:flex;flex-wrap:wrap;gap:16px}
.concord-response{flex:1 1 360px;min-width:0}
.concord-question,.concord-region{margin-top:8px}
.concord-asked{display:flex;flex-wrap:wrap;align-items:baseline;column-gap:12px}
.concord-hint{opacity:.8}
.concord-hint *{font-size:14px;font-weight:400;line-height:1.4;margin:0}
.concord-hidden{display:none}
.concord .lsf-label__hotkey{margin:0;margin-inline-start:6px}
.concord .lsf-hint{margin-inline-start:4px;opacity:.6}
.concord-rtl .lsf-label{margin:0 0 8px 8px}
.concord-rtl .ant-rate-star{margin:0 0 0 8px}
.concord-guideline p,.concord-guideline li{margin:6px 0}
.concord-guideline h1,.concord-guideline h2,.concord-guideline h3{margin:16px 0 6px}
.concord-guideline ul{list-style:disc;padding-inline-start:24px}
.concord-guideline ol{list-style:decimal;padding-inline-start:24px}
.concord-guideline td,.concord-guideline th{border:1px solid rgba(128,128,128,.35);padding:4px 8px}
"""

# Label Studio's side panels list marked errors; where nothing is marked, the texts get their room.
NO_PANELS = """.lsf-sidepanels__wrapper{display:none}
.lsf-sidepanels{padding:0!important}
"""

# Okabe and Ito's colours, told apart by colour-blind annotators too.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")


def label_config(guideline: Guideline) -> str:
    """The label config of a guideline as XML, already checked; raises InvalidConfig.

    Display names are those of the guideline's locale, codes travel as `alias`; see `controls` for the names.
    """
    workflow = guideline.workflow
    direction = " concord-rtl" if guideline.direction == "rtl" else ""
    root = ET.Element("View", className=f"concord{direction}")
    ET.SubElement(root, "Style").text = STYLE if _marks(workflow) else STYLE + NO_PANELS
    _text(root, workflow, PROMPT)
    pair = ET.SubElement(root, "View", className="concord-pair")
    for position in positions(workflow):
        _response(ET.SubElement(pair, "View", className="concord-response"), workflow, position)
    for question in workflow.questions:
        if question.target == "item":
            _question(root, question, question_controls(question, workflow), workflow, hotkeys=True)
    _prescreen(root)
    ET.indent(root)
    xml = ET.tostring(root, encoding="unicode")
    check_config(xml)
    return xml


def _marks(workflow: Workflow) -> bool:
    return any(question.kind == "error_spans" for question in workflow.questions)


def _text(parent: ET.Element, workflow: Workflow, name: str) -> None:
    _heading(parent, workflow.texts.get(name, ""))
    _box(parent, name)


def _box(parent: ET.Element, name: str) -> None:
    box = ET.SubElement(parent, "View", className="concord-text")
    ET.SubElement(box, "Text", name=name, value=f"${name}")


def _response(parent: ET.Element, workflow: Workflow, position: str) -> None:
    """One response: error categories above its text, everything else asked about it below."""
    name = response(position)
    _heading(parent, workflow.texts.get(name, ""))
    asked = [
        (question, [each for each in question_controls(question, workflow) if each.target == position])
        for question in workflow.questions
        if question.target == "response"
    ]
    hotkeys = workflow.responses == 1  # with two columns the same key would mean two things
    spans = [(question, own) for question, own in asked if question.kind == "error_spans"]
    for question, own in spans:
        _categories(parent, question, own[0], hotkeys=hotkeys)
    _box(parent, name)
    for question, own in spans:
        _region(parent, question, own, workflow, hotkeys=hotkeys)
    for question, own in asked:
        if question.kind != "error_spans":
            _question(parent, question, own, workflow, hotkeys=hotkeys)


def _question(parent: ET.Element, question: Question, own: list[Control], workflow: Workflow, *, hotkeys: bool) -> None:
    box = ET.SubElement(parent, "View", className="concord-question")
    if question.kind == "error_spans":
        _categories(box, question, own[0], hotkeys=hotkeys)
        _region(box, question, own, workflow, hotkeys=hotkeys)
        return
    _title(box, question)
    _answer(box, question, own[0], hotkeys=hotkeys)


def _title(parent: ET.Element, question: Question) -> None:
    asked = ET.SubElement(parent, "View", className="concord-asked")
    _heading(asked, question.title)
    if question.hint:
        hint = ET.SubElement(asked, "View", className="concord-hint")
        ET.SubElement(hint, "Header", value=question.hint, size="6", underline="false")


def _heading(parent: ET.Element, text: str) -> None:
    if text:
        ET.SubElement(parent, "Header", value=text, size="5", underline="false")


def _answer(parent: ET.Element, question: Question, control: Control, *, hotkeys: bool) -> None:
    named = {"name": control.name, "toName": control.text, **_required(question.title, required=question.required)}
    if question.kind == "text":
        ET.SubElement(parent, "TextArea", named, maxSubmissions="1", rows="2", showSubmitButton="false")
    elif question.kind == "number":
        ET.SubElement(parent, "Number", named, **_range(question))
    elif question.kind == "rating":
        _rating(parent, question, named)
    else:
        style = "multiple" if question.kind == "multiple_choice" else "single-radio"
        options = ET.SubElement(parent, "Choices", named, choice=style, showInline="true")
        _options(options, "Choice", question.choices, hotkeys=hotkeys)


def _required(title: str, *, required: bool = True) -> dict[str, str]:
    """Required, and told by its title; Label Studio would tell the annotator the control's name."""
    return {"required": "true", "requiredMessage": title} if required else {"required": "false"}


def _range(question: Question) -> dict[str, str]:
    limits = {"min": question.minimum, "max": question.maximum}
    return {name: f"{limit:g}" for name, limit in limits.items() if limit is not None}


def _rating(parent: ET.Element, question: Question, named: dict[str, str]) -> None:
    """Stars where the scale starts at 1, as the tool's own Rating does; numbered radios elsewhere."""
    if question.levels[0] == 1:
        ET.SubElement(parent, "Rating", named, maxRating=str(question.levels[-1]))
        return
    options = ET.SubElement(parent, "Choices", named, choice="single-radio", showInline="true")
    for level in question.levels:
        ET.SubElement(options, "Choice", value=str(level))


def _options(
    parent: ET.Element, tag: str, choices: tuple[Choice, ...] | tuple[Severity, ...], *, hotkeys: bool
) -> None:
    for choice in choices:
        option = ET.SubElement(parent, tag, value=choice.title, alias=choice.code)
        if isinstance(choice, Choice) and choice.hint:
            option.set("hint", choice.hint)
        if hotkeys and choice.hotkey:
            option.set("hotkey", choice.hotkey)


def _categories(parent: ET.Element, question: Question, control: Control, *, hotkeys: bool) -> None:
    _title(parent, question)
    labels = ET.SubElement(parent, "Labels", name=control.name, toName=control.text, showInline="true")
    _options(labels, "Label", question.choices, hotkeys=hotkeys)
    for number, label in enumerate(labels):
        label.set("background", COLOURS[number % len(COLOURS)])


def _region(parent: ET.Element, question: Question, own: list[Control], workflow: Workflow, *, hotkeys: bool) -> None:
    """Severity and correction of the marked error that is selected; out of sight while none is."""
    category, severity, correction = own
    shown = {"visibleWhen": "region-selected", "whenTagName": category.name}
    view = ET.SubElement(parent, "View", shown, className="concord-region")
    heading = workflow.texts.get("severity", "")
    _heading(view, heading)
    named = {
        "name": severity.name,
        "toName": severity.text,
        "perRegion": "true",
        **_required(heading or question.title),
    }
    options = ET.SubElement(view, "Choices", named, choice="single-radio", showInline="true")
    _options(options, "Choice", question.severities, hotkeys=hotkeys)
    named = {"name": correction.name, "toName": correction.text, "perRegion": "true"}
    area = ET.SubElement(view, "TextArea", named, maxSubmissions="1", rows="1", showSubmitButton="false")
    if placeholder := workflow.texts.get("correction"):
        area.set("placeholder", placeholder)


def _prescreen(root: ET.Element) -> None:
    """Where the ML backend puts its summary: it needs a control of its own, and annotators must not be led by it."""
    hidden = ET.SubElement(root, "View", className="concord-hidden")
    ET.SubElement(hidden, "TextArea", name=PRESCREEN, toName=PROMPT, maxSubmissions="1")
