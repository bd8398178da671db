"""Texts on their way into Argilla and back: nothing runs, nothing is lost, every offset is found again."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.argilla.encoding import Marked, hidden, marked, plain, read_hidden, read_plain

# Characters that go wrong somewhere: markup, joiners and isolates, emoji of several code points, Arabic, Hebrew, Thai.
LETTERS = st.sampled_from("<>/!?b$&'`#😀é漢字\n \u2060\u2067\u2069\u0301")
WORDS = st.sampled_from(["script", "TEMPLATE", "#TEMPLATE#", "<b>", "</script>", "سلام", "עִבְרִית", "สวัสดี"])
PIECES = LETTERS | WORDS | st.just("👩\u200d👩\u200d👧")
TEXTS = st.lists(PIECES, max_size=20).map("".join) | st.text(alphabet=st.characters(codec="utf-8"))


class Tags(HTMLParser):
    """Counts whatever a browser would take for markup."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """An opening tag."""
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """A closing tag."""
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        """A comment."""
        self.found.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def tags(text: str) -> list[str]:
    """The markup in a text."""
    parser = Tags()
    parser.feed(text)
    parser.close()
    return parser.found


@given(TEXTS)
def test_a_plain_text_holds_no_markup_and_comes_back(text: str) -> None:
    """No tag opens, no pattern of the page's template is left, and reading gives the very text."""
    shown = plain(text)
    assert tags(shown) == []
    assert not re.search(r"\$[$&`']|#TEMPLATE#", shown)
    assert read_plain(shown) == text


@given(TEXTS)
def test_a_hidden_text_is_letters_that_mean_nothing_and_comes_back(text: str) -> None:
    """A script reads it as `JSON.parse(atob(…))` does, byte by byte."""
    shown = hidden(text)
    assert re.fullmatch(r"[A-Za-z0-9+/=]*", shown["text"])
    assert json.loads(base64.b64decode(shown["text"]).decode("latin-1")) == text
    assert read_hidden(shown) == text


@given(TEXTS.filter(bool), st.booleans(), st.data())
def test_offsets_of_a_marked_text_come_back_through_utf_16(text: str, rtl: bool, data: st.DataObject) -> None:
    """The units name the same words in what the page shows, and lead back to the same code points."""
    shown = marked(text, rtl=rtl)
    read = Marked(shown, rtl=rtl)
    assert read.text == text
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    first, last = read.units(start, end)
    words = shown.encode("utf-16-le")[2 * first : 2 * last].decode("utf-16-le")
    assert [each for each in words if each not in "\u2060\u2067\u2069"] == [
        each for each in text[start:end] if each not in "\u2060\u2067\u2069"
    ]
    assert read.points(first, last) == (start, end)


@given(TEXTS.filter(bool), st.booleans())
def test_the_server_takes_the_largest_offset_that_the_page_can_send(text: str, rtl: bool) -> None:
    """It compares UTF-16 units with its number of code points."""
    shown = marked(text, rtl=rtl)
    _, last = Marked(shown, rtl=rtl).units(0, len(text))
    assert last <= len(shown)


@given(TEXTS, st.booleans())
def test_a_selection_that_reaches_into_what_was_added_ends_with_the_text(text: str, rtl: bool) -> None:
    """Everything that can be selected is the whole text."""
    shown = marked(text, rtl=rtl)
    assert Marked(shown, rtl=rtl).points(0, len(shown.encode("utf-16-le")) // 2) == (0, len(text))


@pytest.mark.parametrize("unit", [-1, 1, 99])
def test_an_offset_inside_a_character_or_outside_the_text_is_refused(unit: int) -> None:
    """1 is the middle of an emoji."""
    with pytest.raises(ValueError, match=r"outside the text|unexpected end"):
        Marked(marked("😀", rtl=False), rtl=False).points(unit, 2)


@pytest.mark.parametrize("shown", [None, "text", {}, {"text": 1}, {"text": "%"}, {"text": "MQ=="}])
def test_what_is_no_hidden_text_is_refused(shown: object) -> None:
    """Also a number in the place of a text."""
    with pytest.raises(ValueError, match=r"hidden|base64|[Bb]inary|characters"):
        read_hidden(shown)
