"""What locale leads work with: new locales, drift, status, sign-off, comparison."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from guideline_folder import (
    BASE,
    BASE_EXAMPLES,
    BASE_TEXT,
    CANADA_RULES,
    EIGHT_EXAMPLES,
    FRENCH,
    FRENCH_TEXT,
    replaced,
    write_folder,
)

from guidelines import InvalidGuidelines, UnknownLocale, UnknownWorkflow, check, load
from guidelines.cli import commands
from guidelines.diff import NoSuchRevision
from guidelines.drift import drift
from guidelines.errors import NoSigner
from guidelines.language import wrong_language, wrong_script
from guidelines.status import matrix

GERMAN = (
    "Markieren Sie jeden Sprachfehler in der Antwort, geben Sie an, wie schwer er wiegt, und beurteilen Sie dann das "
    "Ganze. Lesen Sie die Anfrage und beide Antworten. Entscheiden Sie danach, welche Antwort der Person mehr nützt. "
) * 3


def _folder(root: Path, files: dict[str, str] | None = None) -> Path:
    """The sample folder with enough examples, so that nothing in it has drifted."""
    return write_folder(root, {"base/taste.examples.yaml": EIGHT_EXAMPLES, **(files or {})})


def _run(root: Path, *arguments: str) -> Result:
    (group,) = commands
    return CliRunner().invoke(group, [*arguments, "--root", str(root)])


def _output(root: Path, *arguments: str) -> str:
    result = _run(root, *arguments)
    assert result.exit_code == 0, result.exception
    return result.output


def test_no_drift(tmp_path: Path) -> None:
    """A good folder has not drifted."""
    assert drift(_folder(tmp_path)) == []


@pytest.mark.parametrize(
    ("file", "text", "line", "said"),
    [
        ("base/taste.examples.yaml", BASE_EXAMPLES, 1, "only 1 worked examples"),
        (
            "locales/fr/taste.yaml",
            replaced(FRENCH, "Dites laquelle est la meilleure.", "Say which is better and mark what is wrong."),
            8,
            "summary is still English",
        ),
        (
            "locales/fr/taste.md",
            FRENCH_TEXT + "\n## But {#purpose}\n\nTo learn what people like.\n",
            16,
            "is still English",
        ),
        ("locales/fr/taste.md", replaced(FRENCH_TEXT, '"1.1"', '"1.0"'), 4, "older than the base"),
        ("locales/fr-CA/locale.md", replaced(CANADA_RULES, "Écrivez", "TODO: how?"), 7, "still to be written"),
        ("locales/fr-CA/locale.md", replaced(CANADA_RULES, "Écrivez 14 h 30.", GERMAN), 1, "but like de"),
        (
            "locales/fr-CA/locale.md",
            replaced(CANADA_RULES, "Écrivez", "Время пишется так образом: "),
            1,
            "script Latn",
        ),
    ],
)
def test_drift(file: str, text: str, line: int, said: str, tmp_path: Path) -> None:
    """Each kind of drift is told once, with file and line, and the locale is still served."""
    other = {"locales/de/locale.md": CANADA_RULES.replace("fr-CA", "de").replace("Écrivez 14 h 30.", GERMAN)}
    (problem,) = drift(_folder(tmp_path, {**other, file: text}))
    assert (problem.file, problem.line) == (file, line)
    assert said in problem.message
    assert load(tmp_path).guideline("taste", "fr-CA")


def test_short_loan_words_are_no_drift(tmp_path: Path) -> None:
    """A title of one or two words may be the same in both languages."""
    assert (
        drift(_folder(tmp_path, {"locales/fr/taste.yaml": replaced(FRENCH, "prompt: Requête", "prompt: Prompt")})) == []
    )


def test_locale_without_examples(tmp_path: Path) -> None:
    """A locale with a region needs examples of its own; a language folder does not."""
    (_folder(tmp_path) / "locales/fr-CA/examples.yaml").unlink()
    assert [problem.message for problem in drift(tmp_path)] == ["there are no examples from fr-CA"]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Mark every error in the response.", "hi-IN"),
        ("请先阅读用户的问题,然后判断这个回答对不对,说明为什么。", "zh-TW"),
        ("請先閱讀使用者的問題,然後判斷這個回答對不對,說明為什麼。", "zh-CN"),
        ("Отметьте каждую ошибку в ответе.", "ja-JP"),
    ],
)
def test_wrong_script(text: str, tag: str) -> None:
    """A text in another script than its locale's is told, the two forms of Chinese apart."""
    assert wrong_script(text, tag)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("請先閱讀使用者的問題,然後判斷這個回答對不對,說明為什麼。", "zh-TW"),
        ("प्रश्न पढ़ें और response में हर गलती पर निशान लगाएँ।", "hi-IN"),
        ("質問を読んで、回答の誤りをすべてマークしてください。", "ja-JP"),
        ("OK", "ja-JP"),
    ],
)
def test_right_script(text: str, tag: str) -> None:
    """A text in its locale's script, with some foreign words, is right; so is one too short to tell."""
    assert wrong_script(text, tag) is None


