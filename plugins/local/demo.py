"""The demo programme's way through the running services: pushed, annotated by simulated annotators, pulled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from plugins.analytics_client import WEBHOOK_PATH, AnalyticsClient
from plugins.label_studio import annotate
from plugins.label_studio.api import Api
from plugins.label_studio.pull import pull
from plugins.label_studio.push import Attachments, push
from plugins.local.history import date_history
from plugins.local.label_studio import DATABASE
from plugins.local.progress import Step
from plugins.local.stack import ML_USER, Stack
from plugins.programme import Programme
from plugins.pulling import Progress
from plugins.simulate.people import Population

if TYPE_CHECKING:
    from guidelines import Library

FOLDER = Path(__file__).parent.parent / "demo"

# As far from perfect as people are: on such work agreement of .4 to .7 is usual.
ANNOTATORS = Population(skill=0.6, skill_sd=0.12, bias_sd=0.3)


def walk(stack: Stack, programme: Programme, library: Library, step: Step) -> None:
    """Push the programme, let the simulated annotators work, and pull; what is done already is not done again."""
    url, token = stack.ports.analytics.url, stack.credentials.ingest_token
    with Api(stack.ports.label_studio.url, stack.admin.token) as api, AnalyticsClient(url, token) as analytics:
        crew = annotate.Crew(programme, library.workflows, _simulated(stack), ANNOTATORS)
        with step("Projects with webhook and ML backend") as note:
            # Items with a history are imported together with it, so they must not be there before.
            push(replace(programme, items=()), library, api, analytics, _attachments(stack), on_step=note)
        with step("Earlier batches, with their annotations"):
            annotate.import_history(api, programme, crew)
            date_history(api, programme, stack.label_studio_data / DATABASE)
        with step("Manifest to analytics, last batch to Label Studio") as note:
            report = push(programme, library, api, analytics, _attachments(stack), on_step=note)
        with step("Every text screened"):
            for each in report.projects:
                api.retrieve_predictions(int(each.project))
        with step("Simulated annotators answer the last batch") as note:
            annotate.annotate(api, programme, crew, lambda done, all_: note(f"{done} of {all_}"))
        with step("Pull of every annotation into analytics") as note:
            for pulled in pull(programme, api, analytics, Progress(stack.folder / "pull.json")):
                note(f"{pulled.project.workflow} {pulled.project.locale}")


def _simulated(stack: Stack) -> list[annotate.Account]:
    return [annotate.Account(each.email, each.id, each.token) for each in stack.accounts if each is not stack.admin]


def _attachments(stack: Stack) -> Attachments:
    return Attachments(
        webhook_url=stack.ports.analytics.url + WEBHOOK_PATH,
        webhook_token=stack.credentials.webhook_token,
        ml_backend_url=stack.ports.ml_backend.url,
        ml_basic_auth=(ML_USER, stack.credentials.ml_password),
    )
