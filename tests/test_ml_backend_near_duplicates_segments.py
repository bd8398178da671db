"""Near-duplicates: segments of the log, merged, lost, damaged and made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ml_backend.near_duplicates import Entry, Index, Match
from ml_backend.near_duplicates.log import Log
from ml_backend.near_duplicates.segments import ENOUGH, MANY_DEAD, SegmentFolder

SIZE = 2 * ENOUGH + 100


def _text(n: int) -> str:
    """No two are alike."""
    primes = (7919, 104729, 224737, 350377, 479909, 611953, 746773, 882377)
    return " ".join(f"{n * prime % 999983:x}" for prime in primes)


def _entries(first: int, end: int, edit: str = "") -> list[Entry]:
    return [Entry(f"k/k{n}{edit}", _text(n) + edit, "de-DE") for n in range(first, end)]


def _fill(folder: Path, size: int = SIZE) -> Index:
    index = Index(folder)
    for start in range(0, size, 1000):
        index.check_and_add_many(_entries(start, min(size, start + 1000)))
    return index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index of `SIZE` texts whose segments are written."""
    index = _fill(tmp_path)
    _tend(index)
    return index


def _tend(index: Index) -> None:
    with closing(Log(index.path)) as log:
        SegmentFolder(index.path.parent).tend(log)


def _sizes(index: Index) -> list[int]:
    with closing(Log(index.path)) as log:
        return [len(each) for each in SegmentFolder(index.path.parent).load(log).segments]


def _finds_all(folder: Path) -> bool:
    """Whether an index that is opened now finds a slight change of each of 300 texts."""
    asked = range(1, SIZE, SIZE // 300)
    matches = Index(folder).check_and_add_many([Entry(f"new/{n}", _text(n) + "z") for n in asked])
    return [match and (match.of, match.kind) for match in matches] == [(f"k/k{n}", "near") for n in asked]


def test_what_is_in_segments_is_found(tmp_path: Path, index: Index) -> None:
    """After a restart all texts are found, from the segments and from the log's last texts."""
    assert sum(_sizes(index)) >= SIZE - ENOUGH
    assert _finds_all(tmp_path)


def test_asking_again_answers_the_same_from_segments_alone(tmp_path: Path) -> None:
    """Where the log has nothing that is not in a segment, many and few questions are answered as before."""
    index = _fill(tmp_path, ENOUGH)
    _tend(index)
    assert _sizes(index) == [ENOUGH]
    again = Index(tmp_path)
    assert again.check_and_add_many(_entries(0, 500)) == [None] * 500
    assert again.check_and_add("k/k7", _text(7), "de-DE") is None


def _delete_all(folder: Path) -> None:
    for path in folder.glob("*.segment"):
        path.unlink()


def _delete_list(folder: Path) -> None:
    (folder / "segments.json").unlink()


def _garble_list(folder: Path) -> None:
    (folder / "segments.json").write_text('{"files": [1')


def _forget_in_list(folder: Path) -> None:
    (folder / "segments.json").write_text('{"files": []}')


def _cut(folder: Path) -> None:
    path = next(folder.glob("*.segment"))
    path.write_bytes(path.read_bytes()[:-1000])


def _cut_in_header(folder: Path) -> None:
    next(folder.glob("*.segment")).write_bytes(b"concord")


def _zero_a_page(folder: Path) -> None:
    path = next(folder.glob("*.segment"))
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(4096) + content[12288:])


def _take_from_elsewhere(folder: Path) -> None:
    """As if another log's segments lay here."""
    listed = json.loads((folder / "segments.json").read_text())
    (folder / "segments.json").write_text(json.dumps(listed | {"log": listed["log"] + 1}))


def _run_ahead(folder: Path) -> None:
    """As if the log had been put back from an older copy."""
    listed = json.loads((folder / "segments.json").read_text())
    (folder / "segments.json").write_text(json.dumps(listed | {"through": 10**9}))


@pytest.mark.parametrize(
    "damage",
    [
        _delete_all,
        _delete_list,
        _garble_list,
        _forget_in_list,
        _cut,
        _cut_in_header,
        _zero_a_page,
        _take_from_elsewhere,
        _run_ahead,
    ],
)
def test_lost_and_damaged_segments_are_made_again(tmp_path: Path, index: Index, damage: object) -> None:
    """Whatever happens to the segments, all is found again, and the next merge leaves whole ones only."""
    assert callable(damage)
    damage(index.path.parent)
    assert _finds_all(tmp_path)
    _tend(index)
    assert sum(_sizes(index)) >= SIZE - ENOUGH
    assert _finds_all(tmp_path)


def test_merging_leaves_few_files_and_no_others(index: Index) -> None:
    """Twenty times as many texts as are worth a file lie in at most three, and what nobody reads is deleted."""
    folder = index.path.parent
    (folder / "left.unfinished").write_bytes(b"half of a segment")
    (folder / "left.segment").write_bytes(b"merged long ago")
    for start in range(SIZE, 12 * ENOUGH, 2000):
        index.check_and_add_many(_entries(start, start + 2000))
    _tend(index)
    assert 1 <= len(_sizes(index)) <= 3
    listed = set(json.loads((folder / "segments.json").read_text())["files"])
    assert {path.name for path in folder.iterdir() if path.suffix in {".segment", ".unfinished"}} == listed


def test_replaced_texts_leave_the_segments(tmp_path: Path, index: Index) -> None:
    """When the texts of many items have changed, a merge drops the old ones; the new ones are found, the old not."""
    changed = [Entry(f"k/k{n}", "new " + _text(n + 500_000)) for n in range(MANY_DEAD + 10)]
    assert index.check_and_add_many(changed) == [None] * len(changed)
    _tend(index)
    with closing(Log(index.path)) as log:
        files = SegmentFolder(index.path.parent).load(log)
        removed = {text for _, text in log.removed_after(0)}
    assert len(removed) == len(changed)
    assert not removed & {text for each in files.segments for text in each.ids.tolist()}
    again = Index(tmp_path)
    assert again.check_and_add("other/1", _text(5)) is None
    assert again.check_and_add("other/2", "new " + _text(500_005)) == Match("k/k5", None, 1.0, "exact")


def test_a_prompt_that_is_edited_a_thousand_times_hides_nothing(tmp_path: Path) -> None:
    """The versions of one prompt that are gone take no room from a prompt that is like all of them."""
    index = Index(tmp_path)
    index.check_and_add("k/first", "How long should I boil an egg so that the yolk stays soft and warm, version zero?")
    for n in range(300):
        index.check_and_add("k/edited", f"How long should I boil an egg so that the yolk stays soft and warm? {n}")
    match = index.check_and_add("k/last", "How long should I boil an egg so that the yolk stays soft and warm? 299 a")
    assert match is not None
    assert match.of == "k/edited"
