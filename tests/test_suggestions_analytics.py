"""Suggestions in the store, and how far showing them pulls answers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from analytics_bodies import ANALYST, INGEST, START, Answer, config, export, manifest, service_of
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from statistics_data import KEY, NOON, QUESTION, judgments

import guidelines
from analytics import create_app
from analytics.errors import UnknownGrouping
from analytics.rebuild import rebuild
from analytics.store import FILE, Store
from analytics.suggestions import Pull, Share, pull_difference, pulls
from concord import main
from plugins.frames import SUGGESTIONS, table

pytest_plugins = ["analytics_fixtures"]

COLUMNS = ["item", "annotator", "value"]


def suggestion(item: str, value: str | None, shown: bool, **more: Any) -> dict[str, Any]:
    """A row of `frames.SUGGESTIONS`."""
    same = {"question": QUESTION, "target": "item", "helper": "judge", "provider": "p", "share": 0.5, "made": NOON}
    return {"item": item, "value": value, "shown": shown, **same, **more}


def pulled(rows: list[tuple[str, str, str]], made: list[dict[str, Any]], **more: Any) -> list[Pull]:
    """The pulls of these answers (item, annotator, value) and suggestions."""
    return pulls(judgments(pd.DataFrame(rows, columns=COLUMNS)), ibis.memtable(table(made, SUGGESTIONS)), **more)


def newcombe() -> tuple[list[tuple[str, str, str]], list[dict[str, Any]]]:
    """56 of 70 against 48 of 80, each answer on an item of its own."""
    arms = [(f"i{at}", at < 70, at < 56 or 70 <= at < 118) for at in range(150)]
    answers = [(item, f"a{at % 7}", "yes" if agrees else "no") for at, (item, _, agrees) in enumerate(arms)]
    return answers, [suggestion(item, "yes", shown) for item, shown, _ in arms]


def test_the_interval_is_newcombes() -> None:
    """Newcombe 1998 (Stat. Med. 17, 873-890), table II: 56/70 less 48/80 by method 10 is .2, from .0524 to .3339."""
    (found,) = pulled(*newcombe())
    assert found.group == {"workflow": KEY[0], "question": QUESTION, "locale": "de-DE"}
    assert found.helper == "judge"
    assert (found.shown.value, found.shown.n_judgments, found.shown.n_items) == (0.8, 70, 70)
    assert (found.hidden.value, found.hidden.n_judgments) == (0.6, 80)
    difference = found.difference
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert (difference.n_items, difference.n_judgments, difference.n_annotators) == (150, 150, 7)


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Newcombe 1998 (Stat. Med. 17, 857-872), table I, method 3: 81/263, 15/148, 0/20 and 1/29."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (equal, n), interval in published.items():
        share = Share(n, n, equal, float(equal), float(equal), float(n))
        assert share.interval(0.95) == pytest.approx(interval, abs=5e-5)


def test_answers_on_one_item_count_as_what_they_are() -> None:
    """Three people who always agree with each other say no more than one: the interval is that of the items."""
    answers, made = newcombe()
    thrice = [(item, f"{who}-{copy}", value) for item, who, value in answers for copy in range(3)]
    (once,), (found,) = pulled(answers, made), pulled(thrice, made)
    assert found.shown.n_judgments == 210
    ends = (once.difference.low, once.difference.high)
    assert (found.difference.low, found.difference.high) == pytest.approx(ends, abs=0.002)


def test_intervals_hold_the_truth_when_answers_on_an_item_are_alike() -> None:
    """95 of 100 intervals of the difference, within the error of 300 simulations; chances differ from item to item."""
    draw = np.random.default_rng(11)
    held = []
    for _ in range(300):
        found = pull_difference(_simulated(draw, 0.7), _simulated(draw, 0.5), 5, 0.95)
        held.append(found.low is not None and found.high is not None and found.low <= 0.2 <= found.high)
    assert 0.91 <= np.mean(held) <= 0.99


def _simulated(draw: np.random.Generator, chance: float) -> Share:
    """Sixty items with five answers each."""
    equal = draw.binomial(5, draw.beta(3 * chance, 3 * (1 - chance), 60)).astype(float)
    return Share(60, 300, int(equal.sum()), float(equal @ equal), float(5 * equal.sum()), 60 * 25.0)


def test_nothing_suggested_is_no_row() -> None:
    """Nor is a suggestion that nobody answered, or one without a value."""
    assert pulled([("i", "a", "yes")], []) == []
    assert pulled([("i", "a", "yes")], [suggestion("j", "yes", True), suggestion("i", None, False)]) == []


@pytest.mark.parametrize("shown", [True, False])
def test_one_group_alone_has_no_difference(shown: bool) -> None:
    """All shown, or all hidden: a share with its interval, and the reason why there is no more."""
    (found,) = pulled([("i", "a", "yes"), ("j", "a", "no")], [suggestion(item, "yes", shown) for item in "ij"])
    there, missing = (found.shown, found.hidden) if shown else (found.hidden, found.shown)
    other = "hidden" if shown else "shown"
    assert (there.value, there.n_judgments, there.undefined) == (0.5, 2, None)
    assert (missing.value, missing.undefined) == (None, f"no answer to an item whose suggestion was {other}")
    undefined = f"no answer to an item that was drawn to have it {other}"
    assert (found.difference.value, found.difference.undefined) == (None, undefined)


def test_only_items_that_were_drawn_are_compared() -> None:
    """Masked texts, older tasks and helpers that are always shown may differ in more: they have shares alone."""
    answers = [(item, "a", "yes") for item in "ghijk"]
    drawn = [suggestion("g", "yes", True), suggestion("h", "no", False)]
    others = [
        suggestion("i", "no", False, share=None),
        suggestion("j", "no", True, share=1.0),
        suggestion("k", "no", False, share=0.0),
    ]
    (found,) = pulled(answers, [*drawn, *others])
    assert (found.shown.value, found.shown.n_items) == (0.5, 2)
    assert (found.hidden.value, found.hidden.n_items) == (0.0, 3)
    assert (found.difference.value, found.difference.n_items, found.difference.n_annotators) == (1.0, 2, 1)
    (found,) = pulled(answers, others)
    assert found.difference.undefined == "no answer to an item that was drawn to have it shown or hidden"


def test_one_item_has_the_widest_interval() -> None:
    """Five people on it are one item still."""
    (found,) = pulled([("i", f"a{at}", "yes") for at in range(5)], [suggestion("i", "yes", True)])
    assert (found.shown.value, found.shown.n_items, found.shown.n_judgments) == (1.0, 1, 5)
    assert found.shown.low == pytest.approx(0.2065, abs=1e-4)  # Wilson's for one of one


def test_an_annotators_newest_answer_counts() -> None:
    """They may have been pulled only later."""
    answers = pd.DataFrame([("i", "a", "yes"), ("i", "a", "no"), ("j", "a", "yes")], columns=COLUMNS)
    answers["updated"] = [NOON, NOON + timedelta(minutes=1), NOON]
    made = ibis.memtable(table([suggestion("i", "no", True), suggestion("j", "no", False)], SUGGESTIONS))
    (found,) = pulls(judgments(answers), made)
    assert (found.shown.value, found.shown.n_judgments, found.hidden.value) == (1.0, 1, 0.0)


def test_of_suggestions_made_anew_the_shown_one_counts() -> None:
    """Else the one that was drawn, else the newest: what annotators saw is what could pull them."""
    later = NOON + timedelta(days=1)
    made = [
        suggestion("i", "yes", True),
        suggestion("i", "no", False, made=later),
        suggestion("j", "yes", False),
        suggestion("j", "no", False, made=later, share=None),
        suggestion("k", "yes", False, share=None),
        suggestion("k", "no", False, made=later, share=None),
    ]
    (found,) = pulled([("i", "a", "yes"), ("j", "a", "yes"), ("k", "a", "no")], made)
    assert (found.shown.value, found.hidden.value, found.hidden.n_items) == (1.0, 1.0, 2)


def test_helpers_and_groups_have_rows_of_their_own() -> None:
    """Sorted; a helper's name is always there."""
    made = [suggestion(item, "yes", item == "i", helper=helper) for item in "ij" for helper in ("rubric", "judge")]
    frame = pd.DataFrame([("i", "a", "yes"), ("j", "b", "no")], columns=COLUMNS).assign(vendor=["north", "south"])
    rows = pulls(judgments(frame), ibis.memtable(table(made, SUGGESTIONS)), by=("vendor",))
    assert [(row.group["vendor"], row.helper) for row in rows] == [
        ("north", "judge"),
        ("north", "rubric"),
        ("south", "judge"),
        ("south", "rubric"),
    ]
    with pytest.raises(UnknownGrouping):
        pulled([("i", "a", "yes")], made, by=("mood",))


