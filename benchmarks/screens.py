"""How often the screens for language, profanity and personal data are right, on ordinary and on planted texts.

    python benchmarks/screens.py [language] [profanity] [pii] [--data ../shared/data]

Prints Markdown tables. The folder has `screening/` with the sets that benchmarks/README.md names.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from pii_examples import EVERYWHERE, ZEROS, national_ids, phones
from statsmodels.stats.proportion import proportion_confint

import guidelines
from ml_backend.own_labels.figures import auc
from ml_backend.screens.language import LanguageScreen
from ml_backend.screens.model import Outcome, Screen, Text
from ml_backend.screens.pii import PiiScreen
from ml_backend.screens.pii.national_ids import ids_of
from ml_backend.screens.profanity import ProfanityScreen

TAGS = {"tl": "fil", "zh": "zh-Hans"}
# What the screen says that it does not tell apart.
ALIKE = ({"nb", "da", "sv"},)
OTHERS = 6  # languages that each sentence is declared to be in
PAIRS = (
    ("es", "en"),
    ("fil", "en"),
    ("de", "en"),
    ("en", "es"),
    ("sw", "en"),
    ("hi", "en"),
    ("ja", "en"),
    ("uk", "ru"),
)
INSTRUCTIONS = {
    "en": "Translate the following text into French: ",
    "de": "Übersetze bitte den folgenden Text: ",
    "es": "Traduce el siguiente texto al inglés: ",
    "fr": "Traduisez ce texte en anglais : ",
    "it": "Traduci in inglese: ",
    "nl": "Vertaal naar het Engels: ",
    "pl": "Przetłumacz na angielski: ",
    "pt": "Traduza para o inglês: ",
    "tr": "İngilizceye çevir: ",
    "id": "Terjemahkan ke bahasa Inggris: ",
}
PLANTED = 100  # examples a kind and locale
# What stands before and after an example; in scripts without spaces nothing may stand there.
AROUND = ((" ", " "), (": ", ". "), (" (", ")"), (" „", "“, "), ("：", "。"), ("\n", "\n"))

Sentences = dict[str, list[str]]


def main() -> None:
    """Run the parts that are named, or all."""
    parts = {"language": language, "profanity": profanity, "pii": pii}
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(parts)}; all if none is named")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with screening/")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(parts):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    for part in arguments.parts or parts:
        parts[part](arguments.data / "screening")


def sentences(folder: Path) -> Sentences:
    """Ordinary sentences by language."""
    frame = pd.read_parquet(folder / "sentences_34_languages.parquet")
    return {TAGS.get(str(name), str(name)): list(group.text) for name, group in frame.groupby("language")}


def screened(screen: Screen, texts: Iterable[str], locale: str) -> list[Outcome]:
    """What a screen says of texts in this locale."""
    return screen.screen([Text("benchmark/text", text, locale) for text in texts], math.inf)


def share(part: int, whole: int) -> str:
    """A share with its 95 % interval (Wilson)."""
    low, high = proportion_confint(part, whole, method="wilson") if whole else (0.0, 1.0)
    return f"{part / max(whole, 1):.2%} ({low:.2%} to {high:.2%}; {part} of {whole})"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    for row in (head, ["---"] + ["---:"] * (len(head) - 1), *rows):
        print("|", " | ".join(map(str, row)), "|")
    print()


def speed(screen: Screen, texts: Sentences) -> str:
    """How many sentences it screens in a second of one processor."""
    started = time.process_time()
    number = sum(len(screened(screen, some, tag)) for tag, some in texts.items())
    return f"{number / (time.process_time() - started):,.0f} texts per second of one processor\n"


def language(folder: Path) -> None:
    """Sentences in their own language, declared in others, cut short, and mixed."""
    texts, screen, draw = sentences(folder), LanguageScreen(), random.Random(1)  # noqa: S311 - a seeded draw
    counts = {tag: language_counts(screen, tag, texts, draw) for tag in texts}
    head = ("language", "false alarms", "left to people", "found", "left to people (other language)")
    table(head, ([tag, *language_row(each)] for tag, each in counts.items()))
    total = sum(counts.values(), Counter())
    print(f"False alarms {share(total['false'], total['own'])}; found {share(total['found'], total['other'])}")
    print(f"Left to people: own {share(total['own left'], total['own'] + total['own left'])}\n")
    table(("cut to", "false alarms", "found", "left to people"), map(short(screen, texts, draw), (80, 45, 30)))
    table(("own", "other", "form", "flagged", "left to people"), mixed(screen, texts, draw))
    print(translations(screen, texts, draw))
    table(("texts", "declared", "flagged", "left to people"), chinese(screen))
    print(speed(screen, texts))


def language_counts(
    screen: Screen, tag: str, texts: Sentences, draw: random.Random, longest: int | None = None
) -> Counter[str]:
    """How often the sentences of a language are flagged as its own, and as those of others."""
    own = screened(screen, (cut(text, longest) for text in texts[tag]), tag)
    strange = [other for other in texts if other != tag and not any({tag, other} <= group for group in ALIKE)]
    other = [
        outcome
        for text in texts[tag]
        for declared in draw.sample(strange, OTHERS)
        for outcome in screened(screen, [cut(text, longest)], declared)
    ]
    return Counter(
        {
            "own": sum(each.status == "screened" for each in own),
            "own left": sum(each.status == "unscreened" for each in own),
            "false": sum(each.kind is not None for each in own),
            "other": sum(each.status == "screened" for each in other),
            "other left": sum(each.status == "unscreened" for each in other),
            "found": sum(each.kind is not None for each in other),
        }
    )


def cut(text: str, longest: int | None) -> str:
    """The end of a text: the beginning of many a sentence in the set is English boilerplate."""
    return text if longest is None else text[-longest:]


def language_row(counts: Counter[str]) -> Iterator[str]:
    """False alarms, found, and what was left to people of each, in per cent."""
    yield f"{counts['false'] / counts['own']:.1%}"
    yield f"{counts['own left'] / (counts['own'] + counts['own left']):.1%}"
    yield f"{counts['found'] / counts['other']:.1%}"
    yield f"{counts['other left'] / (counts['other'] + counts['other left']):.1%}"


def short(screen: Screen, texts: Sentences, draw: random.Random) -> Callable[[int], list[str]]:
    """The same with only so many characters of each sentence, all languages together."""

    def row(longest: int) -> list[str]:
        counts = sum((language_counts(screen, tag, texts, draw, longest) for tag in texts), Counter())
        left = counts["own left"] / (counts["own"] + counts["own left"])
        found = counts["found"] / counts["other"]
        return [f"{longest} characters", f"{counts['false'] / counts['own']:.2%}", f"{found:.2%}", f"{left:.1%}"]

    return row


def mixed(screen: Screen, texts: Sentences, draw: random.Random) -> Iterator[list[object]]:
    """A sentence of one language with one of another: behind it, and mixed five words at a time."""
    for own, other in PAIRS:
        pairs = [(draw.choice(texts[own]), draw.choice(texts[other])) for _ in range(300)]
        for form, join in (("one after the other", " ".join), ("five words at a time", alternate)):
            outcomes = screened(screen, map(join, pairs), own)
            flagged = sum(each.kind is not None for each in outcomes) / len(outcomes)
            left = sum(each.status == "unscreened" for each in outcomes) / len(outcomes)
            yield [own, other, form, f"{flagged:.1%}", f"{left:.1%}"]


def translations(screen: Screen, texts: Sentences, draw: random.Random) -> str:
    """Instructions to translate a quoted sentence of another language, a hundred in each of ten languages."""
    outcomes = [
        outcome
        for own, instruction in INSTRUCTIONS.items()
        for other in draw.choices([each for each in INSTRUCTIONS if each != own], k=100)
        for outcome in screened(screen, [f'{instruction}"{draw.choice(texts[other])}"'], own)
    ]
    left = sum(each.status == "unscreened" for each in outcomes)
    flagged = share(sum(each.kind is not None for each in outcomes), len(outcomes))
    return f"Instructions to translate: flagged {flagged}; left to people {share(left, len(outcomes))}\n"


def alternate(pair: tuple[str, str]) -> str:
    """Five words of the one, five of the other, until both are used up."""
    left, right = (each.split() for each in pair)
    pieces = (left[at : at + 5] + right[at : at + 5] for at in range(0, max(len(left), len(right)), 5))
    return " ".join(word for piece in pieces for word in piece)


def chinese(screen: Screen) -> Iterator[list[object]]:
    """Lines of Concord's own guidelines in both forms of Chinese, declared as either."""
    for written in ("zh-Hans", "zh-Hant"):
        folder = Path(guidelines.__file__).parent / "locales" / written
        lines = [line for path in sorted(folder.glob("*.md")) for line in path.read_text("utf-8").splitlines()]
        lines = [line for line in lines if len(re.findall(r"[\u4e00-\u9fff]", line)) >= 12]
        for declared in ("zh-CN", "zh-TW"):
            outcomes = screened(screen, lines, declared)
            flagged = sum(each.kind is not None for each in outcomes)
            yield [written, declared, share(flagged, len(lines)), sum(each.status == "unscreened" for each in outcomes)]


