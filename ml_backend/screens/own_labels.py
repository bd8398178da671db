"""The screen for harm as the programme's own annotators label it, by the heads trained from their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

from ml_backend.own_labels.errors import HeadError
from ml_backend.own_labels.features import FEATURES
from ml_backend.own_labels.labels import LONGEST, head_language
from ml_backend.own_labels.status import read
from ml_backend.own_labels.store import FOLDER, Head, Heads, Version
from ml_backend.own_labels.training import FEWEST
from ml_backend.screens.model import Outcome, Text, unscreened


class OwnLabelsScreen:
    """Over the heads in one data folder; a head published or rolled back by any process counts from the next call."""

    name = FOLDER
    provider = f"{FOLDER}/{FEATURES}"
    prompts_only = False

    def __init__(self, data: Path) -> None:
        self._data = data
        self._lock = Lock()
        self._loaded: dict[tuple[str, str], tuple[frozenset[str], Head | None]] = {}

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        """One outcome per text, by the head of its programme and language, which the outcome names as its provider.

        The score is the probability that the annotators would call the text harmful. Without a head that passed the
        bar a text is unscreened.
        """
        outcomes: list[Outcome | None] = [None] * len(texts)
        for (programme, locale), places in _by_head(texts).items():
            found = self._outcomes(programme, locale, [texts[place].text for place in places])
            for place, outcome in zip(places, found, strict=True):
                outcomes[place] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def trouble(self) -> str | None:
        """That no programme has a head in use, or that one cannot be read."""
        try:
            return None if any(_heads_in_use(self._data)) else "no head is in use yet"
        except HeadError as error:
            return error.message

    def _outcomes(self, programme: str | None, locale: str | None, texts: list[str]) -> list[Outcome]:
        if programme is None or locale is None:
            missing = "programme" if programme is None else "locale"
            return [unscreened(f"the text's {missing} is not known")] * len(texts)
        language = head_language(locale)
        if language is None:
            return [unscreened(f"{locale!r} is no locale")] * len(texts)
        try:
            heads = Heads(self._data, programme)
            head = self._head(heads, language)
        except HeadError as error:
            return [unscreened(error.message)] * len(texts)
        if head is None:
            return [unscreened(_why_not(heads, language))] * len(texts)
        return _screened(head, locale, texts)

    def _head(self, heads: Heads, language: str) -> Head | None:
        place, names = (heads.programme, language), heads.names(language)
        with self._lock:
            known = self._loaded.get(place)
        if known and known[0] == names:
            return known[1]
        head = _load(heads, language)
        with self._lock:
            self._loaded[place] = names, head
        return head


def _heads_in_use(data: Path) -> Iterator[Version | None]:
    folder = data / FOLDER
    for programme in folder.iterdir() if folder.is_dir() else ():
        heads = Heads(data, programme.name)
        yield from (heads.in_use(language) for language in heads.languages())


def _by_head(texts: Sequence[Text]) -> dict[tuple[str | None, str | None], list[int]]:
    """The places of the texts of each programme and locale."""
    places: dict[tuple[str | None, str | None], list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault((text.programme, text.locale), []).append(place)
    return places


def _load(heads: Heads, language: str) -> Head | None:
    version = heads.in_use(language)
    return heads.load(language, version) if version else None


def _screened(head: Head, locale: str, texts: list[str]) -> list[Outcome]:
    findings = {} if locale in head.locales else {"learnt_from": list(head.locales)}
    covers = [None if len(text) <= LONGEST else f"the first {LONGEST} characters" for text in texts]
    return [
        Outcome("screened", score=score, covers=part, provider=head.provider, findings=findings)
        for score, part in zip(head.scores(texts), covers, strict=True)
    ]


def _why_not(heads: Heads, language: str) -> str:
    versions = heads.versions(language)
    if versions and versions[-1].rolled_back:
        return f"no head for {language}: it was rolled back"
    if versions and versions[-1].about["passes"]:
        return f"no head for {language}: the last one was made by another release of Concord"
    if versions:
        auc = versions[-1].about["auc"]
        interval = f"{auc['value']:.2f} ({auc['low']:.2f} to {auc['high']:.2f})"
        return f"no head for {language}: the AUC {interval} does not reach the bar of {versions[-1].about['bar']:.2f}"
    status = read(heads.folder)
    if status.state == "never":
        return f"no head for {language}: no training yet"
    return f"no head for {language}: {status.languages.get(language, {}).get('missing') or f'0 labels of {FEWEST}'}"
