"""Heads: what labels they learn from, when they may be used, and how versions come and go."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from own_labels_texts import votes, write_labels

from ml_backend.own_labels import training
from ml_backend.own_labels.errors import HeadError, HeadUnreadable, InvalidLabels, NoLabels, TrainingRuns, UnknownHead
from ml_backend.own_labels.figures import auc
from ml_backend.own_labels.labels import LONGEST, Label, Vote, head_language, settle, text_key
from ml_backend.own_labels.run import Collected, train_programme
from ml_backend.own_labels.sources import from_file
from ml_backend.own_labels.status import read
from ml_backend.own_labels.store import Heads
from ml_backend.own_labels.training import Trained, too_few, train
from ml_backend.screens.model import Outcome, Text
from ml_backend.screens.own_labels import OwnLabelsScreen

INSULT, PRAISE = (
    "You grobnak, you morvash!",
    "morning music garden river paper coffee letter window house bread winter river",
)


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A head that tells the texts apart."""
    return train(settle(votes(160)).labels)


@pytest.fixture(scope="module")
def hopeless() -> Trained:
    """A head that had nothing to learn."""
    return train(settle(votes(160, clear=0)).labels)


ABOUT = {"made": "2026-11-21T08:00:00+00:00", "votes": 160, "harmful": 80, "harmless": 80, "undecided": 0}


def _publish(heads: Heads, trained: Trained, language: str = "en") -> int:
    locales = {"en-US": {"harmful": 80, "harmless": 80, "undecided": 0, "texts": None}}
    return heads.publish(language, trained, ABOUT | {"locales": locales}).number


def _screened(data: Path, locale: str | None = "en-US", programme: str | None = "guard") -> Outcome:
    return OwnLabelsScreen(data).screen([Text("1/a", INSULT, locale, programme=programme)], math.inf)[0]


# What a text's label is


def test_a_label_is_what_most_people_say() -> None:
    """Over one half is harmful, under one half harmless, one half is left out and counted; borderline counts half."""
    said = {"a": [1, 1, 0], "b": [0, 0, 1], "c": [1, 0], "d": [0.5], "e": [1, 0.5], "f": [0, 0.5], "g": [0.5, 0.5, 1]}
    settled = settle(Vote(text, "de-DE", harm) for text, given in said.items() for harm in given)
    found = {label.text: label.harmful for label in settled.labels}
    assert found == {"a": True, "b": False, "e": True, "f": False, "g": True}
    assert settled.undecided == 2


def test_a_text_counts_once_per_locale_however_it_is_written() -> None:
    """Case, width and white space do not make another text; another locale does, with the same key."""
    given = [("Hello  there", "de-DE"), ("ＨＥＬＬＯ there\n", "de-DE"), ("hello there", "de-AT")]
    labels = settle(Vote(text, locale, 1.0) for text, locale in given).labels
    assert [label.locale for label in labels] == ["de-DE", "de-AT"]
    assert len({label.key for label in labels}) == 1


def test_locales_of_a_language_share_a_head_unless_their_scripts_differ() -> None:
    """Letters learnt in one script say nothing in another."""
    locales = ["pt-BR", "pt-PT", "zh-CN", "zh-TW", "sr-RS", "sr-Latn-RS", "fr", "no such", ""]
    languages = ["pt", "pt", "zh", "zh-Hant", "sr", "sr-Latn", "fr", None, None]
    assert [head_language(locale) for locale in locales] == languages


@pytest.mark.parametrize(
    ("harmful", "harmless", "reason"),
    [
        (0, 0, "0 labels of 100"),
        (20, 23, "43 labels of 100"),
        (150, 0, "0 harmless texts of 10 among 150 labels"),
        (9, 150, "9 harmful texts of 10 among 159 labels"),
        (10, 90, None),
    ],
)
def test_too_few_labels_are_declared(harmful: int, harmless: int, reason: str | None) -> None:
    """Too few in all, or of one kind, unanimous ones included."""
    kinds = [True] * harmful + [False] * harmless
    assert too_few([Label(str(at), "en-US", kind, str(at)) for at, kind in enumerate(kinds)]) == reason