def test_a_group_without_a_name_is_one_group() -> None:
    """A vendor that no manifest named is null, and null is one group."""
    frame = pd.DataFrame([("i", "a", "yes"), ("j", "b", "no")], columns=COLUMNS).assign(vendor=None)
    made = [suggestion("i", "yes", True), suggestion("j", "yes", False)]
    answers = judgments(frame.astype({"vendor": "string[pyarrow]"}))
    (found,) = pulls(answers, ibis.memtable(table(made, SUGGESTIONS)), by=("vendor",))
    assert (found.group["vendor"], found.difference.n_judgments) == (None, 2)


def _sent(item: str, value: str | None, shown: bool) -> dict[str, Any]:
    return {**suggestion(item, value, shown, question="overall"), "made": START.isoformat()}


@pytest.fixture
def suggested(client: FlaskClient) -> FlaskClient:
    """Eight answered items: four showed a suggestion that all followed, four had a hidden one that none met."""
    rows = [_sent(f"item-11-{task}", "tie" if task <= 4 else "a_much", task <= 4) for task in range(1, 9)]
    body = {**manifest(), "suggestions": rows}
    assert client.post("/v1/manifests", json=body, headers=INGEST).status_code == 200
    answers = [Answer(10 * task + user, task, user, "tie") for task in range(1, 9) for user in (1, 2, 3)]
    assert client.post("/v1/exports", json=export(answers), headers=INGEST).status_code == 200
    return client


