"""A grammar check of responses, as suggestions for questions in which errors are marked."""

from __future__ import annotations

from ml_backend.helpers.language_tool import LanguageTool
from ml_backend.helpers.model import Asked, Proposal

_SERVER = "LanguageTool"


class GrammarHelper:
    """Marks what a LanguageTool server finds: the value is `marked` or `none`, as such answers are stored."""

    name = "grammar"
    at_once = 2

    def __init__(self, server: LanguageTool) -> None:
        self._server = server

    def propose(self, asked: Asked) -> list[Proposal]:
        """One proposal per target, none with a value where the server does not check the language.

        Raises GrammarFailed.
        """
        language = self._server.language(asked.guideline.locale)
        if language is None:
            reason = f"LanguageTool does not check {asked.guideline.locale}"
            return [Proposal(None, _SERVER, reason) for _ in asked.targets]
        return [self._checked(asked, target, language) for target in asked.targets]

    def _checked(self, asked: Asked, target: str, language: str) -> Proposal:
        response = asked.item.responses[int(target.removeprefix("response_")) - 1]
        marks, version = self._server.check(response.text, language)
        return Proposal("marked" if marks else "none", f"{_SERVER} {version} {language}", marks=tuple(marks))