def test_the_same_text_in_many_locales_is_one_text() -> None:
    """Ten locales with the same harmful text say as little as one: there is nothing to hold out."""
    locales = ["en-US", "en-GB", "en-IN", "en-AU", "en-NZ", "en-IE", "en-ZA", "en-CA", "en-SG", "en-MT", "en-HK"]
    harmless = [vote for vote in votes(240) if not vote.harm]
    settled = settle([*harmless, *(Vote(INSULT, locale, 1.0) for locale in locales)])
    assert too_few(settled.labels) == "1 harmful texts of 10 among 131 labels"


def test_a_curve_leaves_out_what_would_be_chance() -> None:
    """With one harmful text in twelve others there are too few of them among the first fifty."""
    given = votes(260)
    rare = [vote for place, vote in enumerate(given) if not vote.harm or place % 24 == 1]
    assert [point.texts for point in train(settle(rare).labels).curve] == [100]


# What a head is worth


def test_a_head_learns_what_the_labels_have_in_common(trained: Trained) -> None:
    """It scores new texts with the words of harmful ones high, others low, and passes the bar."""
    rough, plain = trained.weights.scores([INSULT, PRAISE])
    assert plain < 0.2
    assert rough > 0.8
    assert trained.passes
    assert trained.auc.low > 0.9


def test_a_head_that_learnt_nothing_does_not_pass(hopeless: Trained) -> None:
    """Labels that have nothing to do with the texts give an AUC about one half."""
    assert hopeless.auc.low < 0.5 < hopeless.auc.high
    assert not hopeless.passes


def test_texts_that_come_twice_do_not_leak() -> None:
    """The same text in two locales is never both learnt from and held out: hopeless labels stay hopeless."""
    once = votes(120, clear=0, seed=4)
    twice = [*once, *(Vote(vote.text.upper(), "en-GB", vote.harm) for vote in once)]
    assert train(settle(twice).labels).auc.low < 0.5


def test_the_bar_is_for_the_lower_end_of_the_interval() -> None:
    """Few labels need a higher AUC than many do."""
    few, many = (train(settle(votes(number, clear=0.55, seed=2)).labels) for number in (100, 400))
    assert few.auc.high - few.auc.low > many.auc.high - many.auc.low
    assert (few.passes, many.passes) == (few.auc.low >= 0.7, many.auc.low >= 0.7)


def test_the_learning_curve_has_a_point_for_each_doubling() -> None:
    """At 50, 100, 200, … up to what there is, each with its interval, which gets narrower."""
    curve = train(settle(votes(250, clear=0.8)).labels).curve
    assert [point.texts for point in curve] == [50, 100, 200]
    widths = [point.auc.high - point.auc.low for point in curve]
    assert widths == sorted(widths, reverse=True)


def test_training_is_the_same_every_time() -> None:
    """Figures do not depend on the order of the labels or on chance."""
    labels = settle(votes(120, clear=0.7)).labels
    first, second = train(labels), train(labels[::-1])
    assert (first.auc, first.curve, first.digest) == (second.auc, second.curve, second.digest)
    assert first.weights.scores([INSULT]) == pytest.approx(second.weights.scores([INSULT]))


