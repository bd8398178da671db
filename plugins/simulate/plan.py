"""What to simulate: how many people and items, in which locales, answering which workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from guidelines.model import Workflow
from plugins.simulate.people import Population

# The locales a programme is most likely to have, largest first; a plan takes the first N.
LOCALES = (
    "en-US",
    "zh-CN",
    "es-MX",
    "hi-IN",
    "ar-EG",
    "pt-BR",
    "fr-FR",
    "de-DE",
    "ja-JP",
    "ru-RU",
    "id-ID",
    "ko-KR",
    "tr-TR",
    "vi-VN",
    "it-IT",
    "th-TH",
    "pl-PL",
    "uk-UA",
    "bn-BD",
    "ur-PK",
    "fa-IR",
    "es-ES",
    "en-IN",
    "en-GB",
    "nl-NL",
    "ar-SA",
    "ta-IN",
    "fil-PH",
    "zh-TW",
    "ro-RO",
    "el-GR",
    "cs-CZ",
    "hu-HU",
    "sv-SE",
    "he-IL",
    "sw-KE",
    "pt-PT",
    "es-AR",
    "fr-CA",
    "fi-FI",
    "da-DK",
    "nb-NO",
)


@dataclass(frozen=True)
class Plan:
    """A simulated programme; `items` counts per locale, `annotators` over all locales, `weeks` spreads the work.

    Raises ValueError when a locale would have fewer annotators than the overlap needs.
    """

    workflow: Workflow
    locales: tuple[str, ...]
    annotators: int
    items: int
    overlap: int = 3
    weeks: int = 8
    population: Population = field(default_factory=Population)
    start: datetime = datetime(2026, 1, 5, tzinfo=UTC)
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.items, self.overlap, self.weeks) < 1 or not self.locales:
            raise ValueError("a plan has at least one locale, item, rating per item and week")
        if self.annotators < self.overlap * len(self.locales):
            raise ValueError(
                f"{self.overlap} ratings an item in {len(self.locales)} locales need at least "
                f"{self.overlap * len(self.locales)} annotators, not {self.annotators}"
            )

    def people_in(self, locale: str) -> int:
        """Annotators of a locale: an even share, the first locales taking what is left over."""
        share, rest = divmod(self.annotators, len(self.locales))
        return share + (self.locales.index(locale) < rest)