def profanity(folder: Path) -> None:
    """Ordinary sentences, and three sets with offensive posts."""
    screen = ProfanityScreen()
    flagged = {
        tag: (sum(each.kind is not None for each in screened(screen, texts, tag)), len(texts))
        for tag, texts in sentences(folder).items()
    }
    table(
        ("language", "ordinary sentences flagged"),
        ([tag, f"{part / whole:.2%}"] for tag, (part, whole) in flagged.items()),
    )
    print(f"All: {share(sum(part for part, _ in flagged.values()), sum(whole for _, whole in flagged.values()))}\n")
    table(("set", "AUC", "precision", "offensive found", "others flagged"), profanity_sets(folder, screen))
    print(speed(screen, sentences(folder)))


def profanity_sets(folder: Path, screen: Screen) -> Iterator[list[object]]:
    """AUC, precision and both rates, by set."""
    sets = (
        ("davidson_en", "en", "text", "label", {"hate", "offensive"}),
        ("germeval2018_de", "de", "text", "label", {"OFFENSE"}),
        ("kocohub_ko", "ko", "comments", "hate", {"hate", "offensive"}),
        ("xstest_en", "en", "prompt", "label", {"unsafe"}),
    )
    for name, tag, text, label, offensive in sets:
        frame = pd.read_parquet(folder / f"{name}.parquet")
        harmful = frame[label].isin(offensive).to_numpy(bool)
        scores = np.array([each.score for each in screened(screen, frame[text], tag)])
        hits = scores > 0
        precision = share(int((hits & harmful).sum()), int(hits.sum()))
        found = share(int((hits & harmful).sum()), int(harmful.sum()))
        yield [name, auc(scores, harmful), precision, found, share(int((hits & ~harmful).sum()), int((~harmful).sum()))]


