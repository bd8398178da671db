"""A programme pushed into a real Argilla, annotated there by three people, and pulled back into analytics."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from analytics_bodies import config
from argilla_process import Argilla, Person, running_argilla
from e2e_programme import PEOPLE, SECRETS, Entry, entries, span, write_programme
from e2e_services import until
from pushing_analytics import Analytics, running_analytics

import guidelines
from guidelines import Library
from guidelines.model import Guideline, GuidelineVersion, Workflow
from plugins.argilla.api import Api
from plugins.argilla.errors import FrozenDataset
from plugins.argilla.pull import pull, pull_frames
from plugins.argilla.push import push
from plugins.blinding import task_data
from plugins.errors import NotAllowed, PluginError, Unreachable
from plugins.label_studio.parse import read_tasks
from plugins.label_studio.results import Given, Span, to_result
from plugins.programme import Programme, load
from plugins.projects import Projects
from plugins.pseudonym import pseudonym
from plugins.pulling import Progress

LOCALES = ("en-US", "ar-EG")
NAMES = count()
Row = dict[str, Any]


@pytest.fixture(scope="module")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Argilla]:
    """A real, empty Argilla."""
    with running_argilla(tmp_path_factory.mktemp("argilla")) as argilla:
        yield argilla


@pytest.fixture(scope="module")
def people(argilla: Argilla) -> list[Person]:
    """Three annotators with accounts."""
    return [argilla.create_user(email) for email in PEOPLE]


@pytest.fixture(scope="module")
def library() -> Library:
    """The guidelines that come with the product."""
    return guidelines.load()


@pytest.fixture
def programme(tmp_path: Path, library: Library) -> Programme:
    """A small programme of its own for each test: marked errors and ratings in two locales."""
    root = write_programme(tmp_path / "programme", f"probe{next(NAMES)}", workflows=["fluency_review"], locales=LOCALES)
    head = json.loads((root / "programme.yaml").read_text("utf-8"))
    (root / "programme.yaml").write_text(json.dumps({**head, "source": "argilla"}), "utf-8")
    return load(root, library)


@pytest.fixture
def analytics(tmp_path: Path) -> Iterator[Analytics]:
    """A service with an empty store."""
    with running_analytics(tmp_path / "analytics") as analytics:
        yield analytics


@pytest.fixture
def api(argilla: Argilla) -> Iterator[Api]:
    """Argilla with its owner's key."""
    with Api(argilla.url, argilla.key) as api:
        yield api


def datasets(argilla: Argilla, programme: Programme, key: str | None = None) -> dict[str, Row]:
    """The programme's datasets that somebody sees, by name."""
    mine = f"concord:{programme.programme}/"
    listed = argilla.call("GET", "/me/datasets", key=key)["items"]
    return {each["name"]: each for each in listed if each["metadata"]["concord"].startswith(mine)}


def records(argilla: Argilla, dataset: Row) -> dict[str, Row]:
    """A dataset's records by item."""
    path = f"/datasets/{dataset['id']}/records?include=responses&include=suggestions&limit=100"
    return {record["external_id"]: record for record in argilla.call("GET", path)["items"]}


def entered(locale: str) -> list[Entry]:
    """What everyone enters in one locale; a correction is one line in Argilla."""
    mine = [each for each in entries() if (each.workflow, each.locale) == ("fluency_review", locale)]
    return [
        replace(
            each,
            marks=tuple(replace(m, correction=m.correction and m.correction.replace("\n", " ")) for m in each.marks),
        )
        for each in mine
    ]


def values(entry: Entry, record: Row) -> Row:
    """The entry as Argilla's page sends it: offsets count UTF-16 units of the text that it shows."""
    shown = record["fields"]["response_a"]
    marks = [
        {
            "label": f"{mark.category}/{mark.severity}",
            "start": units(shown, mark.words),
            "end": units(shown, mark.words, end=True),
        }
        for mark in entry.marks
    ]
    lines = [f"{mark.words} = {mark.correction}" for mark in entry.marks if mark.correction]
    said = {"errors__a": marks, "fluency": int(entry.codes["fluency"]), "completeness": entry.codes["completeness"]}
    said |= {"errors__a__corrections": "\n".join(lines)} if lines else {}
    return {name: {"value": value} for name, value in said.items()}


def units(shown: str, words: str, *, end: bool = False) -> int:
    """Where the words begin or end, as JavaScript counts."""
    place = shown.index(words) + (len(words) if end else 0)
    return len(shown[:place].encode("utf-16-le")) // 2


