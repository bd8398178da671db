"""The whole path on real services: pushed, annotated by three people, told by webhooks, pulled, and counted."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click.testing
import pytest
from e2e_programme import (
    LOCALES,
    NUMBERS,
    PEOPLE,
    SCALES,
    SECRETS,
    WORKFLOWS,
    Entry,
    Mark,
    changed,
    entries,
    result,
    span,
    write_programme,
)
from e2e_services import Analytics, Row, Tables, Tool, stored, until

import concord
import guidelines
from plugins import programme as programmes
from plugins.analytics_client import WEBHOOK_PATH, AnalyticsClient
from plugins.errors import NotAllowed, Unreachable
from plugins.label_studio.api import Api
from plugins.label_studio.pull import pull
from plugins.label_studio.push import Attachments, push
from plugins.label_studio.results import to_result
from plugins.local import label_studio
from plugins.local.ports import free_port
from plugins.local.stack import ML_USER, Port, Ports, Stack, running
from plugins.programme import Programme
from plugins.pulling import Progress, PulledProject
from plugins.pushing import PushReport

LIBRARY = guidelines.load()
OPERATORS = Path(__file__).parent.parent / "docs" / "operators.md"
WEIGHTS = {"minor": 1.0, "major": 5.0, "critical": 25.0}

# What happens to three of the entries after they were submitted, and one that never is.
SKIPPED = ("fluency_review", "ar-EG", 2, 2)
UPDATED = [("fluency_review", "ar-EG", 0, 0), ("preference", "en-US", 0, 0)]
DELETED = [("preference", "en-US", 1, 1), ("fluency_review", "ar-EG", 1, 0)]


def place(entry: Entry) -> tuple[str, str, int, int]:
    return entry.workflow, entry.locale, entry.number, entry.person


class Site:
    """The running services and the programmes on them, as their operator has them at hand."""

    def __init__(self, stack: Stack, folder: Path, stop: ExitStack) -> None:
        self.stack, self.folder = stack, folder
        self._label_studio, self._stop = stack.processes[0], stop

    def stop_label_studio(self) -> None:
        """Stop Label Studio; its data stay."""
        self._label_studio.stop()

    def start_label_studio(self) -> None:
        """Start Label Studio again where it was."""
        data, port = self.stack.label_studio_data, self.stack.ports.label_studio.number
        self._label_studio = label_studio.launch(data, port=port, log=self.folder / "again.log")
        self._stop.enter_context(self._label_studio)
        label_studio.wait(self._label_studio, port)

    def command(self, name: str, programme: Programme) -> click.testing.Result:
        """`concord push` or `concord pull`, as typed."""
        ports, secrets = self.stack.ports, self.stack.credentials
        environment = {
            "CONCORD_LABEL_STUDIO_URL": ports.label_studio.url,
            "CONCORD_LABEL_STUDIO_TOKEN": self.stack.admin.token,
            "CONCORD_ANALYTICS_URL": ports.analytics.url,
            "CONCORD_INGEST_TOKEN": secrets.ingest_token,
            "CONCORD_WEBHOOK_TOKEN": secrets.webhook_token,
        }
        arguments = [name, str(self.folder / programme.programme)]
        return click.testing.CliRunner().invoke(concord.main, arguments, env=environment)

    def programme(self, name: str, **shape: Any) -> Programme:
        """A programme of this name, written and read back."""
        return programmes.load(write_programme(self.folder / name, name, **shape), LIBRARY)

    def attachments(self, webhook_port: int | None = None) -> Attachments:
        """Webhook and ML backend of these services, or a webhook to another port."""
        ports, secrets = self.stack.ports, self.stack.credentials
        webhook = f"http://127.0.0.1:{webhook_port}" if webhook_port else ports.analytics.url
        basic = (ML_USER, secrets.ml_password)
        return Attachments(webhook + WEBHOOK_PATH, secrets.webhook_token, ports.ml_backend.url, basic)

    def push(
        self,
        programme: Programme,
        *,
        attachments: Attachments | None = None,
        on_step: Callable[[str], None] = lambda step: None,
        token: str | None = None,
    ) -> PushReport:
        """`concord push`."""
        with self.api(token) as api, self.ingest() as analytics:
            return push(programme, LIBRARY, api, analytics, attachments or self.attachments(), on_step=on_step)

    def pull(self, programme: Programme) -> list[PulledProject]:
        """`concord pull`."""
        with self.api() as api, self.ingest() as analytics:
            return list(pull(programme, api, analytics, Progress(None)))

    def api(self, token: str | None = None) -> Api:
        """The administrator's way into Label Studio."""
        return Api(self.stack.ports.label_studio.url, token or self.stack.admin.token)

    def ingest(self) -> AnalyticsClient:
        """The operator's way into analytics."""
        return AnalyticsClient(self.stack.ports.analytics.url, self.stack.credentials.ingest_token)

    def analyst(self) -> Analytics:
        """The analyst's way into analytics."""
        return Analytics(self.stack.ports.analytics.url, self.stack.credentials.analyst_token)

    def tool(self, email: str) -> Tool:
        """One person's way into Label Studio."""
        token = next(account.token for account in self.stack.accounts if account.email == email)
        return Tool(self.stack.ports.label_studio.url, token)

    def tables(self) -> Tables:
        """What analytics has stored."""
        return stored(self.stack.folder / "analytics", self.folder / "copy")

    def pseudonym(self, person: int) -> str:
        """What a person is called in every frame, by its definition."""
        user = next(account.id for account in self.stack.accounts if account.email == PEOPLE[person])
        key = self.stack.credentials.pseudonym_key.encode()
        return "r" + hmac.new(key, f"label_studio:{user}".encode(), hashlib.sha256).hexdigest()[:12]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    ports = Ports(*(Port(free_port(), name) for name in ("LABEL_STUDIO", "ML_BACKEND", "ANALYTICS")))
    with ExitStack() as stop:
        quiet = nullcontext(lambda note: None)
        stack = stop.enter_context(running(folder / "run", ports, PEOPLE, lambda text: quiet))
        yield Site(stack, folder, stop)


