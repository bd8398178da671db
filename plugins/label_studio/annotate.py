"""Simulated annotators at work in a real Label Studio: each answers through an account of their own.

The work of the programme's earlier batches comes as imported annotations, that of its last batch through the
annotation API. So analytics hears of one by pull and of the other by webhook, as with real annotators.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from guidelines.model import Workflow
from plugins.blinding import Order, drawn_order, manifest_item, shown_order, task_data
from plugins.http_errors import answered, unreachable
from plugins.items import Item
from plugins.label_studio.api import Api
from plugins.label_studio.marker import find
from plugins.label_studio.push import task_pages
from plugins.label_studio.results import to_result
from plugins.marker import OPEN
from plugins.programme import Programme
from plugins.simulate.people import Population
from plugins.simulate.person import Person, respond

THREADS = 8  # Label Studio on SQLite answers no more at once
_TIMEOUT_S = 60
_MEDIAN_LEAD_TIME_S = 60.0


@dataclass(frozen=True)
class Account:
    """A simulated annotator's account in Label Studio."""

    email: str
    id: int
    token: str = field(repr=False)


@dataclass(frozen=True)
class _Submission:
    """What one person submits for one item."""

    account: Account
    result: list[dict[str, Any]]
    lead_time: float


class Crew:
    """Who answers which item of a programme, and what: the same at every run."""

    def __init__(
        self,
        programme: Programme,
        workflows: Mapping[str, Workflow],
        accounts: Sequence[Account],
        population: Population,
    ) -> None:
        self._programme, self._workflows, self._population = programme, workflows, population
        self._accounts = {account.email: account for account in accounts}

    def submissions(self, item: Item, order: Order) -> Iterator[_Submission]:
        """One submission by each of the people dealt this item, whose responses they see in this order."""
        rng = np.random.default_rng(list(item.item.encode()))
        able = [
            person.email
            for person in self._programme.annotators
            if person.simulated and item.locale in person.locales and item.workflow in person.qualified
        ]
        for email in rng.permutation(able)[: self._programme.overlap]:
            yield self._submission(item, order, self._accounts[str(email)], rng)

    def _submission(self, item: Item, order: Order, account: Account, rng: np.random.Generator) -> _Submission:
        workflow = self._workflows[item.workflow]
        shown = manifest_item(self._programme.programme, item, workflow, order)
        gold, seeded = (json.loads(shown[name] or empty) for name, empty in (("gold", "{}"), ("seeded_errors", "[]")))
        person = Person.named(account.email, self._population)
        answers = respond(workflow, gold, seeded, person, rng)
        lead_time = round(float(rng.lognormal(np.log(_MEDIAN_LEAD_TIME_S), 0.4)), 1)
        return _Submission(account, to_result(answers, workflow, task_data(item, order)), lead_time)


def earlier_batches(programme: Programme) -> list[Item]:
    """The items of every batch but the last (by name)."""
    last = max((item.batch or "" for item in programme.items), default="")
    return [item for item in programme.items if (item.batch or "") != last]


def import_history(api: Api, programme: Programme, crew: Crew) -> int:
    """Import the items of earlier batches together with their annotations; how many annotations were imported.

    The projects must be there. Items that already have a task are left alone; shielded projects get none.
    """
    imported = 0
    found = find(api, programme.programme).values()
    for project, marker in (each for each in found if each[1].lane == OPEN):
        there = {
            task["data"].get("item") for page in task_pages(api, project, size=1000, annotations=False) for task in page
        }
        pair = marker.workflow, marker.locale
        items = [item for item in earlier_batches(programme) if (item.workflow, item.locale) == pair]
        tasks = [_answered(item, crew) for item in items if item.item not in there]
        if tasks:
            api.import_tasks(project, tasks)
        imported += sum(len(task["annotations"]) for task in tasks)
    return imported


def _answered(item: Item, crew: Crew) -> dict[str, Any]:
    order = drawn_order(item)
    annotations = [
        # Imported annotations are ground truth unless told otherwise.
        {"result": each.result, "completed_by": each.account.id, "lead_time": each.lead_time, "ground_truth": False}
        for each in crew.submissions(item, order)
    ]
    return {"data": task_data(item, order), "annotations": annotations}


def waiting(programme: Programme) -> set[str]:
    """The last two items of each workflow and locale, left for whoever wants to try the tool."""
    pairs = ((workflow, locale) for workflow in programme.workflows for locale in programme.locales)
    return {item.item for pair in pairs for item in programme.items_of(*pair)[-2:]}


def annotate(api: Api, programme: Programme, crew: Crew, on_done: Callable[[int, int], None]) -> int:
    """Every person dealt an item answers it, unless they have already or it is `waiting`; how many they added.

    `on_done` hears how many are done, of how many. Raises a ServiceError when Label Studio refuses one.
    """
    todo = list(_todo(api, programme, crew))
    with httpx.Client(base_url=api.url, timeout=_TIMEOUT_S) as http, ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit(_submit, http, task, submission) for task, submission in todo]
        try:
            for done, job in enumerate(jobs, 1):
                job.result()
                on_done(done, len(jobs))
        finally:  # after a refusal nothing more is sent
            pool.shutdown(cancel_futures=True)
    return len(todo)


def _todo(api: Api, programme: Programme, crew: Crew) -> Iterator[tuple[int, _Submission]]:
    left = waiting(programme)
    items = {item.item: item for item in programme.items if item.item not in left}
    for project, _marker in find(api, programme.programme).values():
        for page in task_pages(api, project, size=200, annotations=True):
            for task in page:
                if item := items.get(task["data"]["item"]):
                    answered_by = {annotation["completed_by"] for annotation in task["annotations"]}
                    submissions = crew.submissions(item, shown_order(item, task["data"]))
                    yield from ((task["id"], each) for each in submissions if each.account.id not in answered_by)


def _submit(http: httpx.Client, task: int, submission: _Submission) -> None:
    doing = f"annotating task {task}"
    body = {"result": submission.result, "lead_time": submission.lead_time}
    headers = {"Authorization": f"Token {submission.account.token}"}
    try:
        response = http.post(f"/api/tasks/{task}/annotations/", json=body, headers=headers)
    except httpx.HTTPError as error:
        raise unreachable("Label Studio", str(http.base_url), doing, error) from error
    if not response.is_success:
        raise answered("Label Studio", doing, response.status_code, response.text)