def respond(argilla: Argilla, person: Person, record: Row, status: str, said: Row | None) -> None:
    """One response with this person's own key."""
    item = {"record_id": record["id"], "status": status, **({} if said is None else {"values": said})}
    answer = argilla.call("POST", "/me/responses/bulk", {"items": [item]}, key=person.key)
    assert answer["items"][0]["error"] is None, answer


# Who does something else than submit: (locale, item, person).
DISCARDED = ("ar-EG", 1, 1)
DRAFT = ("en-US", 2, 0)


def annotate(argilla: Argilla, programme: Programme, people: list[Person]) -> list[tuple[Entry, Person]]:
    """Everybody answers everything, but for one who discards and one who does not finish; who submitted what."""
    submitted = []
    for locale in LOCALES:
        shown = records(argilla, datasets(argilla, programme)[f"fluency_review {locale}"])
        for entry in entered(locale):
            person, record = people[entry.person], shown[entry.item]
            place = (locale, entry.number, entry.person)
            status = {DISCARDED: "discarded", DRAFT: "draft"}.get(place, "submitted")
            respond(argilla, person, record, status, None if status == "discarded" else values(entry, record))
            if status == "submitted":
                submitted.append((entry, person))
    return submitted


def as_label_studio(
    submitted: list[tuple[Entry, Person]], programme: Programme, library: Library, key: bytes
) -> dict[str, list[Row]]:
    """The judgments and spans that Label Studio gives for the same answers."""
    workflow = library.workflows["fluency_review"]
    items = {item.item: item for item in programme.items}
    since = datetime(2020, 1, 1, tzinfo=UTC)
    head = {"source": "label_studio", "programme": programme.programme, "stage": "audit", "guideline_version": "v"}
    rows = [
        {**head, "project": str(number), "workflow": "fluency_review", "locale": locale, "since": since}
        for number, locale in enumerate(LOCALES)
    ]
    tasks = []
    for number, (entry, _) in enumerate(submitted):
        data = task_data(items[entry.item], (0,))
        annotation = {"id": number, "completed_by": number, "created_at": "2026-01-01T00:00:00Z"}
        result = to_result(given(entry, workflow), workflow, data)
        annotation |= {"updated_at": "2026-01-01T00:00:00Z", "result": result, "was_cancelled": False}
        project = LOCALES.index(entry.locale)
        tasks.append({"id": number, "project": project, "data": data, "annotations": [annotation]})
    frames = read_tasks(tasks, Projects.of("label_studio", rows), library, key)
    assert frames.refused == ()
    return {"judgments": frames.judgments.to_pylist(), "spans": frames.spans.to_pylist()}


def given(entry: Entry, workflow: Workflow) -> dict[tuple[str, str], Given]:
    """The entry's answers by question and target."""
    marks = [Span(*span(mark, entry.text), mark.category, mark.severity, mark.correction or "") for mark in entry.marks]
    return {("errors", "a"): marks, **{(question, "item"): code for question, code in entry.codes.items()}}


SAID = {
    "judgments": "workflow locale item stage question target value number original",
    "spans": "workflow locale item stage question target start end text category severity weight correction",
}


def said(rows: list[Row], frame: str, who: Callable[[Row], str]) -> list[str]:
    """What the rows say and who said it, in an order of its own."""
    return sorted(str((who(row), *(row[name] for name in SAID[frame].split()))) for row in rows)