@pytest.fixture(scope="module")
def programme(site: Site) -> Programme:
    return site.programme("path")


@pytest.fixture(scope="module")
def pushed(site: Site, programme: Programme) -> PushReport:
    return site.push(programme)


@dataclass(frozen=True)
class Work:
    """What people entered and did not take back: each entry with the annotation Label Studio answered with."""

    entered: list[tuple[Entry, Row]]

    @property
    def submitted(self) -> list[tuple[Entry, Row]]:
        return [(entry, annotation) for entry, annotation in self.entered if not entry.skipped]


@pytest.fixture(scope="module")
def work(site: Site, pushed: PushReport) -> Work:
    """Three people answer everything; then two answers are changed, two deleted; one item is skipped."""
    tasks = tasks_by_item(site, pushed)
    made: dict[tuple[str, str, int, int], tuple[Entry, Row]] = {}
    with ExitStack() as stop:
        tools = [stop.enter_context(closing(site.tool(email))) for email in PEOPLE]
        for entry in entries():
            made[place(entry)] = submit(tools[entry.person], tasks[entry.item], entry)
        for key in UPDATED:
            entry, annotation = made[key]
            made[key] = update(tools[entry.person], annotation["id"], changed(entry))
        for key in DELETED:
            entry, annotation = made.pop(key)
            tools[entry.person].delete(f"/api/annotations/{annotation['id']}/")
    return Work(list(made.values()))


def tasks_by_item(site: Site, pushed: PushReport) -> dict[str, int]:
    with closing(site.tool(PEOPLE[0])) as tool:
        return {item: task["id"] for each in pushed.projects for item, task in tool.tasks(each.project).items()}


def submit(tool: Tool, task: int, entry: Entry) -> tuple[Entry, Row]:
    skipped = place(entry) == SKIPPED
    body = {"result": result(entry), "lead_time": 10.5 + entry.number, "was_cancelled": skipped}
    made = tool.post(f"/api/tasks/{task}/annotations/", body)
    return Entry(**{**vars(entry), "skipped": skipped}), made