def test_languages_that_look_alike_are_not_told_apart() -> None:
    """German is told in a French text of some length, and not in a short one."""
    assert wrong_language(GERMAN, "fr-FR", ["de", "es"]) == "de"
    assert wrong_language(GERMAN, "de-AT", ["fr", "es"]) is None
    assert wrong_language(GERMAN[:100], "fr-FR", ["de"]) is None


def test_new_locale_lists_what_is_left(tmp_path: Path) -> None:
    """A new locale's files are read without a mistake of form: check names every text still to be written."""
    _folder(tmp_path)
    written = _output(tmp_path, "new", "sv-SE").splitlines()[:-1]
    assert written == [
        "locales/sv/taste.yaml",
        "locales/sv/terms.yaml",
        "locales/sv/locale.md",
        "locales/sv-SE/locale.md",
        "locales/sv-SE/examples.yaml",
    ]
    left = [*check(tmp_path), *drift(tmp_path)]
    assert {problem.file for problem in left} == set(written)
    assert all(
        any(said in each.message for said in ("not translated", "to be written", "no examples")) for each in left
    )
    with pytest.raises(InvalidGuidelines):
        load(tmp_path).guideline("taste", "sv-SE")


def test_new_locale_once_translated_is_served(tmp_path: Path) -> None:
    """With every TODO filled in nothing is left to do but what was filled in wrongly."""
    _folder(tmp_path)
    _output(tmp_path, "new", "sv-SE")
    for path in (tmp_path / "locales").glob("sv*/*"):
        lines = path.read_text("utf-8").split("\n")
        texts = (line.replace("TODO", f"Svensk text {number}") for number, line in enumerate(lines))
        path.write_text("\n".join(texts), encoding="utf-8")
    terms = {problem.message.split()[2] for problem in check(tmp_path)}
    assert all("{" in load(tmp_path).guideline("taste", "fr").terms[name] for name in terms)


def test_sections_still_to_be_written_are_not_shown(tmp_path: Path) -> None:
    """Annotators never read a question that was meant for their lead; a Spanish TODO is a word like any other."""
    rules = replaced(CANADA_RULES, "Écrivez", "TODO: how?")
    assert (
        "TODO" not in load(_folder(tmp_path / "a", {"locales/fr-CA/locale.md": rules})).guideline("taste", "fr-CA").html
    )
    spoken = replaced(CANADA_RULES, "Écrivez", "TODO es")
    assert (
        "TODO es" in load(_folder(tmp_path / "b", {"locales/fr-CA/locale.md": spoken})).guideline("taste", "fr-CA").html
    )


