"""Versions by content: the digest changes with everything an annotator sees, and with nothing else."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from guideline_folder import BASE, BASE_TEXT, CANADA, FILES, FRENCH, replaced, write_folder
from hypothesis import given, settings
from hypothesis import strategies as st

from guidelines import load
from guidelines.versions import DIGITS

B, BT = "base/taste.yaml", "base/taste.md"
F, C = "locales/fr/taste.yaml", "locales/fr-CA/taste.yaml"


def _digest(files: dict[str, str], locale: str = "fr-CA") -> str:
    with TemporaryDirectory() as folder:
        return load(write_folder(Path(folder), files)).guideline("taste", locale).version.digest


def _shuffled(value: Any, draw: st.DrawFn) -> Any:
    """The same YAML value with the keys of every mapping in another order; lists keep theirs."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: _shuffled(value[key], draw) for key in keys}
    return [_shuffled(each, draw) for each in value] if isinstance(value, list) else value


@st.composite
def _reordered(draw: st.DrawFn, text: str) -> str:
    value = _shuffled(yaml.safe_load(text), draw)
    return yaml.safe_dump(value, default_flow_style=draw(st.booleans()), allow_unicode=True)


BEFORE = _digest({})

# Each example loads a folder; the deadline is off because a busy machine takes its time for that.
_FEW = settings(max_examples=25, deadline=None)


@_FEW
@given(base=_reordered(BASE), french=_reordered(FRENCH.replace("2026-11-20", '"2026-11-20"')))
def test_key_order_does_not_matter(base: str, french: str) -> None:
    """Fields in another order, in block or in flow style, are the same guideline."""
    assert _digest({B: base, F: french}) == BEFORE


@_FEW
@given(line=st.integers(0, BASE.count("\n")), comment=st.text("abc #:-ä", max_size=10))
def test_comments_do_not_matter(line: int, comment: str) -> None:
    """A comment or a blank line anywhere in the YAML leaves the digest as it is."""
    lines = BASE.split("\n")
    assert _digest({B: "\n".join([*lines[:line], f"# {comment}", "", *lines[line:]])}) == BEFORE


_CHANGES = {
    "a base code": (B, "code: tie", "code: same"),
    "a number": (B, "minimum: 1", "minimum: 0"),
    "a weight": (B, "weight: 5", "weight: 6"),
    "a hotkey": (B, 'hotkey: "9"', 'hotkey: "7"'),
    "whether it is required": (B, "required: false", "required: true"),
    "the scale": (B, "scale: nominal", "scale: ordinal"),
    "the base text": (BT, "what people like", "what people love"),
    "a word of the language": (F, "A est meilleure", "A est mieux"),
    "a hint of the language": (F, "Ordre des mots", "L'ordre des mots"),
    "a severity of the language": (F, "Majeure", "Grave"),
    "a word of the locale": (C, "Fluidité", "Aisance"),
    "a rule of the language": ("locales/fr/taste.md", "Vouvoyez.", "Tutoyez."),
    "a rule of the locale": ("locales/fr-CA/taste.md", "Tutoyez.", "Vouvoyez."),
    "a rule for all workflows": ("locales/fr-CA/locale.md", "14 h 30", "14:30"),
    "an example of the base": ("base/taste.examples.yaml", "A pinch.", "Two pinches."),
    "the reason of an example": ("base/taste.examples.yaml", "too much", "far too much"),
    "an answer of an example": ("locales/fr-CA/examples.yaml", "overall: a_much", "overall: b_much"),
    "a term": ("base/terms.yaml", "examples: Worked examples", "examples: Examples"),
    "what is replaced": ("locales/fr/taste.md", "replaces: [numbers]\n", ""),
}


@pytest.mark.parametrize("name", _CHANGES)
def test_change_is_a_new_digest(name: str) -> None:
    """Any text, code, number or weight that reaches the annotator is part of the digest."""
    file, old, new = _CHANGES[name]
    files = {file: replaced(FILES[file], old, new)}
    if name == "a base code":
        files[F] = replaced(FRENCH, "tie: Pareil", "same: Pareil")
    assert _digest(files) != BEFORE


@_FEW
@given(title=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z", "Cn", "Co"]), min_size=1))
def test_any_other_title_is_a_new_digest(title: str) -> None:
    """Two titles give the same digest only if they are the same, in any script."""
    files = {C: yaml.safe_dump({**yaml.safe_load(CANADA), "title": title}, allow_unicode=True)}
    assert (_digest(files) == BEFORE) == (title == "Test de goût")


def test_hidden_words_do_not_matter() -> None:
    """A text of the language that the locale overrides is not seen there, so it changes nothing there."""
    assert _digest({F: replaced(FRENCH, "title: Aisance", "title: Facilité")}) == BEFORE
    assert _digest({F: replaced(FRENCH, "title: Aisance", "title: Facilité")}, "fr") != _digest({}, "fr")


def test_version_numbers_stand_beside_the_digest(tmp_path: Path) -> None:
    """Raising a version alone changes what is printed before the @ and not what comes after it."""
    raised = load(write_folder(tmp_path, {C: replaced(CANADA, '"3"', '"4"')})).guideline("taste", "fr-CA").version
    assert (raised.overlay, raised.digest) == ("4.2 fr 2", BEFORE)


def test_form_of_a_version(tmp_path: Path) -> None:
    """Workflow, base version, locale, overlay version, and twelve hex digits."""
    version = load(write_folder(tmp_path)).guideline("taste", "fr-CA").version
    assert str(version) == f"taste 1.1 / fr-CA 3.2 fr 2 @{BEFORE}"
    assert len(BEFORE) == DIGITS
    assert int(BEFORE, 16) >= 0


def test_line_ends_do_not_matter(tmp_path: Path) -> None:
    """The same text saved on Windows is the same guideline."""
    root = write_folder(tmp_path)
    (root / BT).write_bytes(BASE_TEXT.replace("\n", "\r\n").encode())
    assert load(root).guideline("taste", "fr-CA").version.digest == BEFORE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hotkey: s}", "hotkey: s, weights: {minor: 0.1}}"),
        ("    title: Errors\n", "    title: Errors\n    repeated_errors: once\n"),
    ],
)
def test_how_errors_are_counted_matters(old: str, new: str) -> None:
    """A category's own penalty, and counting repeated errors once, are part of what the version stands for."""
    assert _digest({B: replaced(BASE, old, new)}) != BEFORE


def test_counting_each_error_is_the_rule() -> None:
    """Saying what holds anyway is the same guideline as saying nothing."""
    said = replaced(BASE, "    title: Errors\n", "    title: Errors\n    repeated_errors: each\n")
    assert _digest({B: said}) == BEFORE


def test_a_category_may_have_a_penalty_of_its_own(tmp_path: Path) -> None:
    """`weights` of a category win over the severity's weight, for the severities they name."""
    base = replaced(BASE, "hotkey: s}", "hotkey: s, weights: {minor: 0.1}}")
    question = load(write_folder(tmp_path, {B: base})).workflows["taste"].question("errors")
    pairs = [(category, severity) for category in ("grammar", "spelling") for severity in ("minor", "major")]
    assert [question.weight(*pair) for pair in pairs] == [1.0, 5.0, 0.1, 5.0]