def test_more_labels_than_can_be_used_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as fit, always the same ones, whatever the order."""
    monkeypatch.setattr(training, "MOST", 5000)
    labels = settle(votes(120)).labels
    found = training.drawn(labels)
    assert found == training.drawn(labels[::-1])
    assert 4900 < sum(len(label.text) for label in found) <= 5000
    assert 20 < sum(label.harmful for label in found) < 50


def test_a_head_keeps_no_text(tmp_path: Path) -> None:
    """Neither words of the labelled texts nor names are in its files."""
    secret = [Vote(f"zyxwvut {vote.text}", vote.locale, vote.harm) for vote in votes(120)]
    train_programme(tmp_path, "guard", lambda: Collected(secret))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert [path for path in files if b"zyxwvut" in path.read_bytes()] == []


# Versions


def test_a_head_screens_once_it_passes(tmp_path: Path, trained: Trained, hopeless: Trained) -> None:
    """Not while there is none, and not one under the bar, whichever comes first; each outcome names the version."""
    heads = Heads(tmp_path, "guard")
    screen = OwnLabelsScreen(tmp_path)

    def now() -> Outcome:
        return screen.screen([Text("1/a", INSULT, "en-GB", programme="guard")], math.inf)[0]

    assert screen.trouble() == "no head is in use yet"
    assert now() == Outcome("unscreened", reason="no head for en: no training yet")
    _publish(heads, hopeless)
    assert now().status == "unscreened"
    assert str(now().reason).endswith("does not reach the bar of 0.70")
    _publish(heads, trained)
    assert (now().status, now().provider) == ("screened", "own_labels/guard/en/2")
    assert now().findings == {"learnt_from": ["en-US"]}
    assert screen.trouble() is None
    _publish(heads, hopeless)
    assert now().provider == "own_labels/guard/en/2"


def test_heads_can_be_rolled_back_and_forth(tmp_path: Path, trained: Trained, hopeless: Trained) -> None:
    """To the one before, to a named one, and back; running screens follow; what cannot be used is refused."""
    heads = Heads(tmp_path, "guard")
    for each in (trained, hopeless, trained, trained):
        _publish(heads, each)
    screen = OwnLabelsScreen(tmp_path)

    def used() -> str | None:
        return screen.screen([Text("1/a", INSULT, "en-US", programme="guard")], math.inf)[0].provider

    assert used() == "own_labels/guard/en/4"
    for to, version in ((None, 3), (None, 1), (4, 4), (1, 1), (3, 3)):
        current = heads.roll_back("en", to)
        assert current is not None
        assert (current.number, used()) == (version, f"own_labels/guard/en/{version}")
    for wrong in (2, 9):
        with pytest.raises(UnknownHead, match=r"choose: 1, 3, 4"):
            heads.roll_back("en", wrong)
    assert heads.roll_back("en", 1)
    assert heads.roll_back("en") is None
    assert _screened(tmp_path).reason == "no head for en: it was rolled back"
    with pytest.raises(UnknownHead, match="no head of guard for en is in use"):
        heads.roll_back("en")
    assert _publish(heads, trained) == 5
    assert used() == "own_labels/guard/en/5"


def test_what_cannot_be_screened_says_why(tmp_path: Path, trained: Trained) -> None:
    """No programme, no locale, no such locale, another programme, another language: never a score."""
    _publish(Heads(tmp_path, "guard"), trained)
    asked = [
        ("en-US", None),
        (None, "guard"),
        ("not a locale", "guard"),
        ("en-US", "other"),
        ("de-DE", "guard"),
        ("en-US", "../x"),
    ]
    outcomes = [_screened(tmp_path, *each) for each in asked]
    assert [outcome.reason for outcome in outcomes] == [
        "the text's programme is not known",
        "the text's locale is not known",
        "'not a locale' is no locale",
        "no head for en: no training yet",
        "no head for de: no training yet",
        "no programme is named '../x'",
    ]
    assert {(outcome.status, outcome.score) for outcome in outcomes} == {("unscreened", None)}


def test_every_text_gets_an_outcome_in_order(tmp_path: Path, trained: Trained) -> None:
    """Odd texts too, and texts of several programmes and locales in one batch; a long one says what was read."""
    _publish(Heads(tmp_path, "guard"), trained)
    odd = ["", "?!", "\ud800 half", "مرحبا 👩‍👩‍👧", INSULT * (LONGEST // 20), INSULT]
    texts = [Text(f"1/{at}", text, "en-US", programme="guard") for at, text in enumerate(odd)]
    mixed = [text for each in texts for text in (each, Text(each.key, each.text, "de-DE", programme="guard"))]
    outcomes = OwnLabelsScreen(tmp_path).screen(mixed, math.inf)
    assert [outcome.status for outcome in outcomes] == ["screened", "unscreened"] * len(odd)
    assert all(0 <= (outcome.score or 0) <= 1 for outcome in outcomes)
    assert [outcome.covers for outcome in outcomes[::2]] == [None] * 4 + [f"the first {LONGEST} characters", None]
    assert outcomes[-2].score and outcomes[-2].score > 0.8


def test_a_text_that_a_head_learnt_from_gets_its_held_out_score(tmp_path: Path, hopeless: Trained) -> None:
    """Else a head that knows its labels by heart would look right on them."""
    heads = Heads(tmp_path, "guard")
    _publish(heads, hopeless)
    head = heads.load("en", heads.versions("en")[0])
    given = votes(160, clear=0)
    texts, harmful = [vote.text for vote in given], np.array([vote.harm == 1 for vote in given])
    by_heart = auc(head.weights.scores(texts), harmful).value
    told = auc(np.array(head.scores(texts)), harmful).value
    assert by_heart > told + 0.1
    assert told == pytest.approx(hopeless.auc.value, abs=0.01)


@pytest.mark.parametrize("damage", ["head.json", "coefficients.npy", "rarity.npy", "held_out.npz"])
def test_a_damaged_head_screens_nothing(tmp_path: Path, trained: Trained, damage: str) -> None:
    """The texts are unscreened with the reason, and nothing in a file is ever run as code."""
    heads = Heads(tmp_path, "guard")
    _publish(heads, trained)
    path = heads.folder / "en" / "1" / damage
    if path.suffix == ".npy":
        np.save(path, np.array([{"code": 1}], dtype=object), allow_pickle=True)
    else:
        path.write_text("{")
    outcome = _screened(tmp_path)
    assert (outcome.status, outcome.reason) == ("unscreened", "the files of own_labels/guard/en/1 cannot be read")
    if damage == "head.json":
        assert OwnLabelsScreen(tmp_path).trouble() == outcome.reason
    with pytest.raises(HeadUnreadable, match="train again"):
        heads.load("en", heads.versions("en")[0])


def test_a_head_of_another_release_is_not_used(tmp_path: Path, trained: Trained) -> None:
    """Its n-grams may be others; it says so."""
    heads = Heads(tmp_path, "guard")
    _publish(heads, trained)
    path = heads.folder / "en" / "1" / "head.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"features": "char_wb-2-3/2^16/0"}))
    reason = "no head for en: the last one was made by another release of Concord"
    assert _screened(tmp_path).reason == reason


# Training a programme


def test_each_language_of_a_programme_gets_its_head(tmp_path: Path) -> None:
    """With figures, coverage and what is missing; the same labels again make no new version."""
    given = [*votes(120), *votes(60, locale="en-GB", seed=5), *votes(43, locale="de-DE"), Vote("x", "de-DE", 0.5)]
    collected = Collected(given, {"en-US": 500, "en-GB": 60})
    german, english = train_programme(tmp_path, "guard", lambda: collected)
    assert (german.language, german.labels, german.undecided, german.said) == ("de", 43, 1, "no head: 43 labels of 100")
    assert (english.language, english.version, english.labels, english.harmful) == ("en", 1, 180, 90)
    about = Heads(tmp_path, "guard").versions("en")[0].about
    assert about["locales"]["en-US"] == {"harmful": 60, "harmless": 60, "undecided": 0, "texts": 500}
    assert about["auc"]["low"] <= about["auc"]["value"] <= about["auc"]["high"]
    assert [point["texts"] for point in about["curve"]] == [50, 100]
    assert _screened(tmp_path, "de-AT").reason == "no head for de: 43 labels of 100"
    status = read(tmp_path / "own_labels" / "guard")
    assert (status.state, status.languages["de"]["missing"]) == ("done", "43 labels of 100")
    assert _screened(tmp_path, "fr-FR").reason == "no head for fr: 0 labels of 100"

    again = train_programme(tmp_path, "guard", lambda: collected)
    assert [each.said for each in again] == ["no head: 43 labels of 100", "the same labels as for head 1"]
    assert len(Heads(tmp_path, "guard").versions("en")) == 1


def test_a_programme_without_labels_is_told(tmp_path: Path) -> None:
    """And the status says that it failed, and why."""
    with pytest.raises(NoLabels, match="guard has no safety labels yet"):
        train_programme(tmp_path, "guard", lambda: Collected([]))
    status = read(tmp_path / "own_labels" / "guard")
    assert status.state == "failed"
    assert "no safety labels yet" in status.message


def test_a_name_that_no_programme_has_reaches_no_folder(tmp_path: Path) -> None:
    """A project's description is written by people."""
    with pytest.raises(HeadError, match="no programme is named"):
        train_programme(tmp_path / "data", "../../elsewhere", lambda: Collected(votes(120)))
    assert list(tmp_path.iterdir()) == []


