"""A LanguageTool server (https://languagetool.org/http-api/): which languages it checks, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx

from ml_backend.errors import GrammarFailed
from plugins.suggestions import Mark

_SECONDS = 60.0  # a server that has just started takes long over the first text of a language


class LanguageTool:
    """A client of the server at `url`, with or without its `/v2`; for several threads.

    `transport` is where tests put a server of their own.
    """

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/').removesuffix('/v2')}/v2", timeout=_SECONDS, transport=transport
        )

    def language(self, locale: str) -> str | None:
        """The server's code for a locale: its own, or that of the language where the server knows no countries of it.

        None for a language that it does not check. Raises GrammarFailed.
        """
        return next((code for code in (locale, locale.split("-", maxsplit=1)[0]) if code in self._languages), None)

    def check(self, text: str, language: str) -> tuple[list[Mark], str]:
        """The errors that the server finds, in the order of the text, and the server's version.

        Raises GrammarFailed.
        """
        said = self._call("POST", "/check", {"language": language, "text": text})
        try:
            found = [_mark(match, text) for match in said["matches"]]
            version = str(said["software"]["version"])
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise GrammarFailed("the LanguageTool server did not answer in its protocol") from error
        return sorted(found, key=lambda mark: (mark.start, mark.end)), version

    @cached_property
    def _languages(self) -> frozenset[str]:
        try:
            return frozenset(str(each["longCode"]) for each in self._call("GET", "/languages", None))
        except (KeyError, TypeError) as error:
            raise GrammarFailed("the LanguageTool server did not list its languages") from error

    def _call(self, method: str, path: str, form: Mapping[str, str] | None) -> Any:
        try:
            answer = self._http.request(method, path, data=form)
        except httpx.TimeoutException as error:
            raise GrammarFailed("the LanguageTool server took too long") from error
        except httpx.HTTPError as error:
            raise GrammarFailed("the LanguageTool server cannot be reached") from error
        if not answer.is_success:
            raise GrammarFailed(f"the LanguageTool server answered {answer.status_code}")
        try:
            return answer.json()
        except ValueError as error:
            raise GrammarFailed("the LanguageTool server did not answer in its protocol") from error


def _mark(match: Mapping[str, Any], text: str) -> Mark:
    start = code_point(text, match["offset"])
    end = code_point(text, match["offset"] + match["length"])
    better = [each["value"] for each in match["replacements"] if each["value"]]
    message = " ".join(match["message"].split())
    if not message or start >= end:
        raise ValueError("a match without a message or a place")
    return Mark(start, end, message, " ".join(better[0].split()) or None if better else None)


def code_point(text: str, unit: int) -> int:
    """An offset in code points for one in UTF-16 units, as Java counts; raises ValueError outside the text.

    >>> code_point("😀 she sit", 3)
    2
    """
    raw = text.encode("utf-16-le")
    if not 0 <= 2 * unit <= len(raw):
        raise ValueError(f"{unit} is outside the text")
    return len(raw[: 2 * unit].decode("utf-16-le"))
