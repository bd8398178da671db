"""Providers that run in this process, over tiny real models on disk."""

from __future__ import annotations

import json
import math
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tiny_models import save_classifier, save_sentence_transformer
from toxicity_samples import EXAMPLES, LABELS, screened

from ml_backend.errors import MLBackendError, ScreenFailed
from ml_backend.local_model import Weights
from ml_backend.screens.model import Text, unscreened
from ml_backend.screens.toxicity import head as heads
from ml_backend.screens.toxicity.classifier import Classifier
from ml_backend.screens.toxicity.embedding_head import Embedder, EmbeddingHead
from ml_backend.screens.toxicity.screen import ToxicityScreen


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("single"), EXAMPLES)


@pytest.fixture(scope="module")
def multi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("multi"), EXAMPLES, multi_label=True)


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sentence_transformer(tmp_path_factory.mktemp("sentences"), [text for text, _ in EXAMPLES])


@pytest.fixture
def head_file(sentences: Path, tmp_path: Path) -> Path:
    """A head on the tiny sentence model, trained on the toy texts."""
    embedder = Embedder(Weights(str(sentences)))
    embeddings = embedder.embed([text for text, _ in EXAMPLES * 5])
    labels = [LABELS.get(label, heads.SAFE) for _, label in EXAMPLES * 5]
    heads.train(embeddings, labels, embedder.version).save(tmp_path / "head.npz")
    return tmp_path / "head.npz"


def _classifier(folder: Path) -> Classifier:
    return Classifier(Weights(str(folder)), LABELS)


@pytest.mark.parametrize("form", ["single", "multi"])
def test_a_classifier_gives_the_probabilities_of_its_labels_as_categories(
    form: str, request: pytest.FixtureRequest
) -> None:
    """Softmax or sigmoid as the model was trained; the score is that of the likeliest category, the kind its name."""
    threat, insult, fine = screened(_classifier(request.getfixturevalue(form)), ["kill them", "filth", "a nice cat"])
    assert (threat.kind, insult.kind, fine.kind) == ("violent_crimes", "hate", None)
    assert threat.score == threat.findings["categories"]["violent_crimes"] > 0.9
    assert fine.score is not None and fine.score < 0.1
    assert set(fine.findings["categories"]) == {"violent_crimes", "hate"}


def test_labels_of_one_category_are_summed_only_where_they_exclude_each_other(single: Path, multi: Path) -> None:
    """With a softmax the two kinds of harm and the rest are 1; with sigmoids each stands for itself."""
    everything = {"threat": "other", "insult": "other", "fine": "other"}
    (summed,) = screened(Classifier(Weights(str(single)), everything), ["kill"])
    (highest,) = screened(Classifier(Weights(str(multi)), everything), ["kill"])
    assert (summed.score, summed.kind) == (1.0, "other")
    assert highest.score is not None and 0.9 < highest.score < 1.0


def test_a_long_text_is_read_in_windows_and_the_worst_counts(single: Path) -> None:
    """A threat far behind the model's own limit is found; beyond what is read, the outcome says what it covers."""
    harmless = "sleep " * 50
    inside, beyond = screened(_classifier(single), [harmless + "i will kill you", harmless * 20 + "i will kill you"])
    assert inside.kind == "violent_crimes"
    assert inside.covers is None
    assert beyond.kind is None
    covered = re.fullmatch(r"the first (\d+) characters", beyond.covers or "")
    assert covered and len(harmless) < int(covered[1]) < len(harmless * 20)


def test_the_provider_names_the_weights(single: Path, multi: Path, sentences: Path, head_file: Path) -> None:
    """Other weights or another head are another provider; a named model has its commit."""
    versions = {Classifier(Weights(str(folder)), LABELS).version for folder in (single, multi)}
    assert len(versions) == 2
    assert all(re.fullmatch(r"classifier (single|multi)0@[0-9a-f]{12}", each) for each in versions)
    assert Classifier(Weights("a/b", "0" * 40), LABELS).version == f"classifier a/b@{'0' * 40}"
    before = EmbeddingHead(Weights(str(sentences)), head_file).version
    assert re.fullmatch(r"embedding head [0-9a-f]{12} on model@[0-9a-f]{12}", before)
    head = heads.load(head_file)
    heads.Head(head.categories, head.weights * 2, head.bias, head.embedder).save(head_file)
    assert EmbeddingHead(Weights(str(sentences)), head_file).version != before