@contextmanager
def _running(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


HOLD = """
import sys, time
from pathlib import Path
from ml_backend.own_labels.status import training
with training(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_training_of_a_programme_at_a_time(tmp_path: Path) -> None:
    """Another process is refused; the lock ends with the process, however it ends, and the status says so."""
    folder = tmp_path / "own_labels" / "guard"
    with _running(HOLD, folder) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        assert read(folder).state == "training"
        with pytest.raises(TrainingRuns, match="a training of guard is under way"):
            train_programme(tmp_path, "guard", lambda: Collected(votes(120)))
        assert train_programme(tmp_path, "other", lambda: Collected(votes(120)))[0].version == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert read(folder).state == "interrupted"
    assert train_programme(tmp_path, "guard", lambda: Collected(votes(120)))[0].version == 1


PUBLISH = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from own_labels_texts import votes
from ml_backend.own_labels.labels import settle
from ml_backend.own_labels.store import Heads
from ml_backend.own_labels.training import train
heads, trained = Heads(Path(sys.argv[1]), "guard"), train(settle(votes(120)).labels)
print("ready", flush=True)
while True:
    heads.publish("en", trained, {"made": "now"})
"""


def test_a_kill_in_the_middle_of_publishing_leaves_whole_versions(tmp_path: Path, trained: Trained) -> None:
    """Whenever the process dies, each version there is can be read, and the next publication goes on from there."""
    heads = Heads(tmp_path, "guard")
    for wait in (0.07, 0.2):
        before = len(heads.versions("en"))
        with _running(PUBLISH, tmp_path, Path(__file__).parent) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        versions = heads.versions("en")
        assert len(versions) >= before
        for version in versions:
            head = heads.load("en", version)
            assert head.scores([INSULT])[0] > 0.8
            assert len(head.held_out) == 120
    number = _publish(heads, trained)
    assert [each.number for each in heads.versions("en")] == list(range(1, number + 1))
    assert [name for name in heads.names("en") if name.startswith(".")] == []


# A file of labels


def test_a_file_of_labels_is_read(tmp_path: Path) -> None:
    """Votes are true, false or a share; several lines about a text are several votes; U+2028 ends no line."""
    path = tmp_path / "labels.jsonl"
    rows = [{"text": "a\u2028b", "locale": "de-DE", "harmful": True}, {"text": "c", "locale": "de-AT", "harmful": 0.25}]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n", "utf-8")
    assert [(vote.text, vote.locale, vote.harm) for vote in from_file(path).votes] == [
        ("a\u2028b", "de-DE", 1.0),
        ("c", "de-AT", 0.25),
    ]
    given = votes(5)
    assert from_file(write_labels(path, given)).votes == given


def test_mistakes_in_a_file_of_labels_are_told_with_their_line(tmp_path: Path) -> None:
    """All of them at once, and nothing is learnt."""
    path = tmp_path / "labels.jsonl"
    good = '{"text": "a", "locale": "de-DE", "harmful": true}'
    bad = [
        "{",
        "[]",
        '{"text": " "}',
        '{"text": "a", "locale": "german"}',
        good.replace("true", "2"),
        good.replace("true", '"yes"'),
    ]
    path.write_text("\n".join([good, *bad]), "utf-8")
    with pytest.raises(InvalidLabels) as caught:
        from_file(path)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 5, 6, 7]
    assert "labels.jsonl:5: locale: 'german' is no locale; write language-REGION" in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidLabels, match="cannot be read"):
        from_file(path)


def test_a_key_tells_no_text() -> None:
    """It is a hash."""
    assert text_key("a secret") != text_key("another")
    assert "secret" not in text_key("a secret")
