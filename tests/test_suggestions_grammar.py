"""The grammar check: which languages, which places, and what happens when its server does not answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from language_tool_server import LanguageToolServer, checked, language_tool_server

import guidelines
from ml_backend.errors import GrammarFailed
from ml_backend.helpers.grammar import GrammarHelper
from ml_backend.helpers.language_tool import LanguageTool, code_point
from ml_backend.helpers.model import Asked, Proposal
from plugins.items import Item, Response
from plugins.suggestions import Mark

TEXT = "😀😀 The cat sit on the the table."


@pytest.fixture
def server() -> Iterator[LanguageToolServer]:
    """A server that checks."""
    with language_tool_server() as running:
        yield running


def asked(text: str, locale: str = "en-US") -> Asked:
    """A question about the errors in one response."""
    guideline = guidelines.load().guideline("fluency_review", locale)
    item = Item("one", "fluency_review", locale, "Where?", (Response(text, "m"),))
    return Asked(item, guideline, guideline.workflow.question("errors"), ("response_1",))


def test_errors_are_marked_in_code_points(server: LanguageToolServer) -> None:
    """The server counts an emoji as two; the first of its replacements is proposed."""
    marks = (
        Mark(11, 14, "The verb does not agree with “the cat”.", "sits"),
        Mark(18, 25, "This word is repeated.", "the"),
    )
    found = GrammarHelper(LanguageTool(server.url)).propose(asked(TEXT))
    assert found == [Proposal("marked", "LanguageTool 6.5 en-US", marks=marks)]
    assert [TEXT[mark.start : mark.end] for mark in marks] == ["sit", "the the"]
    assert server.asked == [("/v2/check", {"language": "en-US", "text": TEXT})]


def test_a_text_without_errors_is_said_to_have_none(server: LanguageToolServer) -> None:
    """As an annotator's answer is stored who marks nothing."""
    (found,) = GrammarHelper(LanguageTool(server.url)).propose(asked("All is well."))
    assert (found.value, found.marks) == ("none", ())


def test_a_replacement_by_spaces_is_none(server: LanguageToolServer) -> None:
    """There would be nothing to read."""
    (found,) = GrammarHelper(LanguageTool(server.url)).propose(asked("wide"))
    assert found.marks == (Mark(0, 4, "A space is missing somewhere.", None),)


@pytest.mark.parametrize(("locale", "code"), [("de-DE", "de-DE"), ("ar-EG", "ar"), ("en-IN", "en"), ("nb-NO", None)])
def test_a_language_is_the_locales_own_or_the_one_it_belongs_to(
    locale: str, code: str | None, server: LanguageToolServer
) -> None:
    """The provider names what was used: without a country some languages are not checked for spelling."""
    assert LanguageTool(f"{server.url}/v2/").language(locale) == code
    (found,) = GrammarHelper(LanguageTool(server.url)).propose(asked("All is well.", locale))
    known = ("none", f"LanguageTool 6.5 {code}", None)
    unknown = (None, "LanguageTool", "LanguageTool does not check nb-NO")
    assert (found.value, found.provider, found.reason) == (known if code else unknown)


def test_an_error_of_the_server_is_told_without_its_words(server: LanguageToolServer) -> None:
    """Its words may repeat the text."""
    server.behave = lambda handler, said: handler.send(f"Error: {said['text']}", 413)
    with pytest.raises(GrammarFailed, match=r"^the LanguageTool server answered 413$"):
        LanguageTool(server.url).check(TEXT, "en-US")


def test_a_server_that_is_down_is_told() -> None:
    """Nobody listens at the port of a socket that was closed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(GrammarFailed, match="the LanguageTool server cannot be reached"):
        LanguageTool(f"http://127.0.0.1:{port}").language("en-US")


def test_a_server_that_is_slow_is_told() -> None:
    """It has a minute."""

    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    with pytest.raises(GrammarFailed, match="the LanguageTool server took too long"):
        LanguageTool("http://lt", transport=httpx.MockTransport(slow)).check(TEXT, "en-US")


def _garbled(**changes: Any) -> dict[str, Any]:
    answer = checked(TEXT, "en-US")
    answer["matches"][0] |= changes
    return answer


@pytest.mark.parametrize(
    "said",
    [
        "<html>",
        [],
        {},
        {"software": {"version": "6.5"}, "matches": 7},
        _garbled(offset=4000),
        _garbled(offset=1),  # half an emoji
        _garbled(length=0),
        _garbled(length="3"),
        _garbled(message=None),
        _garbled(message=" "),
        _garbled(replacements=[7]),
    ],
    ids=str,
)
def test_garbage_is_a_failure_and_no_suggestion(said: object, server: LanguageToolServer) -> None:
    """A match that lies outside the text marks nothing."""
    server.behave = lambda handler, _: handler.send(said)
    with pytest.raises(GrammarFailed, match="did not answer in its protocol"):
        LanguageTool(server.url).check(TEXT, "en-US")


def test_garbage_for_languages_is_a_failure() -> None:
    """A server of another kind may answer anything."""
    other = httpx.MockTransport(lambda _: httpx.Response(200, json={"languages": []}))
    with pytest.raises(GrammarFailed, match="did not list its languages"):
        LanguageTool("http://lt", transport=other).language("en-US")


def test_an_offset_outside_the_text_is_refused() -> None:
    """Rather than cut at its end."""
    with pytest.raises(ValueError, match="9 is outside the text"):
        code_point("😀", 9)