def update(tool: Tool, annotation: int, entry: Entry) -> tuple[Entry, Row]:
    return entry, tool.patch(f"/api/annotations/{annotation}/", {"result": result(entry), "lead_time": 99.25})


@pytest.fixture(scope="module")
def by_webhook(site: Site, work: Work) -> Tables:
    with closing(site.analyst()) as analyst:
        analyst.wait_for(annotations=len(work.entered))
    return site.tables()


@pytest.fixture(scope="module")
def pulls(site: Site, programme: Programme, by_webhook: Tables) -> list[list[PulledProject]]:
    return [site.pull(programme), site.pull(programme)]


@pytest.fixture(scope="module")
def by_pull(site: Site, pulls: list[list[PulledProject]]) -> Tables:
    return site.tables()


def test_a_push_makes_a_project_for_each_workflow_and_locale(pushed: PushReport, site: Site) -> None:
    """Four new projects with three tasks each, everyone has an account, and the ML backend is connected to each."""
    made = {(each.workflow, each.locale): (each.change, each.tasks_added) for each in pushed.projects}
    assert made == {(workflow, locale): ("created", 3) for workflow in WORKFLOWS for locale in LOCALES}
    assert pushed.without_account == ()
    with closing(site.tool(PEOPLE[0])) as tool:
        backends = [tool.get("/api/ml", project=each.project) for each in pushed.projects]
    assert [[backend["state"] for backend in each] for each in backends] == [["CO"]] * 4


def test_the_webhooks_alone_bring_everything(by_webhook: Tables, site: Site, work: Work) -> None:
    """Without any pull analytics holds exactly what was entered, changed and not taken back."""
    check_all(by_webhook, site, work)


def test_a_pull_changes_nothing_that_the_webhooks_told(
    by_webhook: Tables, by_pull: Tables, pulls: list[list[PulledProject]], site: Site, work: Work
) -> None:
    """The first pull and the second add, change and delete nothing, and every judgment is still as entered."""
    for pulled in itertools.chain.from_iterable(pulls):
        assert {name: pulled.counts[name] for name in ("added", "updated", "deleted")} == dict.fromkeys(
            ("added", "updated", "deleted"), 0
        )
        assert pulled.refused == ()
    assert [sum(each.counts["unchanged"] for each in pulled) for pulled in pulls] == [len(work.entered)] * 2
    assert rows_of(by_pull) == rows_of(by_webhook)
    check_all(by_pull, site, work)


def test_pushing_again_changes_nothing(pushed: PushReport, site: Site, programme: Programme, by_pull: Tables) -> None:
    """A second push finds the same projects unchanged and imports no task; the work in analytics stays."""
    again = site.push(programme)
    assert [each.project for each in again.projects] == [each.project for each in pushed.projects]
    assert {(each.change, each.tasks_added, each.tasks) for each in again.projects} == {("unchanged", 0, 3)}
    assert rows_of(site.tables()) == rows_of(by_pull)


def check_all(tables: Tables, site: Site, work: Work) -> None:
    assert counted(map(identity, tables.annotations)) == counted(expected_annotations(site, work))
    assert counted(map(answer, tables.judgments)) == counted(expected_judgments(site, work))
    assert counted(map(marked, tables.spans)) == counted(expected_spans(site, work))


