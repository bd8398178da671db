"""The store: merging, deletions, manifests, locks, concurrency."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from analytics_bodies import at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.errors import StoreDamaged, StoreLocked, StoreTooNew
from analytics.load import read_folder
from analytics.manifest import Manifest
from analytics.merge import Deletion, Ingested, Page
from analytics.store import FILE, Store
from plugins import frames
from plugins.frames import Frames, Refused


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store(tmp_path / FILE) as store:
        yield store


def version(annotation: str, updated: datetime, value: str = "tie", task: int = 1, project: str = "1") -> Frames:
    """Frames of one version of one annotation, with one judgment and one span."""
    base = {
        "source": "tool",
        "project": project,
        "annotation": annotation,
        "workflow": "preference",
        "locale": "de-DE",
        "item": f"item-{task}",
        "annotator": "r1",
        "stage": "annotate",
        "guideline_version": "v1",
        "created": at(0),
        "updated": updated,
        "lead_time": 5.0,
    }
    judgment = {**base, "question": "overall", "target": "item", "value": value, "number": 0.0}
    span = {**base, "question": "errors", "target": "a", "span": "s1", "start": 0, "end": 3, "text": value}
    return Frames(
        frames.table([judgment], frames.JUDGMENTS),
        frames.table([{**base, "task": str(task), "status": "submitted"}], frames.ANNOTATIONS),
        frames.table([{name: span[name] for name in span if name in frames.SPANS.names}], frames.SPANS),
    )


def page(fetched: datetime, *present: str, after: int = 0, through: int | None = None) -> Page:
    """A complete page that holds these annotations."""
    return Page("tool", "1", after, through, fetched, frozenset(present))


def rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    """What the store holds, in an order of its own."""
    with store.snapshot() as snapshot:
        tables = {
            "judgments": snapshot.judgments(),
            "annotations": snapshot.annotations(),
            "spans": snapshot.spans(),
        }
        found = {name: table.to_pyarrow().to_pylist() for name, table in tables.items()}
    return {name: sorted(each, key=lambda row: (row["annotation"], repr(row))) for name, each in found.items()}


def values(store: Store) -> dict[str, str]:
    """The value of each annotation's judgment."""
    return {row["annotation"]: row["value"] for row in rows(store)["judgments"]}


def test_the_newest_version_wins_whatever_comes_last(store: Store) -> None:
    """An older version that arrives later changes nothing; a newer one replaces judgments and spans."""
    assert store.ingest(version("1", at(2), "tie")) == Ingested(added=1)
    assert store.ingest(version("1", at(1), "a_much")) == Ingested(unchanged=1)
    assert store.ingest(version("1", at(3), "b_much")) == Ingested(updated=1)
    assert values(store) == {"1": "b_much"}
    assert [row["text"] for row in rows(store)["spans"]] == ["b_much"]


def test_the_same_version_again_changes_nothing(store: Store) -> None:
    """Repetition is counted as unchanged and leaves every row as it was."""
    store.ingest(version("1", at(1)))
    before = rows(store)
    assert store.ingest(version("1", at(1))) == Ingested(unchanged=1)
    assert rows(store) == before


def test_the_same_version_read_anew_replaces_the_old_reading(store: Store) -> None:
    """When a corrected manifest makes the same version read differently, the latest reading wins."""
    store.ingest(version("1", at(1), "tie"))
    assert store.ingest(version("1", at(1), "a_much")) == Ingested(updated=1)
    assert values(store) == {"1": "a_much"}


def test_two_versions_in_one_arrival_count_once(store: Store) -> None:
    """An arrival that holds an annotation twice adds its newer version only."""
    older, newer = version("1", at(1), "tie"), version("1", at(2), "b_much")

    both = Frames(
        pa.concat_tables([newer.judgments, older.judgments, newer.judgments]),
        pa.concat_tables([newer.annotations, older.annotations, newer.annotations]),
        pa.concat_tables([newer.spans, older.spans, newer.spans]),
    )
    assert store.ingest(both) == Ingested(added=1)
    assert values(store) == {"1": "b_much"}
    assert len(rows(store)["spans"]) == 1


def test_a_deletion_is_not_undone_by_an_older_version(store: Store) -> None:
    """A tombstone keeps older versions out, also those it has never seen; a newer one is let in."""
    store.ingest(version("1", at(1)))
    gone = Deletion("tool", "1", ("1", "2"), at(5))
    assert store.ingest(Frames(), deletion=gone) == Ingested(deleted=1)
    assert store.ingest(version("1", at(1))) == Ingested(unchanged=1)
    assert store.ingest(version("2", at(4))) == Ingested(unchanged=1)
    assert values(store) == {}
    assert store.ingest(version("1", at(6))) == Ingested(added=1)


