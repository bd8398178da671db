"""Label configs: the codes behind localised names, both directions, and the golden files.

After a deliberate change of a config or of a locale's words: `python tests/test_plugins_config.py` writes them anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from plugin_samples import EVERY_KIND, guideline

import guidelines
from guidelines.model import Choice, Question, Workflow
from plugins.errors import InvalidConfig
from plugins.label_studio.config import label_config
from plugins.label_studio.controls import controls
from plugins.label_studio.instructions import instructions

GOLDEN = Path(__file__).parent / "golden"
PAIRS = [
    *((workflow, locale) for workflow in ("preference", "fluency_review") for locale in ("en-US", "ar-EG")),
    ("fact_verification", "en-US"),
    ("ranking", "en-US"),
    ("red_team", "en-US"),
]


def golden(workflow: str, locale: str) -> Path:
    """The golden file of a workflow in a locale."""
    return GOLDEN / f"label_studio_{workflow}_{locale}.xml"


@pytest.mark.parametrize(("workflow", "locale"), PAIRS)
def test_the_packaged_guidelines_give_the_golden_configs(workflow: str, locale: str) -> None:
    """A change of what annotators see shows up as a change of a file that people read."""
    assert label_config(guidelines.load().guideline(workflow, locale)) == golden(workflow, locale).read_text("utf-8")


def _config(locale: str = "en-US", workflow: Workflow = EVERY_KIND) -> ET.Element:
    return ET.fromstring(label_config(guideline(workflow, locale)))  # noqa: S314  # made a moment ago


def _named(root: ET.Element, name: str) -> ET.Element:
    return next(element for element in root.iter() if element.get("name") == name)


def test_every_control_of_every_kind_is_in_the_config_under_its_name() -> None:
    """What parsing expects is what the config asks."""
    names = {element.get("name") for element in _config().iter() if element.get("toName")}
    assert names == {*controls(EVERY_KIND), "prescreen"}


def test_names_are_shown_and_codes_are_exported() -> None:
    """`value` is the locale's title, `alias` the stable code."""
    shown = [(option.get("value"), option.get("alias")) for option in _named(_config(), "overall")]
    assert shown[0] == ("A is much better", "a_much")


@pytest.mark.parametrize(("name", "tag"), [("stars__a", "Rating"), ("zero", "Choices"), ("amount", "Number")])
def test_scales_become_the_control_that_can_hold_them(name: str, tag: str) -> None:
    """Stars start at 1, so a scale from 0 is numbered radios."""
    assert _named(_config(), name).tag == tag


def test_preferences_are_required_radios() -> None:
    """Pairwise knows no tie and ignores `required`."""
    overall = _named(_config(), "overall")
    assert (overall.tag, overall.get("choice"), overall.get("required")) == ("Choices", "single-radio", "true")


def test_severity_is_required_for_each_marked_error_and_shown_for_the_marks_of_its_own_response() -> None:
    """Per region, behind the selection of one of this response's labels."""
    root = _config()
    severity = _named(root, "errors__b__severity")
    view = next(view for view in root.iter("View") if severity in list(view))
    assert (severity.get("perRegion"), severity.get("required")) == ("true", "true")
    assert (view.get("visibleWhen"), view.get("whenTagName")) == ("region-selected", "errors__b")


@pytest.mark.parametrize(("locale", "classes"), [("en-US", "concord"), ("ar-EG", "concord concord-rtl")])
def test_the_layout_follows_the_direction_of_the_locale(locale: str, classes: str) -> None:
    """Right-to-left locales start at the right."""
    assert _config(locale).get("className") == classes


def test_each_hotkey_means_one_thing() -> None:
    """With two responses the same label stands twice, so it has no key; with one it has."""
    assert not [option for option in _config().iter("Label") if option.get("hotkey")]
    single = replace(EVERY_KIND, responses=1, questions=EVERY_KIND.questions[:1])
    assert {option.get("hotkey") for option in _config(workflow=single).iter("Label")} == {
        "g",
        "s",
    }


def test_markup_in_titles_stays_text() -> None:
    """Titles are data: angle brackets, quotes and ampersands arrive as written."""
    odd = Question("odd", "single_choice", '<b>"A" & B</b>', "nominal", choices=(Choice("x", "</View><X/>"),))
    root = _config(workflow=replace(EVERY_KIND, questions=(odd,)))
    assert next(iter(_named(root, "odd"))).get("value") == "</View><X/>"
    assert '<b>"A" & B</b>' in {header.get("value") for header in root.iter("Header")}


def test_two_choices_with_the_same_title_are_refused() -> None:
    """A locale that translates two codes alike would make them one."""
    same = Question("same", "single_choice", "Same", "nominal", choices=(Choice("x", "Oui"), Choice("y", "Oui")))
    with pytest.raises(InvalidConfig, match="'same' has 'Oui' twice"):
        label_config(guideline(replace(EVERY_KIND, questions=(same,))))


def test_instructions_say_direction_language_version_and_that_they_are_a_draft() -> None:
    """Nobody takes a draft for a signed guideline."""
    html = instructions(guideline(EVERY_KIND, "ar-EG"))
    assert html.startswith('<div class="concord-guideline" dir="rtl" lang="ar-EG">')
    assert "every_kind 1.0 / ar-EG 1 @0123456789ab · draft" in html
    assert html.endswith("<h1>How</h1></div>")
    assert "· signed-off" in instructions(replace(guideline(EVERY_KIND), status="signed-off"))


if __name__ == "__main__":
    for pair in PAIRS:
        golden(*pair).write_text(label_config(guidelines.load().guideline(*pair)), encoding="utf-8")
