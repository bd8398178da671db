"""The screen for prompts that were seen before in other words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from guidelines.errors import MalformedLocale, UnknownLocale
from guidelines.tags import language_of, parse_locale
from ml_backend.errors import ScreenFailed
from ml_backend.near_duplicates import Entry, normalise
from ml_backend.screens.model import Outcome, Text, unscreened
from ml_backend.semantic import Answer, Encoder, Read, SemanticIndex, missing

_LOCALES = 1000  # kept in memory
_PACKAGES = ("sentence_transformers", "usearch")


class SemanticDuplicateScreen:
    """Over one model and its index in a folder; each prompt that the model read is remembered."""

    name = "semantic_duplicate"
    prompts_only = True

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._index = SemanticIndex(folder, encoder.digest)

    @property
    def provider(self) -> str:
        """The model's name, with the first digits of the SHA-256 of its weights."""
        return f"{self._encoder.name}@{self._encoder.digest[:12]}"

    def trouble(self) -> str | None:
        """Why the model cannot be used."""
        if any(find_spec(package) is None for package in _PACKAGES):
            return "the extra `models` is not installed"
        return self._encoder.trouble()

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        """One outcome per prompt, compared with the earlier ones of its language.

        The score is .5 at the language's threshold and 1 for the same meaning as far as the model can tell; `kind` is
        paraphrase from the threshold on. `of` and `of_locale` tell of which item, `similarity` (of the vectors),
        `threshold`, `unrelated_p95` and `n` how that was decided. Raises ScreenFailed where the model cannot be used.
        """
        if reason := self.trouble():
            raise ScreenFailed(reason)
        found: dict[int, Outcome] = {}
        by_language: dict[str, list[int]] = {}
        for place, each in enumerate(texts):
            language = _language(each.locale)
            if flaw := self._flaw(each, language):
                found[place] = unscreened(flaw)
            else:
                by_language.setdefault(language, []).append(place)
        for language, places in by_language.items():
            found |= zip(places, self._outcomes(language, [texts[at] for at in places], deadline), strict=True)
        return [found[place] for place in range(len(texts))]

    def _flaw(self, text: Text, language: str) -> str | None:
        if not normalise(text.text):
            return "the prompt has no letters or numbers to compare"
        if not language:
            return "the prompt's locale is not known, and each language has its own threshold"
        read = self._encoder.languages
        if read is not None and language not in read:
            return f"the model is made for {', '.join(sorted(read))} only, as its card says"
        return None

    def _outcomes(self, language: str, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        try:
            reads = self._read(language, texts, deadline)
            done = [each for each, read in zip(texts, reads, strict=True) if read]
            entries = [Entry(each.key, each.text, each.locale) for each in done]
            answers = iter(self._index.check_and_add_many(language, entries, [read for read in reads if read]))
        except ScreenFailed as failure:
            return [unscreened(failure.message) for _ in texts]
        return [_outcome(next(answers), read.whole) if read else unscreened("out of time") for read in reads]

    def _read(self, language: str, texts: Sequence[Text], deadline: float) -> list[Read | None]:
        """Of each text what the model read, now or earlier; None where there was no time."""
        reads = self._index.known(language, [each.text for each in texts])
        new = [place for place, read in enumerate(reads) if read is None]
        if new:
            encoded = self._encoder.encode([texts[place].text for place in new], deadline)
            for place, vector, whole in zip(new, encoded.vectors, encoded.whole, strict=False):
                reads[place] = Read(vector, whole)
        return reads


def _outcome(answer: Answer, whole: bool) -> Outcome:
    calibration, nearest = answer.calibration, answer.nearest
    if calibration is None:
        return unscreened(missing(answer.texts))
    if calibration.refusal:
        return unscreened(calibration.refusal)
    findings: dict[str, Any] = {
        "threshold": calibration.threshold,
        "unrelated_p95": calibration.p95,
        "n": calibration.n,
    }
    covers = None if whole else "the beginning, as much as the model reads"
    if nearest is None:
        return Outcome("screened", 0.0, covers=covers, findings=findings)
    is_found = nearest.similarity >= calibration.threshold
    named = {"of": nearest.of, "of_locale": nearest.locale} if is_found else {}
    findings = {**named, "similarity": nearest.similarity, **findings}
    kind = "paraphrase" if is_found else None
    return Outcome("screened", calibration.score(nearest.similarity), kind, covers=covers, findings=findings)


@lru_cache(_LOCALES)
def _language(locale: str | None) -> str:
    """The language of a tag; empty where it is none."""
    try:
        return language_of(parse_locale(locale or "").tag)
    except (MalformedLocale, UnknownLocale):
        return ""
