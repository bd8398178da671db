"""The index of semantic duplicates: what is nearest, that its answers stay, and that several processes can share it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ml_backend import database
from ml_backend.errors import ScreenFailed
from ml_backend.near_duplicates import Entry
from ml_backend.semantic import Answer, Calibration, Nearest, Read, SemanticIndex, index, missing
from ml_backend.semantic.calibration import LEAST, MOST, calibrate

SIZE = 64
MODEL = "0123456789abcdef"


@pytest.fixture
def semantic(tmp_path: Path) -> SemanticIndex:
    return SemanticIndex(tmp_path, MODEL)


def _vector(seed: int) -> np.ndarray:
    """A direction of its own: two of them are .4 alike at most, nearly always."""
    found = np.random.default_rng(seed).normal(size=SIZE)
    return (found / np.linalg.norm(found)).astype(np.float32)


def _near(seed: int, similarity: float) -> np.ndarray:
    """A vector of this similarity to that of the seed."""
    one, other = _vector(seed), _vector(seed + 10**6)
    other -= (one @ other) * one
    return similarity * one + float(np.sqrt(1 - similarity**2)) * other / np.linalg.norm(other)


def _ask(semantic: SemanticIndex, key: str, text: str, vector: np.ndarray, language: str = "en") -> Answer:
    return semantic.check_and_add_many(language, [Entry(key, text, f"{language}-US")], [Read(vector, True)])[0]


def _fill(semantic: SemanticIndex, count: int, first: int = 0, language: str = "en") -> None:
    seeds = range(first, first + count)
    entries = [Entry(f"first/{seed}", f"text {seed}", "en-US") for seed in seeds]
    semantic.check_and_add_many(language, entries, [Read(_vector(seed), True) for seed in seeds])


def test_the_nearest_earlier_item_is_named(semantic: SemanticIndex) -> None:
    """The answer names the most alike earlier item, its locale and the similarity of the vectors."""
    _fill(semantic, LEAST)
    found = _ask(semantic, "second/a", "another text", _near(7, 0.9)).nearest
    assert found is not None
    assert (found.of, found.locale) == ("first/7", "en-US")
    assert found.similarity == pytest.approx(0.9, abs=0.002)


def test_later_items_do_not_change_an_answer(semantic: SemanticIndex) -> None:
    """Asking again gives the first answer, whatever came in between: only earlier items count."""
    _fill(semantic, LEAST)
    before = _ask(semantic, "second/a", "another text", _near(7, 0.8))
    _fill(semantic, 2 * LEAST, first=LEAST)
    _ask(semantic, "third/c", "a third text", _near(7, 0.8))
    after = _ask(semantic, "second/a", "another text", _near(7, 0.8))
    assert (after.nearest, after.calibration) == (before.nearest, before.calibration)


def test_the_same_item_in_two_projects_is_no_duplicate(semantic: SemanticIndex) -> None:
    """An item is not compared with itself, neither with its own text nor with a changed one."""
    _ask(semantic, "one/egg", "an egg", _vector(1))
    assert _ask(semantic, "two/egg", "an egg", _vector(1)).nearest is None
    assert _ask(semantic, "three/egg", "one egg", _near(1, 0.95)).nearest is None
    assert _ask(semantic, "three/other", "an egg", _vector(1)).nearest == Nearest("one/egg", "en-US", 1.0)


def test_a_changed_text_is_new_and_the_old_one_is_forgotten(semantic: SemanticIndex) -> None:
    """The same key with another text replaces the first."""
    _ask(semantic, "one/egg", "an egg", _vector(1))
    _ask(semantic, "one/egg", "a stone", _vector(2))
    assert _ask(semantic, "one/other", "the egg", _near(1, 0.95)).nearest.similarity < 0.5
    assert _ask(semantic, "one/last", "the stone", _near(2, 0.95)).nearest.of == "one/egg"


def test_languages_are_not_compared_with_each_other(semantic: SemanticIndex) -> None:
    """A translation is no repetition, and each language has its own threshold."""
    _ask(semantic, "one/egg", "an egg", _vector(1))
    assert _ask(semantic, "one/ei", "ein Ei", _vector(1), language="de").nearest is None


def test_there_is_no_threshold_before_there_are_enough_texts(semantic: SemanticIndex) -> None:
    """The answer tells how many texts there are; with the last one needed, all of its batch are judged."""
    _fill(semantic, LEAST - 2)
    early = _ask(semantic, "second/a", "a text", _vector(LEAST))
    assert early.calibration is None
    assert missing(early.texts).startswith("1 more")
    entries = [Entry("second/b", "b text"), Entry("second/c", "c text")]
    last = semantic.check_and_add_many("en", entries, [Read(_near(7, 0.9), True), Read(_vector(LEAST + 1), True)])
    assert [answer.calibration.n for answer in last if answer.calibration] == [LEAST + 1] * 2


def test_an_early_item_is_judged_when_it_is_asked_about_again(semantic: SemanticIndex) -> None:
    """What had no threshold gets one, by what came before the item."""
    _ask(semantic, "first/b", "a text", _vector(7))
    assert _ask(semantic, "second/a", "another text", _near(7, 0.9)).calibration is None
    _fill(semantic, LEAST, first=100)
    again = _ask(semantic, "second/a", "another text", _near(7, 0.9))
    assert again.nearest.of == "first/b"
    assert again.nearest.similarity > again.calibration.threshold


def test_the_threshold_is_calibrated_again_when_the_texts_have_doubled(semantic: SemanticIndex) -> None:
    """New items are judged by the newest calibration, of at most a thousand texts."""
    calibrated = []
    for first in range(0, 8 * LEAST, LEAST):
        _fill(semantic, LEAST, first=first)
        calibrated.append(_ask(semantic, f"second/{first}", f"again {first}", _near(first, 0.9)).calibration.n)
    # The texts that ask are counted too; of 1,607 texts every second one is looked at.
    assert calibrated == [200, 401, 401, 803, 803, 803, 803, 804]
    assert max(calibrated) <= MOST


def test_a_language_whose_unrelated_texts_are_all_alike_is_refused(semantic: SemanticIndex) -> None:
    """A model that gives all texts of a language nearly one vector has no threshold there, and the reason says why."""
    entries = [Entry(f"first/{seed}", f"text {seed}") for seed in range(LEAST)]
    reads = [
        Read((_vector(1) * 3 + _vector(seed + 2)) / np.linalg.norm(_vector(1) * 3 + _vector(seed + 2)), True)
        for seed in range(LEAST)
    ]
    refusal = semantic.check_and_add_many("th", entries, reads)[-1].calibration.refusal
    assert "cannot tell texts of this language apart" in refusal
    assert "of 200 texts" in refusal


def test_too_little_room_above_unrelated_texts_is_refused_too() -> None:
    """A few unrelated pairs that are almost the same leave no room for a threshold."""
    assert Calibration(n=400, median=0.3, p95=0.5, high=0.81).refusal
    assert Calibration(n=400, median=0.3, p95=0.5, high=0.79).refusal is None


def test_calibration_gives_the_quantiles_of_all_pairs() -> None:
    """Three pairs of known similarity have the median and quantiles that are computed by hand."""
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)  # similarities 0, .6 and .8
    found = calibrate(vectors)
    assert (found.n, found.median) == (3, pytest.approx(0.6))
    assert found.p95 == pytest.approx(0.78, abs=1e-4)


def test_segments_answer_as_the_log_does(semantic: SemanticIndex, tmp_path: Path, monkeypatch) -> None:
    """Texts that moved into memory-mapped segments are found, as alike as before, by this and by other workers."""
    monkeypatch.setattr(index, "_TAIL", 100)
    for first in range(0, 500, 50):
        _fill(semantic, 50, first=first)
    (segment,) = (tmp_path / "semantic-0123456789ab").glob("en-*.usearch")
    assert segment.stem.endswith("500")
    for place, worker in enumerate((semantic, SemanticIndex(tmp_path, MODEL))):
        found = _ask(worker, f"second/{place}", f"again {place}", _near(7 + place, 0.9)).nearest
        assert found.of == f"first/{7 + place}"
        assert found.similarity == pytest.approx(0.9, abs=0.005)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:1000])])
def test_a_lost_segment_is_made_again(tmp_path: Path, monkeypatch, spoil) -> None:
    """The log is the truth: without its segment everything is still found, and the next merge writes a whole one."""
    monkeypatch.setattr(index, "_TAIL", 100)
    _fill(SemanticIndex(tmp_path, MODEL), 120)
    (segment,) = (tmp_path / "semantic-0123456789ab").glob("en-*.usearch")
    spoil(segment)
    worker = SemanticIndex(tmp_path, MODEL)
    assert _ask(worker, "second/a", "another", _near(7, 0.9)).nearest.of == "first/7"
    (segment,) = (tmp_path / "semantic-0123456789ab").glob("en-*.usearch")
    assert segment.stem.endswith("121")


def test_another_model_starts_anew(tmp_path: Path) -> None:
    """Vectors of two models are never compared."""
    _ask(SemanticIndex(tmp_path, "a" * 64), "one/egg", "an egg", _vector(1))
    assert _ask(SemanticIndex(tmp_path, "b" * 64), "one/ei", "the egg", _vector(1)).nearest is None


def test_a_file_that_is_no_index_is_reported_without_its_name(semantic: SemanticIndex, tmp_path: Path) -> None:
    """The failure says what is not available, and nothing about the machine."""
    (tmp_path / "semantic-0123456789ab").mkdir()
    (tmp_path / "semantic-0123456789ab" / "texts.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(ScreenFailed) as failure:
        _ask(semantic, "one/egg", "an egg", _vector(1))
    assert str(tmp_path) not in str(failure.value)


def test_nothing_of_a_batch_that_fails_is_kept(semantic: SemanticIndex) -> None:
    """A batch is added whole or not at all, in the file and in memory."""
    reads = [Read(_vector(1), True), Read(_vector(2)[:5], True)]
    with pytest.raises(ValueError, match="mismatch"):
        semantic.check_and_add_many("en", [Entry("one/a", "a"), Entry("one/c", "c")], reads)
    assert _ask(semantic, "one/b", "b", _near(1, 0.9)).nearest is None


_WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_semantic_index import MODEL, _ask, _near, _vector
from ml_backend.semantic import SemanticIndex
semantic = SemanticIndex(Path({folder!r}), MODEL)
for seed in range({first}, {last}):
    found = _ask(semantic, f"{project}/{project}-{{seed}}", f"{project} {{seed}}", _near(seed, {similarity})).nearest
    print(seed, found.of if found and found.similarity > 0.7 else "-", flush=True)
"""