def test_a_head_on_embeddings_tells_the_categories_it_learnt(sentences: Path, head_file: Path) -> None:
    """It is trained on texts with one label each, kept in a file without code, and read back."""
    provider = EmbeddingHead(Weights(str(sentences)), head_file)
    threat, insult, fine = screened(provider, ["we kill", "filth", "the cat will sleep"])
    assert (threat.kind, insult.kind, fine.kind) == ("violent_crimes", "hate", None)
    assert set(fine.findings["categories"]) == {"violent_crimes", "hate"}


@pytest.mark.parametrize(
    ("locale", "reason"),
    [("de-DE", "the provider is not made for this language"), (None, "the language is not known")],
)
def test_a_text_in_another_language_is_not_screened(single: Path, locale: str | None, reason: str) -> None:
    """The model is not asked about what it was not made for."""
    assert screened(_classifier(single), ["kill"], locale=locale) == [unscreened(reason)]


def test_texts_of_any_kind_have_an_outcome_in_their_place(single: Path) -> None:
    """Blank texts, other scripts, lone surrogates, control characters and long words, between texts that are read."""
    odd = ["kill", "", " \n", "你好", "\ud800 kill", "\0", "x" * 30_000, "filth", "🫠" * 5_000]
    outcomes = screened(_classifier(single), odd)
    assert [outcome.status for outcome in outcomes] == ["screened", *["unscreened"] * 2, *["screened"] * 6]
    assert (outcomes[0].kind, outcomes[7].kind) == ("violent_crimes", "hate")
    assert outcomes[6].covers == "the first 20000 characters"


def test_what_is_not_read_by_the_deadline_is_not_screened(single: Path) -> None:
    """No time is left for texts of which a window would still have to be read."""
    provider = _classifier(single)
    screened(provider, ["kill"])
    assert screened(provider, ["kill"] * 3, seconds=-1) == [unscreened("out of time")] * 3


def _spoil(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)


BROKEN = {
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "weights that are none": lambda folder: _spoil(folder, "model.safetensors", b"garbage"),
    "weights cut off": lambda folder: _spoil(
        folder, "model.safetensors", (folder / "model.safetensors").read_bytes()[:900]
    ),
    "a configuration that is not JSON": lambda folder: _spoil(folder, "config.json", b"{"),
    "a configuration of no model": lambda folder: _spoil(folder, "config.json", b'{"model_type": "none"}'),
    "a tokenizer of another kind": lambda folder: _spoil(folder, "tokenizer.json", b'{"model": {"type": "none"}}'),
    "a tokenizer that is none": lambda folder: _spoil(folder, "tokenizer.json", b"{"),
    "an empty folder": lambda folder: [each.unlink() for each in folder.iterdir()],
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_model_that_cannot_be_loaded_fails_in_our_words(
    tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The screen says that it could not run, twice the same without loading again; health says it too."""
    save_classifier(tmp_path, EXAMPLES)
    BROKEN[broken](tmp_path)
    provider = _classifier(tmp_path)
    for _ in range(2):
        with pytest.raises(ScreenFailed) as failed:
            screened(provider, ["kill"])
        assert failed.value.message == provider.trouble() == "the model cannot be loaded"
    assert provider.version.startswith("classifier ")
    assert len([each for each in caplog.records if each.name == "ml_backend.local_model"]) == 1


def test_without_the_extra_the_reason_names_it(single: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Concord can be installed without the libraries that run models."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ScreenFailed, match="the extra `models` is not installed"):
        screened(_classifier(single), ["kill"])


def test_a_missing_folder_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    """Health knows without a call."""
    provider = _classifier(tmp_path / "nowhere")
    assert provider.trouble() == "the model's folder is missing"
    assert provider.version == "classifier nowhere"
    with pytest.raises(ScreenFailed, match="the model cannot be loaded"):
        screened(provider, ["kill"])


def test_labels_that_the_model_does_not_have_are_refused(single: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The reason names neither model nor labels, since annotators may see it; the log names both."""
    provider = Classifier(Weights(str(single)), {"toxic": "hate"})
    with pytest.raises(ScreenFailed, match=r"^the settings name labels that the model does not have$"):
        screened(provider, ["kill"])
    assert "toxic. It has: fine, insult, threat" in caplog.text


def test_a_model_without_its_tokenizer_is_refused(tmp_path: Path) -> None:
    """The library makes up an empty one, to which every word would be the same unknown."""
    save_classifier(tmp_path, EXAMPLES)
    for file in tmp_path.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(ScreenFailed, match="the model's tokenizer is not its own"):
        screened(_classifier(tmp_path), ["kill"])


def test_weights_that_could_carry_code_are_refused(tmp_path: Path) -> None:
    """A folder with a pickle alone is not loaded."""
    import torch
    from transformers import AutoModelForSequenceClassification

    save_classifier(tmp_path, EXAMPLES)
    weights = AutoModelForSequenceClassification.from_pretrained(tmp_path).state_dict()
    torch.save(weights, tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ScreenFailed, match="cannot be loaded"):
        screened(_classifier(tmp_path), ["kill"])


def test_probabilities_that_are_none_are_not_a_score(tmp_path: Path) -> None:
    """A model that computes not-a-number leaves the text unscreened."""
    from safetensors.torch import load_file, save_file

    save_classifier(tmp_path, EXAMPLES)
    weights = {name: each * math.nan for name, each in load_file(tmp_path / "model.safetensors").items()}
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    assert screened(_classifier(tmp_path), ["kill"]) == [unscreened("the provider gave no probabilities")]


def _save_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.ones(3))


HEADS = {
    "missing": (lambda path: path.unlink(), "the head's file is missing"),
    "garbage": (lambda path: path.write_bytes(b"garbage"), "the head's file cannot be read"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:300]), "the head's file cannot be read"),
    "empty": (lambda path: path.write_bytes(b""), "the head's file cannot be read"),
    "a single array": (_save_array, "the head's file cannot be read"),
    "arrays without dimensions": (
        lambda path: np.savez(path, categories="hate", weights=1.0, bias=1.0, embedder="m"),
        "the head's file cannot be read",
    ),
    "a head for unknown categories": (
        lambda path: heads.Head(("rude",), heads.load(path).weights[:1], heads.load(path).bias[:1], "m").save(path),
        "the head's file is not a head",
    ),
    "a head of another shape": (
        lambda path: heads.Head(("hate",), heads.load(path).weights, heads.load(path).bias, "m").save(path),
        "the head's file is not a head",
    ),
    "a head for another model": (
        lambda path: heads.Head(("hate",), heads.load(path).weights[:1], heads.load(path).bias[:1], "m").save(path),
        "the head was trained on another model",
    ),
}


