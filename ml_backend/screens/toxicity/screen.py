"""The screen for harm over one provider."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from guidelines.tags import language_of
from ml_backend.screens.model import Outcome, Text, unscreened
from ml_backend.screens.toxicity.model import Provider, Reading, is_probability

LIKELY = 0.5
"""Above this probability the likeliest category is the `kind` of an outcome."""


class ToxicityScreen:
    """A provider under the name `toxicity_<its name in the settings>`: each provider is a screen of its own."""

    prompts_only = False

    def __init__(self, name: str, reader: Provider, languages: Collection[str] | None) -> None:
        self.name = f"toxicity_{name}"
        self._reader = reader
        self._languages = languages

    @property
    def provider(self) -> str:
        """The provider's model and version."""
        return self._reader.version

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        """One outcome per text; the score is the probability of the likeliest harm category.

        `kind` is that category where it is above LIKELY; `categories` has the probability of each. Raises
        MLBackendError.
        """
        flaws = [self._flaw(each) for each in texts]
        sound = [_encodable(each) for each, flaw in zip(texts, flaws, strict=True) if not flaw]
        readings = iter(self._reader.read(sound, deadline) if sound else [])
        return [unscreened(flaw) if flaw else _outcome(next(readings)) for flaw in flaws]

    def trouble(self) -> str | None:
        """Why the provider cannot read now."""
        return self._reader.trouble()

    def _flaw(self, text: Text) -> str | None:
        if not text.text.strip():
            return "there is no text"
        if self._languages is None or (text.locale and language_of(text.locale) in self._languages):
            return None
        return "the provider is not made for this language" if text.locale else "the language is not known"


def _encodable(text: Text) -> Text:
    """The text without lone surrogates, which JSON can carry and no tokenizer or request can; its length stays."""
    return replace(text, text=text.text.encode("utf-8", "replace").decode("utf-8"))


def _outcome(reading: Reading) -> Outcome:
    if reading.reason:
        return unscreened(reading.reason)
    if not reading.categories or not all(map(is_probability, reading.categories.values())):
        return unscreened("the provider gave no probabilities")
    likeliest = max(reading.categories, key=reading.categories.__getitem__)
    score = reading.categories[likeliest]
    categories = {code: round(each, 4) for code, each in reading.categories.items()}
    kind = likeliest if score > LIKELY else None
    return Outcome("screened", round(score, 4), kind, covers=reading.covers, findings={"categories": categories})