def _start(folder: Path, project: str, similarity: float, first: int = 0, last: int = 100) -> subprocess.Popen[str]:
    code = _WORKER.format(
        tests=str(Path(__file__).parent),
        folder=str(folder),
        project=project,
        similarity=similarity,
        first=first,
        last=last,
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ})


def test_of_two_workers_that_race_on_the_same_texts_one_is_told_each_time(tmp_path: Path) -> None:
    """Each of a hundred pairs, asked by two processes at once, is admitted once and found once."""
    workers = [_start(tmp_path, "one", 1.0), _start(tmp_path, "two", 0.95)]
    answers = [dict(line.split() for line in worker.communicate(timeout=120)[0].splitlines()) for worker in workers]
    assert [len(answer) for answer in answers] == [100, 100]
    for seed in answers[0]:
        assert sorted((answers[0][seed] == "-", answers[1][seed] == "-")) == [False, True]


def test_a_killed_worker_leaves_a_whole_index(tmp_path: Path) -> None:
    """After a kill in the middle of its work all that a worker was answered is there, and others go on."""
    worker = _start(tmp_path, "one", 1.0, last=10**6)
    assert worker.stdout is not None
    answered = [worker.stdout.readline() for _ in range(50)]
    worker.send_signal(signal.SIGKILL)
    worker.communicate(timeout=30)
    semantic = SemanticIndex(tmp_path, MODEL)
    for line in answered:
        seed = int(line.split()[0])
        assert _ask(semantic, f"two/two-{seed}", f"two {seed}", _near(seed, 0.95)).nearest.of == f"one/one-{seed}"


def test_a_busy_index_is_reported(semantic: SemanticIndex, tmp_path: Path, monkeypatch) -> None:
    """Where another worker holds the file for too long, the screen fails instead of waiting for ever."""
    monkeypatch.setattr(database, "_WAIT", 0.1)
    _ask(semantic, "one/egg", "an egg", _vector(1))
    other = sqlite3.connect(tmp_path / "semantic-0123456789ab" / "texts.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(ScreenFailed, match="not available"):
        _ask(semantic, "one/ei", "the egg", _vector(2))
    other.close()
    assert time.monotonic() - started < 5