@pytest.mark.parametrize("broken", HEADS)
def test_a_head_that_cannot_be_used_fails_in_our_words(sentences: Path, head_file: Path, broken: str) -> None:
    """A head goes with the model it was trained on, and only with that."""
    spoil, reason = HEADS[broken]
    spoil(head_file)
    provider = EmbeddingHead(Weights(str(sentences)), head_file)
    with pytest.raises(ScreenFailed) as failed:
        screened(provider, ["kill"])
    assert failed.value.message == provider.trouble() == reason


def test_a_pickle_in_a_head_is_not_run(sentences: Path, head_file: Path) -> None:
    """Arrays of objects are refused instead of unpickled."""
    with head_file.open("wb") as file:
        np.savez(
            file, categories=np.array([print], dtype=object), weights=np.ones((1, 1)), bias=np.ones(1), embedder="m"
        )
    with pytest.raises(ScreenFailed, match="cannot be read"):
        screened(EmbeddingHead(Weights(str(sentences)), head_file), ["kill"])


def test_several_threads_share_one_model(single: Path) -> None:
    """Each gets its own answers, and the model is loaded once."""
    provider, found = _classifier(single), dict[int, list[str | None]]()

    def ask(number: int) -> None:
        texts = ["kill", "filth", "a nice cat"][number % 3 :]
        found[number] = [each.kind for each in screened(provider, texts * 10)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = ["violent_crimes", "hate", None]
    assert found == {number: kinds[number % 3 :] * 10 for number in range(6)}


def test_an_outcome_is_plain_json(single: Path) -> None:
    """What goes into predictions and files."""
    (outcome,) = screened(_classifier(single), ["kill"])
    assert json.loads(json.dumps(outcome.to_json())) == outcome.to_json()
    assert set(outcome.to_json()) == {"status", "score", "kind", "categories"}


class _Waiting:
    """A provider that fails."""

    version = "waiting"

    def read(self, texts: object, deadline: float) -> list[object]:
        raise ScreenFailed("out of order")

    def trouble(self) -> str:
        return "out of order"


def test_nothing_is_asked_where_nothing_can_be_read() -> None:
    """A provider that would fail is not reached by blank texts or other languages."""
    screen = ToxicityScreen("x", _Waiting(), ("en",))  # type: ignore[arg-type]
    texts = [Text("p/1", " ", "en"), Text("p/2", "Hallo", "de")]
    assert {outcome.status for outcome in screen.screen(texts, time.monotonic() + 1)} == {"unscreened"}
    assert (screen.name, screen.provider, screen.trouble()) == ("toxicity_x", "waiting", "out of order")
    with pytest.raises(MLBackendError):
        screen.screen([Text("p/1", "hello", "en")], time.monotonic() + 1)