def pii(folder: Path) -> None:
    """Ordinary sentences in each locale of Concord, and planted examples."""
    texts, screen, draw = sentences(folder), PiiScreen(), random.Random(1)  # noqa: S311 - a seeded draw
    locales = [tag for tag in guidelines.load().locales if re.search(r"-[A-Z]{2}$", tag)]
    kinds = ("phone", "national_id", *EVERYWHERE)
    rows = {locale: pii_row(screen, locale, texts[of_language(locale)], kinds, draw) for locale in locales}
    table(("locale", "sentences flagged", *kinds), ([locale, *row] for locale, row in rows.items()))
    flagged = Counter(
        str(each.kind) for tag, some in texts.items() for each in screened(screen, some, tag) if each.kind is not None
    )
    print(f"Sentences flagged: {share(flagged.total(), sum(map(len, texts.values())))}: {dict(flagged)}")
    print(speed(screen, texts))
    table(("written otherwise", "found"), unusual(screen, locales, texts, draw))


def of_language(locale: str) -> str:
    """The name of a locale's sentences."""
    language = locale.split("-", maxsplit=1)[0]
    return TAGS.get(language, language)


def pii_row(screen: Screen, locale: str, texts: list[str], kinds: Sequence[str], draw: random.Random) -> Iterator[str]:
    """The share of ordinary sentences that are flagged, and of planted examples that are found whole, by kind."""
    yield f"{sum(each.kind is not None for each in screened(screen, texts, locale)) / len(texts):.2%}"
    region = region_of(locale)
    for kind in kinds:
        if kind == "national_id" and not ids_of(region):
            yield "–"
        else:
            yield f"{planted(screen, locale, kind, examples(kind, region, draw), texts, draw):.0%}"