def test_what_is_missing_from_a_complete_page_is_deleted(store: Store) -> None:
    """Only annotations in the page's range of tasks, missing from it and not newer than it, are deleted."""
    for annotation, task, minute in (("1", 1, 1), ("2", 2, 1), ("3", 2, 9), ("4", 7, 1)):
        store.ingest(version(annotation, at(minute), task=task))
    assert store.ingest(version("1", at(1)), page(at(5), "1", through=5)) == Ingested(unchanged=1, deleted=1)
    assert set(values(store)) == {"1", "3", "4"}


def test_an_annotation_on_the_page_that_could_not_be_read_is_kept(store: Store) -> None:
    """A page that holds an annotation in a form that was refused does not delete what is stored of it."""
    store.ingest(version("1", at(1)))
    assert store.ingest(Frames(), page(at(5), "1")) == Ingested()
    assert set(values(store)) == {"1"}


def test_a_late_version_of_what_a_page_lacked_stays_out(store: Store) -> None:
    """A webhook that arrives after the page which shows that its annotation is gone changes nothing."""
    store.ingest(Frames(), page(at(5)))
    assert store.ingest(version("1", at(1))) == Ingested(unchanged=1)
    assert store.ingest(version("1", at(6))) == Ingested(added=1)


def test_a_later_page_heals_a_false_deletion(store: Store) -> None:
    """An annotation that a complete page shows after it was said to be deleted lives again."""
    store.ingest(version("1", at(1)))
    store.ingest(Frames(), deletion=Deletion("tool", "1", ("1",), at(5)))
    assert store.ingest(version("1", at(1)), page(at(8), "1")) == Ingested(added=1)


@pytest.mark.parametrize("forged_first", [True, False])
def test_a_page_refutes_a_version_that_the_tool_never_held(store: Store, forged_first: bool) -> None:
    """A forged webhook, newer than what the tool showed later, is undone by the pull and stays out after it."""
    forged = version("1", at(3), "b_much")
    store.ingest(version("1", at(1)))
    if forged_first:
        assert store.ingest(forged) == Ingested(updated=1)
    changed = Ingested(updated=1) if forged_first else Ingested(unchanged=1)
    assert store.ingest(version("1", at(1)), page(at(5), "1")) == changed
    assert store.ingest(forged) == Ingested(unchanged=1)
    assert values(store) == {"1": "tie"}
    assert store.ingest(version("1", at(6), "a_much")) == Ingested(updated=1)


def test_an_older_page_refutes_nothing(store: Store) -> None:
    """A page that arrives late says nothing about versions made after it, or shown by a newer page."""
    store.ingest(version("1", at(6), "b_much"))
    assert store.ingest(version("1", at(1)), page(at(5), "1")) == Ingested(unchanged=1)
    store.ingest(version("1", at(6), "b_much"), page(at(8), "1"))
    assert store.ingest(version("1", at(1)), page(at(7), "1")) == Ingested(unchanged=1)
    assert values(store) == {"1": "b_much"}


def test_the_same_ids_in_other_projects_are_other_annotations(store: Store) -> None:
    """Identity is source, project and annotation; a page deletes in its own project only."""
    store.ingest(version("1", at(1), project="1"))
    store.ingest(version("1", at(1), project="2"))
    assert len(rows(store)["annotations"]) == 2
    assert store.ingest(Frames(), page(at(5))) == Ingested(deleted=1)
    assert [row["project"] for row in rows(store)["annotations"]] == ["2"]


def test_refused_rows_are_remembered_once(store: Store) -> None:
    """The same refusal arriving twice is one row."""
    refused = (Refused("task 1", "value", "unknown code", "use one of the codes"),)
    for _ in range(2):
        assert store.ingest(Frames(refused=refused)).refused == refused
    with store.snapshot() as snapshot:
        assert snapshot.refused().count().to_pyarrow().as_py() == 1


@dataclass(frozen=True)
class Event:
    """Something a labelling tool says at a moment of its history."""

    apply: Callable[[Store], object]


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, str], list[Event]]:
    """A tool's history: what it holds at the end, and everything it said on the way."""
    living: dict[str, tuple[int, str, datetime]] = {}
    events: list[Event] = []
    for minute in range(1, draw(st.integers(2, 9))):
        kind = draw(st.sampled_from(["write", "write", "delete", "page"]))
        annotation = draw(st.sampled_from(["1", "2", "3"]))
        if kind == "write" and (annotation in living or not _was_deleted(annotation, events)):
            value = draw(st.sampled_from(["tie", "a_much", "b_much"]))
            living[annotation] = (int(annotation), value, at(minute))
            events.append(_written(annotation, *living[annotation]))
        elif kind == "delete" and annotation in living:
            del living[annotation]
            events.append(_deleted(annotation, at(minute)))
        elif kind == "page":
            events.append(_paged(dict(living), draw(st.integers(0, 2)), draw(st.sampled_from([None, 3])), at(minute)))
    return {annotation: value for annotation, (_, value, _) in living.items()}, events