def rows_of(client: FlaskClient, **asked: str) -> list[dict[str, Any]]:
    """What the route answers."""
    answer = client.get("/v1/suggestions", query_string=asked, headers=ANALYST)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json["rows"]  # type: ignore[index]
    return rows


def test_the_route_tells_both_shares_and_the_difference(suggested: FlaskClient) -> None:
    """Per workflow, question, locale and helper."""
    (row,) = rows_of(suggested)
    names = ("workflow", "question", "locale", "helper")
    assert [row[name] for name in names] == ["preference", "overall", "de-DE", "judge"]
    assert (row["shown"]["value"], row["hidden"]["value"], row["difference"]["value"]) == (1.0, 0.0, 1.0)
    assert row["shown"]["n_judgments"] == row["hidden"]["n_judgments"] == 12
    assert 0 < row["difference"]["low"] < 1
    by_vendor = rows_of(suggested, by="vendor", question="overall", workflow="preference")
    assert [each["vendor"] for each in by_vendor] == ["north", "south"]
    assert rows_of(suggested, question="clarity") == []


def test_the_route_knows_what_can_be_asked(suggested: FlaskClient) -> None:
    """A misspelt question is refused, with those that there are."""
    answer = suggested.get("/v1/suggestions?question=overal", headers=ANALYST)
    assert answer.status_code == 422
    assert "overall" in answer.text


def test_csv_has_the_same_rows(suggested: FlaskClient) -> None:
    """Flat, for a spreadsheet."""
    answer = suggested.get("/v1/suggestions?format=csv", headers=ANALYST)
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["helper"], row["difference.value"], row["simulated"]) == ("judge", "1.0", "none")


def test_a_manifest_sent_again_changes_nothing_and_a_redrawn_item_replaces(suggested: FlaskClient) -> None:
    """A push that failed before its tasks were made draws again; nobody had seen the first."""
    before = rows_of(suggested)
    same = {"source": "label_studio", "suggestions": [_sent("item-11-1", "tie", True)]}
    assert suggested.post("/v1/manifests", json=same, headers=INGEST).status_code == 200
    assert rows_of(suggested) == before
    redrawn = {"source": "label_studio", "suggestions": [_sent("item-11-1", "tie", False)]}
    assert suggested.post("/v1/manifests", json=redrawn, headers=INGEST).status_code == 200
    (row,) = rows_of(suggested)
    assert (row["shown"]["n_items"], row["hidden"]["n_items"]) == (3, 5)


