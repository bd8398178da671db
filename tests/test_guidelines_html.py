"""Guidelines as HTML: safe, in the right direction, with anchors."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from guideline_folder import write_folder
from hypothesis import given
from hypothesis import strategies as st

from guidelines import load
from guidelines.render import section_html

_TAGS = {
    *("div", "h1", "h2", "h3", "h4", "h5", "h6", "p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td", "a", "img", "br", "hr"),
}


class _Tags(HTMLParser):
    """Collects what a browser would see as elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def _elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(html)
    return parser.seen


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[click](javascript:alert(1))",
        "[click](&#106;avascript:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "<iframe src='https://example.com'></iframe>",
    ],
)
def test_text_cannot_inject(attack: str) -> None:
    """HTML in a guideline is shown as typed, and a link to a script is no link."""
    assert {tag for tag, _ in _elements(section_html(f"## A {{#a}}\n\n{attack}\n", "en", "ltr"))} == {"div", "h2", "p"}


@given(st.text(st.sampled_from("<>&\"'/=aon[]()!`*#{}:\n "), max_size=60))
def test_no_text_can_inject(text: str) -> None:
    """Whatever the text, only elements that Markdown has come out, and no event handlers."""
    for tag, attributes in _elements(section_html(text, "en", "ltr")):
        assert tag in _TAGS
        assert not [name for name in attributes if name.startswith("on")]


def test_direction_of_sections(tmp_path: Path) -> None:
    """In a right-to-left locale its own sections run from right to left and the English ones do not."""
    rule = '---\nworkflow: taste\nlocale: ar-EG\nbased_on: "1.1"\n---\n## هنا {#purpose}\n\nنص\n'
    root = write_folder(tmp_path, {"locales/ar-EG/taste.yaml": _ARABIC, "locales/ar-EG/taste.md": rule})
    html = load(root).guideline("taste", "ar-EG").html
    divs = [(each["lang"], each["dir"]) for tag, each in _elements(html) if tag == "div"]
    assert divs[:5] == [("ar-EG", "rtl"), ("en", "ltr"), ("en", "ltr"), ("ar-EG", "rtl"), ("en", "ltr")]
    assert set(divs[5:]) == {("en", "ltr")}


def test_anchors_are_unique(tmp_path: Path) -> None:
    """A rule beside a section of the same id gets an anchor of its own, so that links stay clear."""
    elements = _elements(load(write_folder(tmp_path)).guideline("taste", "fr-CA").html)
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert ids == [
        *("purpose", "numbers", "address", "address-fr-CA"),
        *("rules-here", "dates-times", "formats", "examples", "examples-en"),
    ]


def test_tables_and_links() -> None:
    """Tables, lists and links to other clauses come out as such."""
    elements = _elements(section_html("| a | b |\n|---|---|\n| 1 | 2 |\n\n- see [why](#purpose)\n", "en", "ltr"))
    assert [tag for tag, _ in elements if tag in {"table", "li"}] == ["table", "li"]
    assert ("a", {"href": "#purpose"}) in elements


_ARABIC = """\
workflow: taste
locale: ar-EG
version: "1"
status: draft
title: اختبار
summary: قل أيهما أفضل.
texts: {prompt: الطلب, response_a: الرد أ, response_b: الرد ب}
questions:
  overall: {title: إجمالًا, hint: أيهما؟, choices: {a_much: أ أفضل, tie: سواء, b_much: ب أفضل}}
  errors:
    title: الأخطاء
    choices: {grammar: {title: نحو, hint: ترتيب الكلمات}, spelling: إملاء}
    severities: {minor: طفيف, major: كبير}
  fluency: {title: السلاسة}
"""
