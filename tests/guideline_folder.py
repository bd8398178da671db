"""A small guideline folder without mistakes, for tests to change."""

from __future__ import annotations

from pathlib import Path

from guidelines.folder import PACKAGED

BASE = """\
workflow: taste
version: "1.1"
title: Taste test
summary: Say which is better and mark what is wrong.
responses: 2
headline: overall
texts:
  prompt: Prompt
  response_a: Response A
  response_b: Response B
questions:
  - id: overall
    kind: preference
    scale: ordinal
    title: Overall
    hint: Which one?
    choices:
      - {code: a_much, number: -1, title: A is better, hotkey: "1"}
      - {code: tie, number: 0, title: Same, hotkey: "2"}
      - {code: b_much, number: 1, title: B is better, hotkey: "3"}
  - id: errors
    kind: error_spans
    scale: nominal
    target: response
    required: false
    title: Errors
    choices:
      - {code: grammar, title: Grammar, hint: Word order, hotkey: g}
      - {code: spelling, title: Spelling, hotkey: s}
    severities:
      - {code: minor, weight: 1, title: Minor, hotkey: "8"}
      - {code: major, weight: 5, title: Major, hotkey: "9"}
  - id: fluency
    kind: rating
    scale: ordinal
    minimum: 1
    maximum: 5
    title: Fluency
"""

BASE_TEXT = """\
---
workflow: taste
version: "1.1"
---

## Purpose {#purpose}

To learn what people like.

## Numbers {#numbers}

Write 1,234.5.
"""

BASE_EXAMPLES = """\
workflow: taste
version: "1.1"
examples:
  - id: soup
    title: A spoonful of *salt*
    prompt: How much salt?
    responses: ["A pinch.", "A spoon.\\n1. Stir."]
    answers: {overall: a_much, fluency: "4"}
    why: A spoonful is **too much**.
"""

# As many as a base must have.
EIGHT_EXAMPLES = BASE_EXAMPLES + "".join(
    BASE_EXAMPLES[BASE_EXAMPLES.index("  - id:") :].replace("soup", f"soup-{number}") for number in range(7)
)

FRENCH = """\
workflow: taste
locale: fr
version: "2"
status: signed-off
signed_by: Marie
signed_on: 2026-11-20
title: Test de goût
summary: Dites laquelle est la meilleure.
texts: {prompt: Requête, response_a: Réponse A, response_b: Réponse B}
questions:
  overall:
    title: Ensemble
    hint: Laquelle ?
    choices: {a_much: A est meilleure, tie: Pareil, b_much: B est meilleure}
  errors:
    title: Erreurs
    choices:
      grammar: {title: Grammaire, hint: Ordre des mots}
      spelling: Orthographe
    severities: {minor: Mineure, major: Majeure}
  fluency:
    title: Aisance
signed_content: 6461b8d49677
"""

FRENCH_TEXT = """\
---
workflow: taste
locale: fr
based_on: "1.1"
replaces: [numbers]
---

## Nombres {#numbers}

Écrivez 1 234,5.

## Tutoiement {#address}

Vouvoyez.
"""

CANADA = """\
workflow: taste
locale: fr-CA
version: "3"
status: draft
questions:
  fluency:
    title: Fluidité
"""

CANADA_TEXT = """\
---
workflow: taste
locale: fr-CA
based_on: "1.1"
---

## Au Canada {#address}

Tutoyez.
"""

CANADA_RULES = """\
---
locale: fr-CA
version: "2"
status: draft
---

## Heures {#dates-times}

Écrivez 14 h 30.
"""

CANADA_EXAMPLES = """\
locale: fr-CA
version: "1"
status: draft
examples:
  - id: poutine
    workflow: taste
    title: La poutine
    prompt: Que mettre dans la poutine ?
    responses: ["Du fromage en grains.", "Du gruyère."]
    answers: {overall: a_much, fluency: "5"}
    why: La poutine ne se fait pas au gruyère.
"""

FILES = {
    "base/terms.yaml": (PACKAGED / "base" / "terms.yaml").read_text(encoding="utf-8"),
    "base/taste.yaml": BASE,
    "base/taste.examples.yaml": BASE_EXAMPLES,
    "base/taste.md": BASE_TEXT,
    "locales/fr/taste.yaml": FRENCH,
    "locales/fr/taste.md": FRENCH_TEXT,
    "locales/fr-CA/taste.yaml": CANADA,
    "locales/fr-CA/taste.md": CANADA_TEXT,
    "locales/fr-CA/locale.md": CANADA_RULES,
    "locales/fr-CA/examples.yaml": CANADA_EXAMPLES,
}


def write_folder(root: Path, files: dict[str, str] | None = None) -> Path:
    """Write the sample files under `root`, with `files` in place of or beside them."""
    for name, text in {**FILES, **(files or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def replaced(text: str, old: str, new: str) -> str:
    """`text` with its only `old` turned into `new`."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)