def test_what_a_later_push_tells_does_not_undo_the_draw(suggested: FlaskClient) -> None:
    """It reads from the task what is shown, and knows no chance any more; of what is new it knows at least that."""
    before = rows_of(suggested)
    again = [{**_sent(f"item-11-{task}", "tie", True), "share": None} for task in (5, 99)]
    again[0]["value"] = "a_much"
    body = {"source": "label_studio", "suggestions": again}
    assert suggested.post("/v1/manifests", json=body, headers=INGEST).status_code == 200
    assert rows_of(suggested) == before
    with service_of(suggested.application).store.snapshot() as snapshot:
        told = {row["item"]: (row["shown"], row["share"]) for row in snapshot.suggestions().to_pyarrow().to_pylist()}
    assert (told["item-11-5"], told["item-11-99"]) == ((False, 0.5), (True, None))


@pytest.mark.parametrize(
    "change", [{"shown": "yes"}, {"made": None}, {"helper": ""}, {"model": "x"}, {"value": 4}, {"share": 2}]
)
def test_a_row_that_is_no_suggestion_is_refused(change: Mapping[str, Any], client: FlaskClient) -> None:
    """With the field; nothing is kept."""
    body = {"source": "label_studio", "suggestions": [{**_sent("one", "tie", True), **change}]}
    answer = client.post("/v1/manifests", json=body, headers=INGEST)
    assert answer.status_code == 422
    assert next(iter(change)) in answer.text


def _stored(data: Path) -> list[Any]:
    with Store(data / FILE) as store, store.snapshot() as snapshot:
        return sorted(snapshot.suggestions().to_pyarrow().to_pylist(), key=lambda row: str(row["item"]))


def test_a_rebuilt_store_tells_the_same(tmp_path: Path) -> None:
    """Manifests are kept raw, suggestions included."""
    app = create_app(config(tmp_path))
    body = {**manifest(), "suggestions": [_sent("item-11-1", "tie", True), _sent("item-11-2", None, False)]}
    assert app.test_client().post("/v1/manifests", json=body, headers=INGEST).status_code == 200
    service_of(app).close()
    before = _stored(tmp_path)
    assert [(row["item"], row["value"], row["shown"]) for row in before] == [
        ("item-11-1", "tie", True),
        ("item-11-2", None, False),
    ]
    rebuild(tmp_path, guidelines.load(), config(tmp_path).pseudonym_key)
    assert _stored(tmp_path) == before


def test_an_older_store_gets_the_table(tmp_path: Path) -> None:
    """One of schema 2, from before there were suggestions."""
    with Store(tmp_path / FILE):
        pass
    with duckdb.connect(str(tmp_path / FILE)) as connection:
        for name in ("suggestions", "screenings", "served"):
            connection.execute(f"DROP TABLE {name}")
        connection.execute("UPDATE schema_version SET version = 2")
    assert _stored(tmp_path) == []


@pytest.fixture
def folder(tmp_path: Path, client: FlaskClient, app: Flask) -> Path:
    """A folder of frames, made from a store with four answers."""
    answers = [Answer(10 * task + 1, task, 1, "tie") for task in range(1, 5)]
    client.post("/v1/manifests", json=manifest(), headers=INGEST)
    client.post("/v1/exports", json=export(answers), headers=INGEST)
    frames = tmp_path / "frames"
    frames.mkdir()
    with service_of(app).store.snapshot() as snapshot:
        for name in ("judgments", "annotations", "spans", "items", "annotators", "projects"):
            pq.write_table(getattr(snapshot, name)().to_pyarrow(), frames / f"{name}.parquet")
    return frames


def _run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_frames_are_loaded_with_and_without_suggestions(folder: Path, tmp_path: Path) -> None:
    """Folders from before there were any are still good; the command tells the figures."""
    _run("load", folder, "--data", tmp_path / "without")
    assert _stored(tmp_path / "without") == []
    rows = [suggestion(f"item-11-{task}", "tie", task < 3, question="overall") for task in range(1, 5)]
    pq.write_table(table(rows, SUGGESTIONS), folder / "suggestions.parquet")
    _run("load", folder, "--data", tmp_path / "with")
    asked = ("suggestions", "--data", tmp_path / "with", "--question", "overall")
    (row,) = json.loads(_run(*asked, "--format", "json"))["rows"]
    assert (row["helper"], row["shown"]["value"], row["hidden"]["value"]) == ("judge", 1.0, 1.0)
    assert "1.00 (" in _run(*asked)
    rebuild(tmp_path / "with", guidelines.load(), b"")
    assert len(_stored(tmp_path / "with")) == 4