def test_new_never_overwrites(tmp_path: Path) -> None:
    """What is there stays; for English only rules and examples are written, since the base has the words."""
    _folder(tmp_path)
    assert (
        "0 files written" in _output(tmp_path, "new", "fr")
        or (tmp_path / "locales/fr/taste.yaml").read_text("utf-8") == FRENCH
    )
    assert _output(tmp_path, "new", "en-GB").splitlines()[:-1] == [
        "locales/en/locale.md",
        "locales/en-GB/locale.md",
        "locales/en-GB/examples.yaml",
    ]


def test_status(tmp_path: Path) -> None:
    """A cell is a draft until all files are signed off, stale when one has drifted, missing without any words."""
    _folder(tmp_path)
    (tmp_path / "locales/ja-JP").mkdir()
    assert matrix(tmp_path) == {"fr-CA": {"taste": "draft"}, "ja-JP": {"taste": "missing"}}
    _output(tmp_path, "sign-off", "fr-CA", "--by", "Luc")
    assert matrix(tmp_path)["fr-CA"] == {"taste": "complete"}
    assert json.loads(_output(tmp_path, "status", "--json", "--locale", "fr-CA")) == {"fr-CA": {"taste": "complete"}}
    _folder(tmp_path, {"locales/fr/taste.md": replaced(FRENCH_TEXT, '"1.1"', '"1.0"')})
    assert matrix(tmp_path)["fr-CA"] == {"taste": "stale"}
    _folder(tmp_path, {"locales/fr/taste.yaml": replaced(FRENCH, "overall:", "overal:")})
    assert matrix(tmp_path)["fr-CA"] == {"taste": "wrong"}


def test_status_of_a_locale_that_is_not_there(tmp_path: Path) -> None:
    """A misspelt locale is told, not shown as an empty table."""
    assert isinstance(_run(_folder(tmp_path), "status", "--locale", "fr-AC").exception, UnknownLocale)


def test_folder_that_is_no_locale_has_not_drifted(tmp_path: Path) -> None:
    """A copy of a folder under a name that is no locale is told by `check` as that alone."""
    words = replaced(FRENCH, "locale: fr\n", "locale: fr-copy\n")
    (problem,) = check(_folder(tmp_path, {"locales/fr-copy/taste.yaml": words}))
    assert "is no locale" in problem.message
    assert drift(tmp_path) == []


def test_status_table_fits_a_terminal(tmp_path: Path) -> None:
    """One row a locale, with marks that are explained below."""
    output = _output(_folder(tmp_path), "status")
    assert "fr-CA    d\n" in output
    assert "d    1 draft" in output
    assert max(map(len, output.splitlines())) <= 80


def test_sign_off(tmp_path: Path) -> None:
    """Signing writes name, day and digest into the files, keeps comments, and what is signed already stays as it is."""
    commented = FRENCH_TEXT.replace('based_on: "1.1"', 'based_on: "1.1"  # read again')
    _folder(tmp_path, {"locales/fr/taste.md": commented})
    output = _output(tmp_path, "sign-off", "fr-CA", "taste", "--by", 'Luc "L" Roy', "--on", "2026-11-21")
    assert "locales/fr/taste.md" in output
    assert "locales/fr/taste.yaml" not in output
    assert "# read again" in (tmp_path / "locales/fr/taste.md").read_text("utf-8")
    guideline = load(tmp_path).guideline("taste", "fr-CA")
    assert guideline.status == "signed-off"
    assert {(each.by, each.on) for each in guideline.signed_off} == {
        ('Luc "L" Roy', "2026-11-21"),
        ("Marie", "2026-11-20"),
    }
    path = tmp_path / "locales/fr-CA/taste.yaml"
    path.write_text(path.read_text("utf-8").replace("Fluidité", "Aisance"), encoding="utf-8")
    assert load(tmp_path).guideline("taste", "fr-CA").status == "draft"