def _written(annotation: str, task: int, value: str, updated: datetime) -> Event:
    arriving = version(annotation, updated, value, task)
    return Event(lambda store: store.ingest(arriving))


@dataclass(frozen=True)
class DeletionEvent(Event):
    """An event that says which annotation is gone."""

    annotation: str = ""


def _deleted(annotation: str, when: datetime) -> Event:
    deletion = Deletion("tool", "1", (annotation,), when)
    return DeletionEvent(lambda store: store.ingest(Frames(), deletion=deletion), annotation)


def _was_deleted(annotation: str, events: list[Event]) -> bool:
    """Tools never give the id of a deleted annotation again."""
    return any(isinstance(event, DeletionEvent) and event.annotation == annotation for event in events)


def _paged(living: dict[str, tuple[int, str, datetime]], after: int, through: int | None, when: datetime) -> Event:

    last = 99 if through is None else through
    inside = {name: row for name, row in living.items() if after < row[0] <= last}
    parts = [version(name, updated, value, task) for name, (task, value, updated) in inside.items()]
    arriving = Frames(
        pa.concat_tables([frames.JUDGMENTS.empty_table(), *(part.judgments for part in parts)]),
        pa.concat_tables([frames.ANNOTATIONS.empty_table(), *(part.annotations for part in parts)]),
        pa.concat_tables([frames.SPANS.empty_table(), *(part.spans for part in parts)]),
    )
    said = page(when, *inside, after=after, through=through)
    return Event(lambda store: store.ingest(arriving, said))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), data=st.data())
