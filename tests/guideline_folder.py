"""A small guideline folder without mistakes, for tests to change."""

from __future__ import annotations

from pathlib import Path

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

FILES = {
    "base/taste.yaml": BASE,
    "base/taste.md": BASE_TEXT,
    "locales/fr/taste.yaml": FRENCH,
    "locales/fr/taste.md": FRENCH_TEXT,
    "locales/fr-CA/taste.yaml": CANADA,
    "locales/fr-CA/taste.md": CANADA_TEXT,
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