def test_sign_off_refuses_what_check_reports(tmp_path: Path) -> None:
    """A file with a problem is not signed, and nothing is written."""
    _folder(tmp_path, {"locales/fr/taste.md": replaced(FRENCH_TEXT, '"1.1"', '"1.0"')})
    before = (tmp_path / "locales/fr-CA/taste.yaml").read_text("utf-8")
    assert isinstance(_run(tmp_path, "sign-off", "fr-CA", "--by", "Luc").exception, InvalidGuidelines)
    assert (tmp_path / "locales/fr-CA/taste.yaml").read_text("utf-8") == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("base/taste.yaml", BASE + "nonsense: 1\n"),
        ("base/taste.md", replaced(BASE_TEXT, " {#numbers}", "")),
        ("locales/fr-CA/taste.yaml", '{"workflow": "taste", "locale": "fr-CA", "version": "3", "status": "draft"}'),
        ("locales/fr-CA/locale.md", replaced(CANADA_RULES, "draft", ">-\n  draft")),
    ],
)
def test_sign_off_of_what_cannot_be_signed(file: str, text: str, tmp_path: Path) -> None:
    """Words for a base with a mistake, and files that no lines can be put into, are left as they are."""
    _folder(tmp_path, {file: text})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert isinstance(_run(tmp_path, "sign-off", "fr-CA", "--by", "Luc").exception, InvalidGuidelines)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_sign_off_by_nobody(tmp_path: Path) -> None:
    """Without a name nothing is signed."""
    assert isinstance(_run(_folder(tmp_path), "sign-off", "fr-CA", "--by", " ").exception, NoSigner)


@pytest.mark.parametrize(
    ("arguments", "error"), [(["xx"], UnknownLocale), (["de-DE"], UnknownLocale), (["fr-CA", "toste"], UnknownWorkflow)]
)
def test_sign_off_of_what_is_not_there(arguments: list[str], error: type[Exception], tmp_path: Path) -> None:
    """An unknown locale or workflow is named."""
    assert isinstance(_run(_folder(tmp_path), "sign-off", *arguments, "--by", "Luc").exception, error)


def test_diff_of_locales(tmp_path: Path) -> None:
    """Two locales are compared text by text and clause by clause; what is the same is left out."""
    output = _output(_folder(tmp_path), "diff", "taste", "fr", "fr-CA")
    assert "questions › fluency › title\n- Aisance\n+ Fluidité\n" in output
    assert "+ Tutoyez." in output
    assert "summary" not in output


def test_diff_against_another_folder(tmp_path: Path) -> None:
    """A weight, a text and a clause that changed since another copy of the folder are shown."""
    changed = {
        "base/taste.yaml": replaced(BASE, "weight: 5", "weight: 10"),
        "base/taste.md": replaced(BASE_TEXT, "To learn what people like.", "To learn more."),
    }
    old, new = _folder(tmp_path / "old"), _folder(tmp_path / "new", changed)
    output = _output(new, "diff", "taste", "fr", "--against", str(old))
    assert "+ minor = 1, major = 10" in output
    assert "clause purpose\n- To learn what people like.\n+ To learn more.\n" in output


def test_diff_since_a_revision(tmp_path: Path) -> None:
    """A guideline is compared with itself at a revision of git; an unknown revision is told."""
    root = _folder(tmp_path / "guidelines")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    _folder(root, {"locales/fr/taste.yaml": FRENCH.replace("Aisance", "Facilité")})
    assert "- Aisance\n+ Facilité\n" in _output(root, "diff", "taste", "fr", "--since", "HEAD")
    assert isinstance(_run(root, "diff", "taste", "fr", "--since", "nowhere").exception, NoSuchRevision)


def test_diff_needs_one_thing_to_compare_with(tmp_path: Path) -> None:
    """Without another locale, folder or revision there is nothing to compare."""
    assert _run(_folder(tmp_path), "diff", "taste", "fr").exit_code == 2
