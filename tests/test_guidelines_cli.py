"""The `concord guidelines` commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from guideline_folder import BASE_TEXT, EIGHT_EXAMPLES, write_folder

from guidelines import InvalidGuidelines, UnknownLocale
from guidelines.cli import commands

GOOD = {"base/taste.examples.yaml": EIGHT_EXAMPLES}


def _run(*arguments: str, **environment: str) -> Result:
    (group,) = commands
    return CliRunner().invoke(group, arguments, env=environment)


def test_check_without_mistakes(tmp_path: Path) -> None:
    """A good folder exits with 0 and says how many files were read."""
    result = _run("check", "--root", str(write_folder(tmp_path, GOOD)))
    assert (result.exit_code, result.output) == (0, f"10 files in {tmp_path}: no problems\n")


def test_check_with_mistakes(tmp_path: Path) -> None:
    """A folder with mistakes exits with 1, and the error lists each with file and line."""
    text = BASE_TEXT.replace(" {#purpose}", "").replace(" {#numbers}", "")
    result = _run("check", "--root", str(write_folder(tmp_path, {"base/taste.md": text})))
    assert result.exit_code == 1
    assert isinstance(result.exception, InvalidGuidelines)
    assert "base/taste.md:6: " in str(result.exception)
    assert "base/taste.md:10: " in str(result.exception)


def test_folder_from_the_environment(tmp_path: Path) -> None:
    """CONCORD_GUIDELINES names the folder where no --root is given."""
    result = _run("check", CONCORD_GUIDELINES=str(write_folder(tmp_path, GOOD)))
    assert str(tmp_path) in result.output


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """A folder that does not exist is a usage error."""
    result = _run("check", "--root", str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_show(tmp_path: Path) -> None:
    """Showing a guideline prints its version, its words with their codes, and its text with the clause ids."""
    output = _run("show", "taste", "fr-CA", "--root", str(write_folder(tmp_path))).output
    assert output.startswith("taste 1.1 / fr-CA 3.2 fr 2 @")
    assert "(draft, ltr)" in output.splitlines()[0]
    assert "A est meilleure [a_much]" in output
    assert "Grammaire [grammar]: Ordre des mots" in output
    assert "Majeure [major, 5]" in output
    assert "## Tutoiement {#address}" in output


def test_show_html(tmp_path: Path) -> None:
    """With --html it is the guideline as it goes to the labelling tool, and nothing else."""
    output = _run("show", "taste", "fr-CA", "--html", "--root", str(write_folder(tmp_path))).output
    assert output.startswith('<div lang="fr" dir="ltr">\n<h1>Test de goût</h1>')
    assert output.rstrip().endswith("</div>")


@pytest.mark.parametrize("locale", ["de-DE", "qq-QQ"])
def test_show_unknown_locale(locale: str, tmp_path: Path) -> None:
    """An unknown locale ends with the error that names it."""
    result = _run("show", "taste", locale, "--root", str(write_folder(tmp_path)))
    assert result.exit_code == 1
    assert isinstance(result.exception, UnknownLocale)