def counted(rows: Iterator[tuple[Any, ...]] | map[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in one order, repetitions kept."""
    return sorted(rows, key=repr)


def rows_of(tables: Tables) -> list[list[str]]:
    return [sorted(map(repr, rows)) for rows in vars(tables).values()]


def identity(row: Row) -> tuple[Any, ...]:
    return (*context(row), row["task"], row["status"], *times(row))


def answer(row: Row) -> tuple[Any, ...]:
    return (*context(row), row["question"], row["target"], row["value"], row["number"], *times(row))


def marked(row: Row) -> tuple[Any, ...]:
    words = (row["question"], row["target"], row["start"], row["end"], row["text"])
    said = (row["category"], row["severity"], row["weight"], row["correction"])
    return (*context(row), *words, *said, row["updated"])


def context(row: Row) -> tuple[Any, ...]:
    key = (row["source"], row["project"], row["annotation"], row["workflow"], row["locale"], row["item"])
    return (*key, row["annotator"], row["stage"], row["guideline_version"], row["vendor"], row["simulated"])


def times(row: Row) -> tuple[Any, ...]:
    return row["created"], row["updated"], row["lead_time"]


def expected_context(site: Site, entry: Entry, annotation: Row) -> tuple[Any, ...]:
    key = ("label_studio", str(annotation["project"]), str(annotation["id"]), entry.workflow, entry.locale, entry.item)
    version = str(LIBRARY.guideline(entry.workflow, entry.locale).version)
    vendor = "vendor-south" if entry.person == 2 else "vendor-north"
    return (*key, site.pseudonym(entry.person), "audit", version, vendor, True)


def expected_times(annotation: Row) -> tuple[Any, ...]:
    created, updated = (datetime.fromisoformat(annotation[name]) for name in ("created_at", "updated_at"))
    return created, updated, annotation["lead_time"]


def expected_annotations(site: Site, work: Work) -> Iterator[tuple[Any, ...]]:
    for entry, annotation in work.entered:
        status = "skipped" if entry.skipped else "submitted"
        yield (
            *expected_context(site, entry, annotation),
            str(annotation["task"]),
            status,
            *expected_times(annotation),
        )


def expected_judgments(site: Site, work: Work) -> Iterator[tuple[Any, ...]]:
    for entry, annotation in work.submitted:
        lead, tail = expected_context(site, entry, annotation), expected_times(annotation)
        for question, code in entry.codes.items():
            yield (*lead, question, "item", code, NUMBERS[code], *tail)
        if entry.reason:
            yield (*lead, "reason", "item", entry.reason, None, *tail)
        if entry.workflow == "fluency_review":
            found = len(entry.marks)
            yield (*lead, "errors", "a", "marked" if found else "none", float(found), *tail)


def expected_spans(site: Site, work: Work) -> Iterator[tuple[Any, ...]]:
    for entry, annotation in work.submitted:
        for mark in entry.marks:
            lead = expected_context(site, entry, annotation)
            yield (*lead, *expected_mark(mark, entry.text), expected_times(annotation)[1])


def expected_mark(mark: Mark, text: str) -> tuple[Any, ...]:
    said = (mark.category, mark.severity, WEIGHTS[mark.severity], mark.correction)
    return ("errors", "a", *span(mark, text), mark.words, *said)


def test_deleted_work_is_gone_and_skips_are_counted(site: Site, work: Work, by_pull: Tables) -> None:
    """Per locale and workflow the API counts what was submitted and skipped, and nothing that was deleted."""
    with closing(site.analyst()) as analyst:
        rows = analyst.rows("/v1/locales")
    seen = {(row["workflow"], row["locale"]): (row["annotations"], row["skipped"], row["annotators"]) for row in rows}
    assert seen == {
        ("preference", "en-US"): (8, 0, 3),
        ("preference", "ar-EG"): (9, 0, 3),
        ("fluency_review", "en-US"): (9, 0, 3),
        ("fluency_review", "ar-EG"): (7, 1, 3),
    }
    assert {row["simulated"] for row in rows} == {"all"}


def test_errors_are_counted_by_category(site: Site, work: Work, by_pull: Tables) -> None:
    """The error trends count, for each locale and category, exactly the errors that were marked."""
    with closing(site.analyst()) as analyst:
        rows = analyst.rows("/v1/errors/trends", workflow="fluency_review", by="locale")
    seen = {(row["locale"], row["category"]): sum(week["errors"] for week in row["weeks"]) for row in rows}
    marks = [(entry.locale, mark.category) for entry, _ in work.submitted for mark in entry.marks]
    assert {key: count for key, count in seen.items() if count} == {key: marks.count(key) for key in set(marks)}


def test_the_tool_holds_nothing_that_unblinds(site: Site, pushed: PushReport, work: Work) -> None:
    """In everything Label Studio tells of its projects there is no model, vendor, gold answer, stage or secret of ours,
    and tasks hold the item's name and texts alone."""
    with closing(site.tool(PEOPLE[2])) as tool:
        told = [everything(tool, each.project) for each in pushed.projects]
        tasks = [task for each in pushed.projects for task in tool.tasks(each.project).values()]
    assert all("concord-guideline" in each and WEBHOOK_PATH in each and PEOPLE[0] in each for each in told)
    secrets = vars(site.stack.credentials)
    hidden = [*SECRETS, *(secrets[name] for name in secrets if name != "webhook_token")]
    assert [word for word in hidden for each in told if word.lower() in each.lower()] == []
    assert {(task["data"]["item"].split("-")[0], *sorted(task["data"])) for task in tasks} == {
        ("preference", "item", "prompt", "response_a", "response_b"),
        ("fluency_review", "item", "prompt", "response_a"),
    }
    assert {json.dumps(task["meta"]) for task in tasks} <= {"{}", "null"}


READABLE = ("/api/webhooks/", "/api/ml", "/api/predictions", "/api/dm/views")


def everything(tool: Tool, project: int) -> str:
    """All that an ordinary annotator can read about a project."""
    about = tool.get(f"/api/projects/{project}")
    export = tool.get(f"/api/projects/{project}/export", exportType="JSON")
    listed = [tool.get(path, project=project) for path in READABLE]
    opened = [tool.get(f"/api/tasks/{task['id']}") for task in export]
    people = tool.get("/api/users")
    return json.dumps([about, export, *listed, *opened, tool.tasks(project), people], ensure_ascii=False)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_agreement_is_that_of_what_was_entered(
    site: Site, work: Work, by_pull: Tables, workflow: str, locale: str
) -> None:
    """Raw agreement, both alphas and AC1 of every question equal those worked out from the entries pair by pair."""
    with closing(site.analyst()) as analyst:
        rows = analyst.rows("/v1/agreement", workflow=workflow, locale=locale, by="locale")
    seen = {row["question"]: {name: each["value"] for name, each in row["estimates"].items()} for row in rows}
    questions = [question for question in SCALES if question in next(iter(of(work, workflow, locale))).codes]
    assert sorted(seen) == sorted(questions)
    for question in questions:
        by_hand = figures(ratings(work, workflow, locale, question), SCALES[question])
        assert seen[question] == pytest.approx(by_hand, abs=1e-9), question


def of(work: Work, workflow: str, locale: str) -> Iterator[Entry]:
    yield from (entry for entry, _ in work.submitted if (entry.workflow, entry.locale) == (workflow, locale))


def ratings(work: Work, workflow: str, locale: str, question: str) -> list[list[int]]:
    """Each item's answers, as places on the scale."""
    items: dict[int, list[int]] = {}
    for entry in of(work, workflow, locale):
        items.setdefault(entry.number, []).append(SCALES[question].index(entry.codes[question]))
    return list(items.values())


def figures(items: list[list[int]], scale: Sequence[str]) -> Mapping[str, float | None]:
    """The four figures by their definitions, from ordered pairs of answers to the same item."""
    paired = [item for item in items if len(item) > 1]
    answers = [code for item in paired for code in item]
    if len(set(answers)) == 1:
        return {"percent": 1.0, "alpha_nominal": None, "alpha_ordinal": None, "ac1": None}
    percent = sum(sum(a == b for a, b in pairs(item)) / len(pairs(item)) for item in paired) / len(paired)
    share = [sum(item.count(code) / len(item) for item in items) / len(items) for code in range(len(scale))]
    chance = sum(each * (1 - each) for each in share) / (len(scale) - 1)
    return {
        "percent": percent,
        "alpha_nominal": alpha(paired, lambda a, b: float(a != b)),
        "alpha_ordinal": alpha(paired, lambda a, b: between(answers, min(a, b), max(a, b)) ** 2),
        "ac1": (percent - chance) / (1 - chance),
    }


def pairs(item: Sequence[int]) -> list[tuple[int, ...]]:
    return list(itertools.permutations(item, 2))


def alpha(paired: list[list[int]], difference: Callable[[int, int], float]) -> float:
    """Krippendorff's: one less the differences within items over those between any two answers."""
    answers = [code for item in paired for code in item]
    observed = sum(sum(difference(a, b) for a, b in pairs(item)) / (len(item) - 1) for item in paired)
    expected = sum(difference(a, b) for a, b in pairs(answers)) / (len(answers) - 1)
    return 1 - observed / expected


def between(answers: list[int], low: int, high: int) -> float:
    """How many answers lie between two places on the scale, those at its ends counted half."""
    inside = sum(low <= each <= high for each in answers)
    return inside - (answers.count(low) + answers.count(high)) / 2


def test_what_no_webhook_told_is_healed_by_a_pull(site: Site, by_pull: Tables) -> None:
    """While webhooks reach nobody, work is added, changed and deleted; pulls bring exactly what there is then."""
    programme = site.programme("unheard", workflows=["preference"], locales=["en-US"], items=1)
    pushed = site.push(programme, attachments=site.attachments(webhook_port=free_port()))
    task = next(iter(tasks_by_item(site, pushed).values()))
    first, second, _ = [entry for entry in entries() if (entry.workflow, entry.locale, entry.number) == (*EN, 0)]
    with closing(site.tool(PEOPLE[0])) as one, closing(site.tool(PEOPLE[1])) as two:
        kept, gone = submit(one, task, first), submit(two, task, second)
        assert pulled_in(site, programme) == expected_of(site, [kept, gone])
        kept = update(one, kept[1]["id"], changed(first))
        two.delete(f"/api/annotations/{gone[1]['id']}/")
        expected = expected_of(site, [kept])
        # Label Studio's clock tells whole seconds, so what is younger than two of them is not yet taken for deleted.
        until(lambda: pulled_in(site, programme) == expected, "the deletion", lambda: site.tables().judgments)


EN = ("preference", "en-US")


def pulled_in(site: Site, programme: Programme) -> list[tuple[Any, ...]]:
    """The judgments stored for the one project of this programme, after a pull."""
    (pulled,) = site.pull(programme)
    return counted(answer(row) for row in site.tables().judgments if row["project"] == pulled.project.project)


def expected_of(site: Site, entered: list[tuple[Entry, Row]]) -> list[tuple[Any, ...]]:
    return counted(expected_judgments(site, Work(entered)))


def test_a_wrong_token_of_label_studio_is_told(site: Site, pushed: PushReport) -> None:
    """Label Studio's refusal is one error with the remedy, and nothing is changed."""
    programme = site.programme("stranger", workflows=["preference"], locales=["en-US"], items=1)
    before = projects_and_tasks(site)
    with pytest.raises(NotAllowed, match=r"Label Studio refuses the token .*give a token that may do this"):
        site.push(programme, token="0" * 40)
    assert projects_and_tasks(site) == before


def test_a_wrong_token_of_analytics_is_told(site: Site, pushed: PushReport) -> None:
    """Analytics' refusal comes before any task is there to be answered, and a push with the right token goes on."""
    programme = site.programme("secretive", workflows=["preference"], locales=["en-US"], items=1)
    tasks = projects_and_tasks(site).values()
    with site.api() as api, AnalyticsClient(site.stack.ports.analytics.url, "wrong") as analytics:
        refused = pytest.raises(NotAllowed, match=r"analytics service refuses the token .*`concord push` again")
        with refused:
            push(programme, LIBRARY, api, analytics, site.attachments())
    assert sum(projects_and_tasks(site).values()) == sum(tasks)
    assert [(each.change, each.tasks_added) for each in site.push(programme).projects] == [("unchanged", 1)]


def projects_and_tasks(site: Site) -> dict[int, int]:
    """How many tasks each project has."""
    with closing(site.tool(PEOPLE[0])) as tool:
        return {project: len(tool.tasks(project)) for project in tool.projects()}


GOOD, BAD = "It rises in the east.", "Ask the neighbours."
CONTESTED = {"compare-0", "compare-2", "compare-4"}


def test_contested_comparisons_are_adjudicated_in_a_programme_of_its_own(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the operators' page says; both programmes draw orders of their own, and who was right is told all the same."""
    first, second = compared(site, "compare", "annotate"), site.folder / "my-adjudication"
    answer_by(site, first, lambda item, person: person == 2 and item in CONTESTED)
    asked = {"workflow": "preference", "question": "overall", "method": "majority", "under": "0.8"}
    with closing(site.analyst()) as analyst:
        text = analyst.text("/v1/consensus", **asked, limit="1000", format="csv")
    monkeypatch.chdir(site.folder)
    Path("contested.csv").write_text(text, encoding="utf-8")
    shutil.copytree("compare", second)
    (snippet,) = re.findall(r"```python\n(import csv.*?)```", OPERATORS.read_text("utf-8"), re.DOTALL)
    exec(snippet, {})  # noqa: S102 - what the page tells the reader to run
    assert {item.item for item in compared(site, second.name, "adjudicate").items} == CONTESTED
    answer_by(site, programmes.load(second, LIBRARY), lambda item, person: False, people=(0,))
    with closing(site.analyst()) as analyst:
        asked = {"workflow": "preference", "question": "overall", "reference": "adjudicated", "by": "programme"}
        (row,) = [row for row in analyst.rows("/v1/accuracy", **asked) if row["programme"] == "compare"]
    assert row["estimates"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert (row["estimates"]["accuracy"]["n_judgments"], row["n_without_reference"]) == (9, 9)


def compared(site: Site, name: str, stage: str) -> Programme:
    """Six comparisons of a good and a bad answer, and one that nobody answers, or what is there, in this stage."""
    folder = site.folder / name
    if not folder.exists():
        names = {"en-US": [f"compare-{number}" for number in range(6)], "ar-EG": ["unanswered"]}
        write_programme(folder, name, workflows=["preference"], locales=list(names))
        asked = {"prompt": "Where?", "responses": [{"text": text, "model": "m"} for text in (GOOD, BAD)]}
        for locale, items in names.items():
            lines = "".join(f"{json.dumps({'item': item, **asked})}\n" for item in items)
            (folder / f"items/preference/{locale}.jsonl").write_text(lines, encoding="utf-8")
    head = json.loads((folder / "programme.yaml").read_text("utf-8")) | {"programme": name, "stage": stage}
    (folder / "programme.yaml").write_text(json.dumps(head), encoding="utf-8")
    return programmes.load(folder, LIBRARY)


def answer_by(
    site: Site, programme: Programme, wrong: Callable[[str, int], bool], people: Sequence[int] = (0, 1, 2)
) -> None:
    """Push; these people say which answer is the good one, or the bad where they are wrong; pull."""
    (project,) = [each.project for each in site.push(programme).projects if each.locale == "en-US"]
    for person in people:
        with closing(site.tool(PEOPLE[person])) as tool:
            for item, task in tool.tasks(project).items():
                liked = BAD if wrong(item, person) else GOOD
                code = "a_much" if task["data"]["response_a"] == liked else "b_much"
                said = to_result({("overall", "item"): code}, LIBRARY.workflows["preference"], task["data"])
                tool.post(f"/api/tasks/{task['id']}/annotations/", {"result": said, "lead_time": 9.5})
    site.pull(programme)


def test_label_studio_going_down_half_way_is_healed_by_a_rerun(site: Site, pushed: PushReport) -> None:
    """Stopped after the first project, it gives one error that says what was done; down, each command gives one line;
    back again, the same push makes what is missing and nothing twice."""
    programme = site.programme("outage", locales=["ar-EG"], items=2)
    told = r"Label Studio at \S+ does not answer .*\(done before: project \d+ \(preference ar-EG\) created\); .* again"
    with pytest.raises(Unreachable, match=told):
        site.push(programme, on_step=lambda step: site.stop_label_studio())
    for name in ("push", "pull"):
        said = site.command(name, programme)
        assert (said.exit_code, said.stderr.count("\n")) == (1, 1)
        assert said.stderr.startswith(f"Error: Label Studio at {site.stack.ports.label_studio.url} does not answer")
    site.start_label_studio()
    assert [(each.change, each.tasks) for each in site.push(programme).projects] == [("unchanged", 2), ("created", 2)]
    assert [(each.change, each.tasks) for each in site.push(programme).projects] == [("unchanged", 2)] * 2