@pytest.mark.timeout(120)
def test_argilla_gives_the_judgments_and_spans_that_label_studio_gives(
    argilla: Argilla,
    people: list[Person],
    programme: Programme,
    library: Library,
    api: Api,
    analytics: Analytics,
    tmp_path: Path,
) -> None:
    """Emoji before a mark, Arabic, corrections: the same answers make the same rows; drafts make none."""
    report = push(programme, library, api, analytics.client)
    assert [(each.locale, each.change, each.tasks_added) for each in report.projects] == [
        ("en-US", "created", 3),
        ("ar-EG", "created", 3),
    ]
    submitted = annotate(argilla, programme, people)
    pulled = list(pull(programme, api, analytics.client, Progress(tmp_path / "pull.json"), page_size=2))
    assert [(each.tasks, each.counts["added"], each.refused) for each in pulled] == [(3, 8, ()), (3, 9, ())]
    key = config(tmp_path).pseudonym_key
    wanted = as_label_studio(submitted, programme, library, key)
    names = {pseudonym(key, "argilla", person.id): person.username for person in people}
    authors = {pseudonym(key, "label_studio", str(n)): person.username for n, (_, person) in enumerate(submitted)}
    for frame, rows in wanted.items():
        assert said(analytics.rows(frame), frame, lambda row: names[row["annotator"]]) == said(
            rows, frame, lambda row: authors[row["annotator"]]
        )
    annotations = analytics.rows("annotations")
    assert [row["status"] for row in annotations].count("submitted") == len(submitted) == 16
    discarded = [row for row in annotations if row["status"] == "discarded"]
    assert [(row["item"], names[row["annotator"]]) for row in discarded] == [("fluency_review-ar-EG-1", PEOPLE[1])]
    versions = {row["locale"]: row["guideline_version"] for row in annotations}
    assert versions == {each: str(library.guideline("fluency_review", each).version) for each in LOCALES}
    assert all(abs((datetime.now(UTC) - row["updated"]).total_seconds()) < 120 for row in annotations)
    assert {row["lead_time"] for row in annotations} == {None}
    frames = list(pull_frames(programme, library, api, key, page_size=2))
    assert sum(page.judgments.num_rows for page in frames) == len(wanted["judgments"])


def test_annotators_see_the_texts_of_their_locales_and_nothing_that_unblinds(
    argilla: Argilla, people: list[Person], programme: Programme, library: Library, api: Api, analytics: Analytics
) -> None:
    """Texts, a number and the item's name; no suggestion; a dataset in each locale they are put into."""
    only_english = replace(programme.annotators[2], locales=("en-US",))
    report = push(
        replace(programme, annotators=(*programme.annotators[:2], only_english)), library, api, analytics.client
    )
    assert report.without_account == ()
    seen = {person.username: set(datasets(argilla, programme, person.key)) for person in people}
    both = {f"fluency_review {locale}" for locale in LOCALES}
    assert seen == {PEOPLE[0]: both, PEOPLE[1]: both, PEOPLE[2]: {"fluency_review en-US"}}
    for dataset in datasets(argilla, programme, people[0].key).values():
        shown = records(argilla, dataset)
        assert len(shown) == 3
        for record in shown.values():
            assert set(record["fields"]) == {"prompt", "response_a", "guideline"}
            assert set(record["metadata"]) == {"number"}
            assert record["suggestions"] == []
        known = json.dumps([dataset["metadata"], list(shown.values())], ensure_ascii=False)
        assert [secret for secret in SECRETS if secret in known] == []
    assert {arm["model"] for item in analytics.rows("items") for arm in item["arms"]} == {"hidden-model-x"}


class Changed:
    """The guidelines after an edit."""

    def __init__(self, library: Library, change: Callable[[Guideline], Guideline]) -> None:
        self.workflows, self._library, self._change = library.workflows, library, change

    def guideline(self, workflow: str, locale: str) -> Guideline:
        """One guideline, edited."""
        return self._change(self._library.guideline(workflow, locale))


def reworded(guideline: Guideline) -> Guideline:
    """Another title, another name of a choice, another text; the same codes."""
    version = GuidelineVersion("fluency_review", "9.9", guideline.locale, "0", "abcdef")
    first, *rest = guideline.workflow.question("completeness").choices
    questions = tuple(
        replace(each, title=f"{each.title} (new)", choices=(replace(first, title="Nothing is there"), *rest))
        if each.id == "completeness"
        else each
        for each in guideline.workflow.questions
    )
    workflow = replace(guideline.workflow, questions=questions, texts={**guideline.workflow.texts, "prompt": "Task"})
    return replace(guideline, workflow=workflow, version=version, markdown="# New\n\nBe kind.\n")


