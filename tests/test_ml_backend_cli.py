"""`concord screen`: a file of items in, one summary per item out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ml_backend.cli import commands
from ml_backend.errors import InvalidItems, InvalidSetting

EGG = "How long should I boil an egg so that the yolk stays soft?"
ITEMS = [
    {"item": "demo-1", "prompt": EGG, "locale": "en-US", "domain": "cooking"},
    {"item": "demo-2", "prompt": "東京の明日の天気を教えてください。", "locale": "ja-JP"},
    {"item": "demo-3", "prompt": EGG.lower() + " Please!", "locale": "en-GB"},
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONCORD_ML_DATA", str(tmp_path / "ml"))
    return tmp_path / "ml"


def _screen(file: Path) -> Result:
    (command,) = commands
    return CliRunner().invoke(command, [str(file)])


def _write(folder: Path, *lines: object) -> Path:
    file = folder / "items.jsonl"
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return file


def _answers(result: Result) -> list[dict[str, Any]]:
    assert result.exception is None
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.usefixtures("data")
def test_each_item_gets_its_summary(tmp_path: Path) -> None:
    """Items of a file are compared with each other, across locales, and answered in order."""
    one, two, three = _answers(_screen(_write(tmp_path, *ITEMS)))
    assert [each["item"] for each in (one, two, three)] == ["demo-1", "demo-2", "demo-3"]
    assert (one["score"], two["score"]) == (1.0, 1.0)
    near = three["prescreen"]["screens"]["near_duplicate"]
    assert (near["kind"], near["of"], near["of_locale"], near["within_locale"]) == (
        "near",
        "items/demo-1",
        "en-US",
        False,
    )
    assert three["score"] == pytest.approx(1 - near["similarity"])


@pytest.mark.usefixtures("data")
def test_screening_a_file_again_gives_the_same(tmp_path: Path) -> None:
    """A second run does not report every item as a duplicate of itself."""
    file = _write(tmp_path, *ITEMS)
    assert _screen(file).stdout == _screen(file).stdout


@pytest.mark.usefixtures("data")
def test_blank_lines_and_a_byte_order_mark_are_no_problem(tmp_path: Path) -> None:
    """A file that an editor has touched is read."""
    file = tmp_path / "items.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(ITEMS[0]).encode() + b"\r\n\r\n   \n")
    assert len(_answers(_screen(file))) == 1


@pytest.mark.usefixtures("data")
def test_an_empty_file_has_no_answers(tmp_path: Path) -> None:
    """Nothing in, nothing out."""
    assert _answers(_screen(_write(tmp_path))) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "this line is not a JSON object in UTF-8"),
        (b'{"item": "\xff"}', "this line is not a JSON object in UTF-8"),
        (b"[1]", "this line is not a JSON object in UTF-8"),
        (b"[" * 100_000, "this line is not a JSON object in UTF-8"),
        (b'{"prompt": "a"}', "item is not a text"),
        (b'{"item": "b", "prompt": 5}', "prompt is not a text"),
        (b'{"item": "b", "prompt": " "}', "prompt is not a text"),
        (b'{"item": "b", "prompt": "a", "locale": 5}', "locale is not a text"),
        (b'{"item": "demo-1", "prompt": "a"}', "item 'demo-1' is already on line 1"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_a_bad_line_is_named_and_nothing_is_remembered(tmp_path: Path, data: Path, line: bytes, problem: str) -> None:
    """The error gives file, line and problem; no item of the file is screened."""
    file = tmp_path / "items.jsonl"
    file.write_bytes(json.dumps(ITEMS[0]).encode() + b"\n\n" + line + b"\n")
    result = _screen(file)
    assert isinstance(result.exception, InvalidItems)
    assert result.exception.problems == (f"{file}:3: {problem}",)
    assert result.stdout == ""
    assert not data.exists()


@pytest.mark.usefixtures("data")
def test_an_item_name_too_long_to_be_one_is_refused(tmp_path: Path) -> None:
    """A whole text in the wrong field is noticed."""
    result = _screen(_write(tmp_path, {"item": "x" * 400, "prompt": EGG}))
    assert isinstance(result.exception, InvalidItems)
    assert "items.jsonl:1: the item has no usable name" in str(result.exception)


def test_a_wrong_setting_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command reads the same settings as the service."""
    monkeypatch.setenv("CONCORD_MODEL_URL", "nonsense")
    assert isinstance(_screen(_write(tmp_path, *ITEMS)).exception, InvalidSetting)