def unusual(screen: Screen, locales: list[str], texts: Sentences, draw: random.Random) -> Iterator[list[str]]:
    """The same examples as some people write them, over all locales."""
    ways: tuple[tuple[str, str, Callable[[str], str]], ...] = (
        ("telephone number with dots", "phone", lambda text: re.sub(r"[ -]", ".", text)),
        ("telephone number, digit by digit", "phone", " ".join),
        ("e-mail address with (at)", "email", lambda text: text.replace("@", " (at) ")),
        ("card number, digit by digit", "card", lambda text: " ".join(re.sub(r"\D", "", text))),
        ("account number in small letters", "iban", str.lower),
        ("national number without separators", "national_id", lambda text: re.sub(r"[ ./-]", "", text)),
    )
    for name, kind, way in ways:
        some = [each for each in locales if kind != "national_id" or ids_of(region_of(each))]
        rates = [
            planted(screen, each, kind, map(way, examples(kind, region_of(each), draw)), texts[of_language(each)], draw)
            for each in some
        ]
        yield [name, f"{sum(rates) / len(rates):.0%}"]


def region_of(locale: str) -> str:
    """The region of a locale."""
    return locale.rsplit("-", maxsplit=1)[-1]


def examples(kind: str, region: str, draw: random.Random) -> Iterator[str]:
    """Valid examples of a kind, for ever."""
    if kind == "phone":
        return phones(draw, region)
    if kind == "national_id":
        return national_ids(draw, region)
    return iter(lambda: EVERYWHERE[kind](draw), "")


def planted(
    screen: Screen, locale: str, kind: str, found: Iterator[str], texts: list[str], draw: random.Random
) -> float:
    """The share of examples that are found to their last character between two sentences, set off as in `AROUND`."""
    zero = ZEROS.get(of_language(locale)) if kind in {"phone", "card", "national_id"} else None
    around = [draw.choice(AROUND) for _ in range(PLANTED)]
    before = [draw.choice(texts) + opening for opening, _ in around]
    middle = [own_digits(each, zero, draw) for each in islice(found, PLANTED)]
    after = [closing + draw.choice(texts) for _, closing in around]
    outcomes = screened(screen, map("".join, zip(before, middle, after, strict=True)), locale)
    hits = [covered(*each) for each in zip(outcomes, map(len, before), middle, strict=True)]
    return sum(hits) / len(hits)


def own_digits(text: str, zero: str | None, draw: random.Random) -> str:
    """Every other example in the digits of its script."""
    if zero is None or draw.random() < 0.5:
        return text
    return text.translate({ord("0") + digit: ord(zero) + digit for digit in range(10)})


def covered(outcome: Outcome, start: int, text: str) -> bool:
    """Whether a span covers all of it; of an address with a password, the password."""
    secret = re.search(r"(?<=://)[^/]+(?=@)", text)
    first, last = (start + secret.start(), start + secret.end()) if secret else (start, start + len(text))
    return any(span[0] <= first and span[1] >= last for span in outcome.findings.get("spans", []))


if __name__ == "__main__":
    main()