def test_a_new_version_changes_words_in_a_live_dataset_and_keeps_codes_and_answers(
    argilla: Argilla, people: list[Person], programme: Programme, library: Library, api: Api, analytics: Analytics
) -> None:
    """What was answered before keeps its version, what comes after has the new one; then there is nothing to do."""
    push(programme, library, api, analytics.client)
    dataset = datasets(argilla, programme)["fluency_review en-US"]
    shown = records(argilla, dataset)
    before, after = entered("en-US")[:2]
    respond(argilla, people[0], shown[before.item], "submitted", values(before, shown[before.item]))
    changed = Changed(library, reworded)
    assert {each.change for each in push(programme, library, api, analytics.client).projects} == {"unchanged"}
    assert {each.change for each in push(programme, changed, api, analytics.client).projects} == {"updated"}
    assert {each.change for each in push(programme, changed, api, analytics.client).projects} == {"unchanged"}
    respond(argilla, people[1], shown[after.item], "submitted", values(after, shown[after.item]))
    asked = {each["name"]: each for each in argilla.call("GET", f"/datasets/{dataset['id']}/questions")["items"]}
    assert asked["completeness"]["title"].endswith("(new)")
    options = asked["completeness"]["settings"]["options"]
    assert options[0]["text"] == "Nothing is there"
    assert [each["value"] for each in options] == ["missing", "partial", "complete"]
    assert "Be kind." in datasets(argilla, programme)["fluency_review en-US"]["guidelines"]
    frames = [page for page in pull_frames(programme, library, api, b"key") if page.annotations.num_rows]
    versions = [row["guideline_version"] for page in frames for row in page.annotations.to_pylist()]
    assert sorted(versions) == sorted(
        [str(library.guideline("fluency_review", "en-US").version), "fluency_review 9.9 / en-US 0 @abcdef"]
    )


def less(guideline: Guideline) -> Guideline:
    """A code less."""
    questions = [replace(each, choices=each.choices[1:]) for each in guideline.workflow.questions]
    return replace(reworded(guideline), workflow=replace(guideline.workflow, questions=tuple(questions)))


def fewer(guideline: Guideline) -> Guideline:
    """A question less."""
    workflow = replace(guideline.workflow, questions=guideline.workflow.questions[:-1])
    return replace(reworded(guideline), workflow=workflow)


@pytest.mark.parametrize("change", [less, fewer])
def test_a_guideline_that_would_orphan_answers_changes_nothing(
    argilla: Argilla,
    programme: Programme,
    library: Library,
    api: Api,
    analytics: Analytics,
    change: Callable[[Guideline], Guideline],
) -> None:
    """Refused before the first change, naming dataset and question."""
    push(programme, library, api, analytics.client)
    before = datasets(argilla, programme)
    with pytest.raises(FrozenDataset, match=r"fluency_review en-US .*completeness"):
        push(programme, Changed(library, change), api, analytics.client)
    assert datasets(argilla, programme) == before


def test_a_push_that_was_cut_off_goes_on_and_a_pull_notices_what_was_deleted(
    argilla: Argilla, people: list[Person], programme: Programme, library: Library, api: Api, analytics: Analytics
) -> None:
    """An unfinished dataset is made anew, a missing record is added under a new number, its answers are gone."""
    workspace = api.create_workspace(f"{programme.programme} en-US")
    unfinished = {"name": "fluency_review en-US", "workspace_id": workspace}
    marker = {"concord": f"concord:{programme.programme}/fluency_review/en-US"}
    argilla.call("POST", "/datasets", {**unfinished, "metadata": marker})
    assert push(programme, library, api, analytics.client).projects[0].change == "created"
    dataset = datasets(argilla, programme)["fluency_review en-US"]
    shown = records(argilla, dataset)
    entry = entered("en-US")[0]
    respond(argilla, people[0], shown[entry.item], "submitted", values(entry, shown[entry.item]))
    progress = Progress(None)
    assert [each.counts["added"] for each in pull(programme, api, analytics.client, progress)] == [1, 0]
    argilla.call("DELETE", f"/records/{shown[entry.item]['id']}")
    assert [each.tasks_added for each in push(programme, library, api, analytics.client).projects] == [1, 0]
    numbers = {record["metadata"]["number"] for record in records(argilla, dataset).values()}
    assert numbers == {2, 3, 4}

    def gone() -> bool:
        list(pull(programme, api, analytics.client, progress))
        return not analytics.rows("annotations")

    # The server's clock has whole seconds: a page proves nothing about what was written in the second before.
    until(gone, "no annotation", lambda: analytics.rows("annotations"))
    assert analytics.rows("judgments") == analytics.rows("spans") == []


def test_errors_say_what_to_do(
    argilla: Argilla, people: list[Person], programme: Programme, library: Library, api: Api, analytics: Analytics
) -> None:
    """No server, a key that may not push, nothing to pull."""
    with Api("http://127.0.0.1:9", "key") as nowhere, pytest.raises(Unreachable, match="Argilla at http"):
        push(programme, library, nowhere, analytics.client)
    with Api(argilla.url, people[0].key) as annotator, pytest.raises(NotAllowed, match="listing its users"):
        push(programme, library, annotator, analytics.client)
    with pytest.raises(PluginError, match="run `concord push` first"):
        list(pull(programme, api, analytics.client, Progress(None)))
