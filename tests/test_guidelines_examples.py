"""Worked examples: what is wrong with them, and how they are shown."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from guideline_folder import BASE_EXAMPLES, CANADA_EXAMPLES, replaced, write_folder
from hypothesis import given
from hypothesis import strategies as st

import guidelines
from guidelines import check, load
from guidelines.example_text import escaped
from guidelines.render import section_html

EXAMPLES = "locales/fr/examples.yaml"

# A workflow with claims, conditions, marks and a choice of several.
FULL = """\
workflow: full
version: "1.0"
title: Full
summary: All there is.
responses: 1
claims: 2
materials: [work]
headline: verdict
texts: {prompt: Prompt, response_a: Response, claim: Claim, work: Work}
questions:
  - id: errors
    kind: error_spans
    scale: nominal
    target: response
    required: false
    title: Errors
    choices: [{code: grammar, title: Grammar}]
    severities: [{code: minor, weight: 1, title: Minor}]
  - {id: verdict, kind: single_choice, scale: nominal, target: claim, title: Verdict, choices: &c [
      {code: none, title: None}, {code: some, title: Some}]}
  - {id: kinds, kind: multiple_choice, scale: nominal, target: claim, title: Kinds, choices: *c,
     asked_when: {question: verdict, codes: [some]}}
  - {id: why, kind: text, scale: nominal, title: Why}
"""
FULL_TEXT = '---\nworkflow: full\nversion: "1.0"\n---\n## Purpose {#purpose}\n\nTo see.\n'
FULL_EXAMPLES = """\
workflow: full
version: "1.0"
examples:
  - id: one
    title: One
    prompt: P
    responses: ["It run. <b>"]
    claims: [c, d]
    materials: {work: W}
    answers:
      verdict: {claim_1: none, claim_2: some}
      kinds: {claim_2: [some, none]}
    errors:
      - {text: run, category: grammar, severity: minor, correction: runs}
    why: Because.
"""
FILES = {"base/full.yaml": FULL, "base/full.md": FULL_TEXT, "base/full.examples.yaml": FULL_EXAMPLES}

MISTAKES = {
    "unknown question": ("verdict: {", "verdit: {", "has no question 'verdit'"),
    "unknown code": ("claim_1: none", "claim_1: nothing", "'verdict' has no code 'nothing'"),
    "no answer": ("claim_1: none, ", "", "'verdict' is not answered for claim_1"),
    "empty answer": ("[some, none]", "[]", "'kinds' is not answered for claim_2"),
    "answer to nothing": ("claim_2: some}", "claim_2: none}", "'kinds' is not asked after these answers"),
    "wrong target": ("{claim_2: [", "{claim_3: [", "'kinds' is not asked of 'claim_3'"),
    "code for a list": ("[some, none]", "some", "'kinds' takes a list of codes"),
    "mark twice": ("It run.", "It run run.", "'run' stands 2 times in the response"),
    "mark nowhere": ("text: run", "text: ran", "'ran' stands 0 times in the response"),
    "mark of no category": ("category: grammar", "category: style", "'errors' has no category 'style'"),
    "no marks": (
        "    errors:\n      - {text: run, category: grammar, severity: minor, correction: runs}\n",
        "",
        "errors",
    ),
    "too many claims": ("[c, d]", "[c, d, e]", "shows 1 to 2 claims"),
    "no response": ('    responses: ["It run. <b>"]\n', "", "shows 1 responses"),
    "no material": ("    materials: {work: W}\n", "", "the materials of full are: work"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str, tmp_path: Path) -> None:
    """An example that does not fit its workflow is told with its name and what is wrong."""
    old, new, message = MISTAKES[name]
    files = {**FILES, "base/full.examples.yaml": replaced(FULL_EXAMPLES, old, new)}
    problems = check(write_folder(tmp_path, files))
    assert any(message in each.message and each.message.startswith("one: ") for each in problems), problems
    assert {each.file for each in problems} == {"base/full.examples.yaml"}


def test_no_mistake(tmp_path: Path) -> None:
    """The example without mistakes has none, and its answers are stored codes by question and target."""
    root = write_folder(tmp_path, FILES)
    assert check(root) == []
    (example,) = load(root).guideline("full", "fr").examples
    assert example.answers == {
        ("verdict", "claim_1"): "none",
        ("verdict", "claim_2"): "some",
        ("kinds", "claim_2"): "none|some",
    }


def test_same_id_twice(tmp_path: Path) -> None:
    """Examples are cited by their id, so one that is used twice is told."""
    twice = BASE_EXAMPLES + BASE_EXAMPLES.split("examples:\n")[1]
    (problem,) = check(write_folder(tmp_path, {"base/taste.examples.yaml": twice}))
    assert (problem.line, problem.message) == (10, "the example 'soup' stands twice in this file, first on line 4")


def test_example_of_an_unknown_workflow(tmp_path: Path) -> None:
    """A local example names the workflow that it belongs to."""
    text = replaced(CANADA_EXAMPLES, "workflow: taste", "workflow: tast")
    (problem,) = check(write_folder(tmp_path, {"locales/fr-CA/examples.yaml": text}))
    assert (problem.line, problem.fix.split("?")[0]) == (6, "did you mean 'taste'")


def test_examples_are_shown_nearest_first(tmp_path: Path) -> None:
    """Local examples come first, with the titles of questions and answers in the locale's language."""
    guideline = load(write_folder(tmp_path)).guideline("taste", "fr-CA")
    assert [(each.id, each.language) for each in guideline.examples] == [("poutine", "fr-CA"), ("soup", "en")]
    assert "- Ensemble: **A est meilleure**" in guideline.markdown
    assert '<div lang="en" dir="ltr">\n<blockquote>\n<p>A spoon.<br>\n1. Stir.</p>' in guideline.html


def test_enough_examples_of_its_own(tmp_path: Path) -> None:
    """A locale with eight examples for a workflow is not shown the English ones; with seven it is."""
    head, one = CANADA_EXAMPLES.split("examples:\n")

    def languages(count: int) -> set[str]:
        text = f"{head}examples:\n" + "".join(one.replace("id: poutine", f"id: p{n}") for n in range(count))
        root = write_folder(tmp_path / str(count), {"locales/fr-CA/examples.yaml": text})
        return {each.language for each in load(root).guideline("taste", "fr-CA").examples}

    assert (languages(7), languages(8)) == ({"fr-CA", "en"}, {"fr-CA"})


def test_marked_words_are_bold(tmp_path: Path) -> None:
    """The words to be marked are bold in the response, and what looks like HTML there is shown as typed."""
    html = load(write_folder(tmp_path, FILES)).guideline("full", "fr").html
    assert "<p>It <strong>run</strong>. &lt;b&gt;</p>" in html


@given(st.text(st.sampled_from("ab1.)-+=*_`#>|<&[]!\\~ \n:{}"), max_size=30).filter(lambda text: text.strip()))
def test_escaped_text_is_plain(text: str) -> None:
    """Whatever a text holds, escaped it is read by Markdown as itself, in one paragraph a block."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    html = section_html("\n\n".join(map(escaped, lines)), "en", "ltr")
    shown = [each.removesuffix("</p>") for each in html.split("\n") if each.startswith("<p>")]
    assert [unescape(each.removeprefix("<p>")) for each in shown] == lines


def test_packaged_examples_are_plenty() -> None:
    """Every workflow has eight examples or more in the base."""
    library = guidelines.load()
    counts = {name: len(library.guideline(name, "en-US").examples) for name in library.workflows}
    assert min(counts.values()) >= 8, counts
