"""Near-duplicates: what is found, in which scripts, and that several processes can share the index."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ml_backend.errors import IndexUnavailable
from ml_backend.near_duplicates import LONGEST, Entry, Index, Match, Nearest, normalise
from ml_backend.screens.model import Text
from ml_backend.screens.near_duplicate import NearDuplicateScreen

SENTENCES: dict[str, list[str]] = json.loads((Path(__file__).parent / "samples/ml_sentences.json").read_text("utf-8"))
EGG = "How long should I boil an egg so that the yolk stays soft?"


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path)


def _prompts(script: str) -> list[str]:
    """A hundred different prompts of three sentences each."""
    picker = random.Random(script)  # noqa: S311 - a seeded draw
    return list(dict.fromkeys(" ".join(picker.sample(SENTENCES[script], 3)) for _ in range(120)))[:100]


def _edits(text: str) -> list[str]:
    """Small changes that leave a prompt the same to a reader."""
    middle = len(text) // 2
    return [
        text[:middle] + text[middle + 2 :],
        text[:middle] + text[middle + 1] + text[middle] + text[middle + 2 :],
        text.upper().replace("?", "!").replace("。", ""),
        text + text[-2:],
    ]


@pytest.mark.parametrize("script", SENTENCES)
def test_small_edits_are_found_in_every_script(index: Index, script: str) -> None:
    """Of 400 lightly edited prompts at least 99 in 100 are found as near-duplicates, and of the right prompt 95."""
    prompts = _prompts(script)
    index.check_and_add_many([Entry(f"first/{place}", text) for place, text in enumerate(prompts)])
    copies = [(place, text) for place, prompt in enumerate(prompts) for text in _edits(prompt)]
    entries = [Entry(f"second/{place}-{number}", text) for number, (place, text) in enumerate(copies)]
    matches = index.check_and_add_many(entries)
    near = [match for match in matches if match and match.kind in ("exact", "near")]
    right = [match for match, (place, _) in zip(matches, copies, strict=True) if match and _is_of(match, place)]
    assert len(near) >= 0.99 * len(copies)
    assert len(right) >= 0.95 * len(copies)


def _is_of(match: Match, place: int) -> bool:
    """The prompt itself or an earlier edit of it."""
    return match.of == f"first/{place}" or match.of.startswith(f"second/{place}-")


@pytest.mark.parametrize("script", SENTENCES)
def test_different_prompts_of_one_script_are_not_confused(index: Index, script: str) -> None:
    """Ten different sentences of one script have no near-duplicates among them."""
    assert (
        index.check_and_add_many([Entry(f"demo/{n}", text) for n, text in enumerate(SENTENCES[script])]) == [None] * 10
    )


def test_kinds_follow_the_similarity(index: Index) -> None:
    """Exact is the same text but for case and punctuation; near starts at .7 and possible at .6."""
    index.check_and_add("demo/egg", EGG, "en-US")
    exact = index.check_and_add("demo/shout", EGG.upper() + "!!")
    near = index.check_and_add("demo/goose", EGG.replace("an egg", "a goose egg"))
    possible = index.check_and_add("demo/duck", "For how long should I boil my duck egg so that its yolk stays soft?")
    assert exact == Match("demo/egg", "en-US", 1.0, "exact")
    assert near is not None
    assert (near.of, near.kind, near.similarity >= 0.7) == ("demo/egg", "near", True)
    assert possible is not None
    assert (possible.kind, 0.6 <= possible.similarity < 0.7) == ("possible", True)


def test_asking_again_gives_the_same_answer(index: Index) -> None:
    """An item is never its own duplicate, nor that of a later one, however often it is asked."""
    first = [index.check_and_add("demo/one", EGG), index.check_and_add("demo/two", EGG + " Please!")]
    again = [index.check_and_add("demo/one", EGG), index.check_and_add("demo/two", EGG + " Please!")]
    assert first == again
    assert first[0] is None
    assert first[1] is not None
    assert first[1].of == "demo/one"


def test_the_same_item_in_another_project_is_no_duplicate(index: Index) -> None:
    """An audit project that holds the items of the first does not report them all."""
    index.check_and_add("12/demo-1", EGG)
    assert index.check_and_add("13/demo-1", EGG) is None
    assert index.check_and_add("13/demo-2", EGG) == Match("12/demo-1", None, 1.0, "exact")


def test_a_changed_text_replaces_the_first(index: Index) -> None:
    """After a change nothing is a duplicate of the old text, and the item counts as new with its new one."""
    index.check_and_add("demo/one", EGG)
    index.check_and_add("demo/two", SENTENCES["Latin"][1])
    assert index.check_and_add("demo/one", SENTENCES["Latin"][1]) == Match("demo/two", None, 1.0, "exact")
    assert index.check_and_add("demo/three", EGG) is None
    assert index.check_and_add("demo/two", SENTENCES["Latin"][1]) is None


def test_a_text_shared_by_two_items_survives_the_change_of_one(index: Index) -> None:
    """When one of two items with the same text changes, the other is still found."""
    index.check_and_add_many([Entry("demo/one", EGG), Entry("demo/two", EGG)])
    index.check_and_add("demo/one", SENTENCES["Latin"][2])
    assert index.check_and_add("demo/three", EGG) == Match("demo/two", None, 1.0, "exact")


def test_the_earliest_of_equals_is_named(index: Index) -> None:
    """Among several identical prompts the first that came is the one reported."""
    index.check_and_add_many([Entry(f"demo/{n}", EGG) for n in range(5)])
    assert index.check_and_add("demo/last", EGG) == Match("demo/0", None, 1.0, "exact")


def test_a_thousand_copies_of_a_template_stay_fast(index: Index) -> None:
    """A template used very often costs no more than its share: a thousand items within twenty seconds."""
    words = [f"{a}{b}{c}" for a in "bdfglmprst" for b in "aeiou" for c in "bdfgklmnprstvwxyz"][:800]
    texts = [f"Write a short poem about {word} for my grandmother, in rhyme, please" for word in words]
    started = time.monotonic()
    matches = index.check_and_add_many([Entry(f"demo/{n}", text) for n, text in enumerate(texts)])
    assert time.monotonic() - started < 20
    assert all(matches[1:])


@pytest.mark.parametrize("text", ["", "?!", "🙂🙂", "\ud800", "\u200d\u200d"])
def test_a_text_without_letters_is_like_no_other(index: Index, text: str) -> None:
    """Emoji, punctuation and broken characters have nothing to compare, twice over."""
    assert [index.check_and_add("demo/one", text), index.check_and_add("demo/two", text)] == [None, None]


def test_huge_texts_are_compared_by_their_beginning(index: Index) -> None:
    """Two texts of five million characters that begin alike are the same as far as they are read."""
    picker = random.Random(1)  # noqa: S311 - a seeded draw
    text = "".join(picker.choices("abcdefgh ", k=LONGEST)) + "x" * 5_000_000
    index.check_and_add("demo/one", text)
    match = index.check_and_add("demo/two", text + "y")
    assert match is not None
    assert match.kind == "exact"


def test_normalising_keeps_marks_and_joins_what_invisible_characters_split() -> None:
    """Thai and Devanagari marks stay, a zero-width non-joiner in Persian does not separate, full width becomes half."""
    assert normalise("ต้มไข่") == "ต้มไข่"
    assert normalise("हिन्दी में") == "हिन्दी में"
    assert normalise("می‌خواهم") == normalise("میخواهم")
    assert normalise("ＡＢＣ１２３") == "abc123"


def test_the_nearest_of_the_locale_is_told_beside_the_nearest(index: Index) -> None:
    """A prompt that is the same in another locale and similar in its own is told both; without a locale, the first."""
    index.check_and_add("demo/near", EGG.replace("an egg", "a goose egg"), "en-GB")
    index.check_and_add("demo/same", EGG, "en-US")
    index.check_and_add("demo/later", EGG, "en-GB")
    british, unknown, german = index.nearest_and_add_many(
        [Entry("demo/b", EGG, "en-GB"), Entry("demo/u", EGG), Entry("demo/d", EGG, "de-DE")]
    )
    same = Match("demo/same", "en-US", 1.0, "exact")
    assert british == Nearest(same, Match("demo/later", "en-GB", 1.0, "exact"))
    assert unknown == Nearest(same, None)
    assert german == Nearest(same, None)
    index.check_and_add("demo/same-again", EGG, "en-AU")
    (near,) = index.nearest_and_add_many([Entry("demo/a", EGG + " Please", "en-AU")])
    assert near.anywhere is not None
    assert near.in_locale is not None
    assert (near.anywhere.of, near.in_locale.of) == ("demo/same", "demo/same-again")


def test_the_screen_tells_of_both_locales(index: Index) -> None:
    """The screen's finding names the nearest item, and the nearest of the prompt's own locale where that is another."""
    screen = NearDuplicateScreen(index)
    texts = [
        Text("demo/us", EGG, "en-US"),
        Text("demo/gb", EGG + " Please", "en-GB"),
        Text("demo/last", EGG, "en-GB"),
        Text("demo/dots", "…", "en-GB"),
    ]
    first, second, last, dots = screen.screen(texts, time.monotonic() + 60)
    assert (first.score, first.kind, dict(first.findings)) == (0.0, None, {})
    assert second.findings == {"of": "demo/us", "of_locale": "en-US", "within_locale": False}
    assert (last.kind, last.findings["of"], last.findings["in_locale"]["of"]) == ("exact", "demo/us", "demo/gb")
    assert dots.status == "unscreened"


def test_a_batch_answers_as_if_asked_one_by_one(tmp_path: Path) -> None:
    """One transaction for many gives the answers that many transactions give."""
    entries = [Entry(f"demo/{n}", text) for n, text in enumerate(SENTENCES["Latin"] * 2)]
    together, alone = Index(tmp_path / "a"), Index(tmp_path / "b")
    assert together.check_and_add_many(entries) == [alone.check_and_add(e.key, e.text, e.locale) for e in entries]


def test_an_index_that_is_no_database_is_an_error_of_ours(tmp_path: Path) -> None:
    """A file that is not the index is reported with its name, and not overwritten."""
    index = Index(tmp_path)
    index.path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(IndexUnavailable, match=index.path.name):
        index.check_and_add("demo/one", EGG)
    with pytest.raises(IndexUnavailable, match=index.path.name):
        Index(tmp_path)


RACE = """
import sys, json
from pathlib import Path
from ml_backend.near_duplicates import Index
index = Index(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
words = "red orange yellow green blue indigo violet black white brown".split()
for n in range(200):
    match = index.check_and_add(f"{sys.argv[2]}/{sys.argv[2]}-{n}", f"{words[n % 10]} house number {n * 7919} on hill {n * 104729}")
    print(json.dumps([n, match.of if match and match.kind == "exact" else None]), flush=True)
"""  # noqa: E501 - a script


def _start(script: str, *arguments: str) -> subprocess.Popen[str]:
    root = Path(__file__).parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    )


def test_two_processes_never_both_admit_the_same_text(tmp_path: Path) -> None:
    """Two workers that add the same 200 texts at once: for each text exactly one of them is told it is a duplicate."""
    workers = {name: _start(RACE, str(tmp_path), name) for name in ("left", "right")}
    for worker in workers.values():
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    for worker in workers.values():
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = {name: _told(worker) for name, worker in workers.items()}
    assert all(worker.returncode == 0 for worker in workers.values())
    for n in range(200):
        assert {told["left"][n], told["right"][n]} in ({None, f"left/left-{n}"}, {None, f"right/right-{n}"})


def _told(worker: subprocess.Popen[str]) -> dict[int, str | None]:
    """What a worker was told of each text."""
    return dict(map(json.loads, worker.communicate(timeout=120)[0].splitlines()))


ADD_FOR_EVER = """
import sys
from itertools import count
from pathlib import Path
from ml_backend.near_duplicates import Entry, Index
index = Index(Path(sys.argv[1]))
for start in count(0, 20):
    batch = [Entry(f"k/{n}", f"number {n * 7919} and number {n * 104729} and number {n * 1299709}") for n in range(start, start + 20)]
    index.check_and_add_many(batch)
    print(start + 20, flush=True)
"""  # noqa: E501 - a script


def test_a_killed_process_leaves_the_index_whole(tmp_path: Path) -> None:
    """After kill -9 while adding, all that was acknowledged is there, no batch is half there, and work goes on."""
    worker = _start(ADD_FOR_EVER, str(tmp_path))
    assert worker.stdout
    while int(worker.stdout.readline()) < 100:
        pass
    os.kill(worker.pid, signal.SIGKILL)
    rest = worker.communicate(timeout=30)[0].split()
    acknowledged = int(rest[-1]) if rest else 100
    index = Index(tmp_path)
    database = sqlite3.connect(index.path)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    stored, texts = database.execute("SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM texts)").fetchone()
    database.close()
    assert stored >= acknowledged
    assert (stored % 20, texts) == (0, stored)
    match = index.check_and_add("k/new", "number 0 and number 0 and number 0")
    assert match == Match("k/0", None, 1.0, "exact")


def test_an_index_that_stays_busy_gives_up_with_an_error_of_ours(tmp_path: Path) -> None:
    """While another process holds the file for longer than the wait, the answer is an error and nothing is stored."""
    index = Index(tmp_path)
    holder = sqlite3.connect(index.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(IndexUnavailable, match="locked"):
        index.check_and_add("demo/one", EGG)
    holder.execute("ROLLBACK")
    holder.close()
    assert index.check_and_add("demo/two", EGG) is None
