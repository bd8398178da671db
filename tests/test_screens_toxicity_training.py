"""`concord screen embedding-head`: from labelled texts to a provider that screens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tiny_models import save_sentence_transformer
from toxicity_samples import EXAMPLES, LABELS, screened

import concord
from ml_backend.local_model import Weights
from ml_backend.screens.toxicity.embedding_head import EmbeddingHead


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sentence_transformer(tmp_path_factory.mktemp("sentences"), [text for text, _ in EXAMPLES])


def _rows(times: int) -> list[dict[str, object]]:
    return [{"text": text, "label": LABELS.get(label, "safe")} for text, label in EXAMPLES * times]


def _train(folder: Path, model: Path, lines: list[str]) -> Result:
    labels = folder / "labels.jsonl"
    labels.write_text("\n".join(lines) + "\n", "utf-8")
    command = ["screen", "embedding-head", str(labels), str(folder / "heads" / "harm.npz"), "--model", str(model)]
    return CliRunner().invoke(concord.main, command)


def test_labelled_texts_become_a_head_that_screens(tmp_path: Path, sentences: Path) -> None:
    """Each category is told with its number of texts and its AUC on texts held out; the head is for this model."""
    result = _train(tmp_path, sentences, [json.dumps(row) for row in _rows(10)])
    assert result.exit_code == 0, result.output
    violent, hate = result.stdout.splitlines()
    assert violent.startswith("violent_crimes: 40 of 130 texts, AUC 1.00 (0.9")
    assert hate.startswith("hate: 30 of 130 texts, AUC 1.00 (0.9")
    provider = EmbeddingHead(Weights(str(sentences)), tmp_path / "heads" / "harm.npz")
    assert [each.kind for each in screened(provider, ["kill", "filth", "a nice cat"])] == [
        "violent_crimes",
        "hate",
        None,
    ]


def test_every_line_that_is_wrong_is_named(tmp_path: Path, sentences: Path) -> None:
    """Nothing is learnt from a file with mistakes."""
    wrong = [
        "{",
        "[]",
        '{"text": "x", "label": ["hate"]}',
        '{"text": " ", "label": "safe"}',
        '{"text": "x"}',
        '{"text": "x", "label": "rude"}',
    ]
    result = _train(tmp_path, sentences, [json.dumps(_rows(1)[0]), *wrong])
    assert result.exit_code == 1
    assert [f"labels.jsonl:{number}:" in result.stderr for number in range(1, 8)] == [False, *[True] * 6]
    assert "there is no label 'rude'" in result.stderr and "choose: safe, violent_crimes" in result.stderr
    assert not (tmp_path / "heads").exists()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (_rows(1), "there are too few texts"),
        (_rows(10)[:1] * 40, "there are no two labels to tell apart"),
        ([row for row in _rows(20) if row["label"] != "safe"], "no text is safe"),
        ([], "there are no two labels to tell apart"),
    ],
    ids=["few", "one label", "nothing safe", "empty"],
)
def test_too_few_texts_are_refused(tmp_path: Path, sentences: Path, rows: list[dict[str, object]], said: str) -> None:
    """The answer says which label lacks them."""
    result = _train(tmp_path, sentences, [json.dumps(row) for row in rows])
    assert (result.exit_code, said in result.stderr) == (1, True)


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Before any text is read by it."""
    result = _train(tmp_path, tmp_path / "nowhere", [json.dumps(row) for row in _rows(10)])
    assert (result.exit_code, "the model's folder is missing" in result.stderr) == (1, True)