def test_order_and_repetition_never_matter(
    history: tuple[dict[str, str], list[Event]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the order and repetition in which a tool's words arrive, the store ends as the tool did."""
    expected, events = history
    order = data.draw(st.permutations(events))
    again = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    with Store(tmp_path_factory.mktemp("store") / FILE) as store:
        for event in [*order, *again]:
            event.apply(store)
        assert values(store) == expected


def test_a_store_open_elsewhere_is_said_plainly(tmp_path: Path) -> None:
    """A second process gets StoreLocked, which names the file and what to do."""
    path = tmp_path / FILE
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb, time; c = duckdb.connect({str(path)!r}); print('open', flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StoreLocked, match=f"{path} is open in another process"):
            Store(path)
    finally:
        holder.kill()
        holder.communicate()


def test_a_file_that_is_no_store_is_said_plainly(tmp_path: Path) -> None:
    """A file of garbage is StoreDamaged, not an error of the database."""
    path = tmp_path / FILE
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreDamaged, match="not a readable store"):
        Store(path)


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """A store whose schema is newer than this Concord knows is refused."""
    path = tmp_path / FILE
    Store(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")
    with pytest.raises(StoreTooNew, match="schema 99"):
        Store(path)


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    """Closing and opening a store changes nothing."""
    path = tmp_path / FILE
    with Store(path) as store:
        store.ingest(version("1", at(1)))
        before = rows(store)
    with Store(path) as store:
        assert rows(store) == before


def test_a_failed_ingest_changes_nothing(store: Store) -> None:
    """When merging fails half-way, nothing of it is kept and the store still works."""
    broken = replace(version("1", at(1)), spans=version("1", at(1)).spans.drop_columns(["text"]))
    with pytest.raises(duckdb.Error):
        store.ingest(broken)
    assert rows(store) == {"judgments": [], "annotations": [], "spans": []}
    assert store.ingest(version("1", at(1))) == Ingested(added=1)


def test_readers_see_one_moment_while_a_writer_works(store: Store) -> None:
    """Threads that read beside a writer always see whole annotations, and a snapshot never changes."""
    problems: list[str] = []
    writing = threading.Event()

    def read() -> None:
        while not writing.is_set():
            with store.snapshot() as snapshot:
                first = snapshot.annotations().count().to_pyarrow().as_py()
                answers = snapshot.judgments().count().to_pyarrow().as_py()
                second = snapshot.annotations().count().to_pyarrow().as_py()
            if not first == answers == second:
                problems.append(f"{first} annotations, {answers} judgments, then {second} annotations")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(30):
        store.ingest(version(str(number), at(number)))
    writing.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert len(rows(store)["annotations"]) == 30


def test_a_store_from_before_annotators_had_gender_and_region_gains_both(tmp_path: Path) -> None:
    """Such a store, of schema 5, is brought up to date, and its annotators have neither."""
    path = tmp_path / FILE
    person = frames.table([{"annotator": "r1", "vendor": "north"}], frames.ANNOTATORS)
    with Store(path) as store:
        store.register(Manifest(annotators=person))
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE annotators DROP gender; ALTER TABLE annotators DROP region")
        connection.execute("UPDATE schema_version SET version = 5")
    with Store(path) as store, store.snapshot() as snapshot:
        (row,) = snapshot.annotators().to_pyarrow().to_pylist()
    assert (row["vendor"], row["gender"], row["region"]) == ("north", None, None)


def test_frames_from_before_annotators_had_gender_and_region_are_read(tmp_path: Path) -> None:
    """Columns that a frame was kept without are null."""
    for name in ("judgments", "annotations", "spans", "items", "annotators", "projects"):
        schema = getattr(frames, name.upper())
        rows = frames.table([{"annotator": "r1"}] if name == "annotators" else [], schema)
        pq.write_table(
            rows.drop_columns([each for each in ("gender", "region") if each in schema.names]),
            tmp_path / f"{name}.parquet",
        )
    (row,) = read_folder(tmp_path).manifest.annotators.to_pylist()
    assert (row["annotator"], row["gender"], row["region"]) == ("r1", None, None)


def test_a_programme_that_tells_no_gold_leaves_an_item_to_the_one_that_does(store: Store) -> None:
    """An audit of an item without its gold takes nothing away; the item's own programme may, and so may other gold."""
    item = {"item": "i1", "workflow": "preference", "locale": "de-DE", "gold": '{"overall": "tie"}', "domain": "law"}

    def told(programme: str, **changed: str | None) -> tuple[str | None, str | None, list[str]]:
        row = item | {"programme": programme} | changed
        store.register(Manifest(items=frames.table([row], frames.ITEMS)))
        with store.snapshot() as snapshot:
            (found,) = snapshot.items().to_pyarrow().to_pylist()
            shown = snapshot.layouts().to_pyarrow()["programme"].to_pylist()
        return found["programme"], found["gold"], sorted(shown)

    assert told("first") == ("first", item["gold"], ["first"])
    assert told("audit", gold=None, domain=None) == ("first", item["gold"], ["audit", "first"])
    assert told("audit", gold='{"overall": "a_much"}') == ("audit", '{"overall": "a_much"}', ["audit", "first"])
    assert told("audit", gold=None) == ("audit", None, ["audit", "first"])


def test_suggestions_are_of_the_programme_that_told_of_their_item(store: Store) -> None:
    """That of the manifest, else the one that is known of the item, else of none."""
    about = {"question": "overall", "target": "item", "helper": "judge", "provider": "m", "shown": True, "made": at(1)}
    gold = {"item": "i1", "programme": "first", "workflow": "preference", "locale": "de-DE", "gold": "{}"}
    for items in ([gold], [], [gold | {"programme": "audit", "gold": None}]):
        told = [{"item": name, "value": "tie", **about} for name in ("i1", "unknown")]
        rows = frames.table(items, frames.ITEMS), frames.table(told, frames.SUGGESTIONS)
        store.register(Manifest(items=rows[0], suggestions=rows[1]))
    with store.snapshot() as snapshot:
        found = snapshot.suggestions().order_by("item", "programme").to_pyarrow().to_pylist()
    assert [(row["item"], row["programme"]) for row in found] == [("i1", "audit"), ("i1", "first"), ("unknown", None)]


def test_a_store_from_before_scores_by_words_learns_lengths_pass_marks_and_penalties(tmp_path: Path) -> None:
    """Such a store, of schema 6, keeps its items, whose length is unknown until their manifest comes again."""
    path = tmp_path / FILE
    item = {"item": "i1", "programme": "probe", "workflow": "fluency_review", "locale": "de-DE"}
    with Store(path) as store:
        store.register(Manifest(items=frames.table([item], frames.ITEMS)))
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE items DROP words; DROP TABLE pass_marks; DROP TABLE penalties")
        connection.execute("UPDATE schema_version SET version = 6")
    with Store(path) as store:
        with store.snapshot() as snapshot:
            assert [row["words"] for row in snapshot.items().to_pyarrow().to_pylist()] == [None]
            assert snapshot.penalties().count().to_pyarrow().as_py() == 0
        told = frames.table([item | {"words": [{"target": "a", "words": 12.5}]}], frames.ITEMS)
        mark = {"programme": "probe", "workflow": "fluency_review", "measure": "per_1000_words", "at_most": 25.0}
        store.register(Manifest(items=told, pass_marks=frames.table([mark], frames.PASS_MARKS)))
        store.register(Manifest(pass_marks=frames.table([mark | {"at_most": None}], frames.PASS_MARKS)))
        with store.snapshot() as snapshot:
            (row,) = snapshot.items().to_pyarrow().to_pylist()
            (forgotten,) = snapshot.pass_marks().to_pyarrow().to_pylist()
    assert row["words"] == [{"target": "a", "words": 12.5}]
    assert forgotten["at_most"] is None
