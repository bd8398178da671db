"""`concord screen`: a file of items or a programme in, what the screens say out."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import guidelines
from ml_backend.cli import commands
from ml_backend.errors import InvalidItems, InvalidSetting
from ml_backend.near_duplicates import VERSION
from plugins.local.demo import FOLDER as DEMO
from plugins.programme import load

EGG = "How long should I boil an egg so that the yolk stays soft?"
ITEMS = [
    {"item": "demo-1", "prompt": EGG, "locale": "en-US", "domain": "cooking"},
    {"item": "demo-2", "prompt": "東京の明日の天気を教えてください。", "locale": "ja-JP"},
    {"item": "demo-3", "prompt": EGG.lower() + " Please!", "locale": "en-GB"},
]


CANNOT = "this line cannot be read: give one JSON object a line, or as many cells as the header has, in UTF-8"


def _without_domain() -> list[dict[str, str]]:
    return [{name: item[name] for name in ("item", "prompt", "locale")} for item in ITEMS]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONCORD_ML_DATA", str(tmp_path / "ml"))
    return tmp_path / "ml"


def _screen(file: Path, *options: str) -> Result:
    (command,) = commands
    return CliRunner().invoke(command, [str(file), *options])


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
    assert one["domain"] == "cooking"
    assert (one["prescreen"]["novelty"], two["prescreen"]["novelty"]) == (1.0, 1.0)
    near = three["prescreen"]["screens"]["near_duplicate"]
    assert (near["kind"], near["of"], near["of_locale"], near["within_locale"]) == (
        "near",
        "items/demo-1",
        "en-US",
        False,
    )
    assert three["prescreen"]["novelty"] == pytest.approx(1 - near["score"])


@pytest.mark.usefixtures("data")
def test_responses_are_screened_too(tmp_path: Path) -> None:
    """Responses given as texts, as objects or in columns of their own each have their outcomes."""
    texts = ["Sechs Minuten.", "Zehn Minuten."]
    items = [
        {**ITEMS[0], "item": "a", "responses": texts},
        {**ITEMS[0], "item": "b", "responses": [{"text": text, "model": "aurora"} for text in texts]},
        {**ITEMS[0], "item": "c", "response_a": texts[0], "response_b": texts[1]},
    ]
    for answer in _answers(_screen(_write(tmp_path, *items))):
        assert answer["prescreen"]["covers"] == ["item", "a", "b"]
        assert answer["prescreen"]["responses"].keys() == {"a", "b"}


@pytest.mark.usefixtures("data")
def test_a_csv_file_gains_columns(tmp_path: Path) -> None:
    """Every cell comes back as it was, with the scores for the prompt in columns and everything as JSON."""
    file = tmp_path / "items.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as cells:
        writer = csv.DictWriter(cells, ["item", "prompt", "locale", "note"])
        writer.writeheader()
        writer.writerows({**item, "note": 'a "quoted",\ncell'} for item in _without_domain())
    result = _screen(file)
    assert result.exception is None
    rows = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert [(row["item"], row["prompt"], row["note"]) for row in rows] == [
        (item["item"], item["prompt"], 'a "quoted",\ncell') for item in ITEMS
    ]
    assert [row["prescreen_near_duplicate_kind"] for row in rows] == ["", "", "near"]
    assert float(rows[2]["prescreen_novelty"]) == pytest.approx(1 - float(rows[2]["prescreen_near_duplicate"]))
    assert json.loads(rows[2]["prescreen"])["screens"]["near_duplicate"]["of"] == "items/demo-1"


@pytest.mark.usefixtures("data")
def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    """The columns of a Parquet file come back in their types, with typed scores beside them."""
    file, output = tmp_path / "items.parquet", tmp_path / "screened.parquet"
    source = pa.table(
        {
            "item": [item["item"] for item in ITEMS],
            "prompt": [item["prompt"] for item in ITEMS],
            "responses": [["Six minutes."], None, []],
            "number": pa.array([1, None, 3], pa.int16()),
        }
    )
    pq.write_table(source, file)
    assert _screen(file, "--output", str(output)).exception is None
    screened = pq.read_table(output)
    assert screened.select(source.column_names).equals(source)
    assert screened.schema.field("prescreen_near_duplicate").type == pa.float64()
    assert screened.column("prescreen_near_duplicate_kind").to_pylist() == [None, None, "near"]


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(("name", "content"), [("items.xlsx", b"PK"), ("items.parquet", b"PAR0")])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """The error names the file and what it should be."""
    (tmp_path / name).write_bytes(content)
    result = _screen(tmp_path / name)
    assert isinstance(result.exception, InvalidItems)
    assert name in result.exception.message
    assert ".parquet" in result.exception.message or "Parquet" in result.exception.message


@pytest.mark.usefixtures("data")
def test_a_programme_gets_a_file_for_push(tmp_path: Path) -> None:
    """Each text of each item has a row per screen, under names that do not tell the order on the screen."""
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder)
    result = _screen(folder)
    assert result.exception is None, result.output
    rows = [json.loads(line) for line in (folder / "screening.jsonl").read_text("utf-8").splitlines()]
    programme = load(folder, guidelines.load())
    assert {row["item"] for row in rows} == {item.item for item in programme.items}
    preference = [row for row in rows if row["item"] == "preference-en-US-001"]
    assert {row["target"] for row in preference} == {"item", "response_1", "response_2"}
    near = next(row for row in preference if row["screen"] == "near_duplicate")
    assert near["provider"] == VERSION
    assert near["status"] == "screened"
    assert all(row["status"] == "unscreened" and row["reason"] for row in rows if row["screen"] == "toxicity")


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
        (b"{", CANNOT),
        (b'{"item": "\xff"}', CANNOT),
        (b"[1]", CANNOT),
        (b"[" * 100_000, CANNOT),
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
