"""Where labels come from: the programme's own projects in a labelling tool, or a file."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guidelines.errors import Problem
from ml_backend.own_labels.errors import InvalidLabels, UnknownAddress
from ml_backend.own_labels.labels import HARM, Target, Vote, head_language
from ml_backend.own_labels.run import Collected
from plugins.projects import Projects
from plugins.tokens import token

if TYPE_CHECKING:
    from guidelines import Library
    from plugins.argilla import Api as Argilla
    from plugins.label_studio.api import Api as LabelStudio
    from plugins.programme import Programme

WORKFLOW = "safety_moderation"

_ASKED: Mapping[str, Target] = {"prompt_harm": "item", "response_harm": "response_1"}
_SHOWN = {"item": "prompt", "response_1": "response_a"}
_PAGE = 200  # tasks
_MOST_PROBLEMS = 20

# By item and target.
Texts = Mapping[tuple[str, str], str]


def collect(
    programme: Programme,
    library: Library,
    labels: Path | None,
    urls: Mapping[str, str | None],
    environ: Mapping[str, str],
) -> Collected:
    """A programme's votes from a file, or else from its labelling tool, on the texts of the programme's files.

    `urls` has `label_studio_url` and `argilla_url`. Raises UnknownAddress, InvalidLabels and what the API raises.
    """
    if labels:
        return from_file(labels)
    if programme.source == "argilla":
        from plugins.argilla import Api as Argilla  # noqa: PLC0415  # as below: a client takes a second to load

        with Argilla(_url(urls, "argilla_url"), token("CONCORD_ARGILLA_KEY", environ)) as argilla:
            return from_argilla(argilla, programme, library)
    from plugins.label_studio.api import Api as LabelStudio  # noqa: PLC0415

    with LabelStudio(_url(urls, "label_studio_url"), token("CONCORD_LABEL_STUDIO_TOKEN", environ)) as api:
        collected = from_label_studio(api, programme.programme, library)
    return _unmasked(collected, programme)


def _url(urls: Mapping[str, str | None], name: str) -> str:
    if url := urls.get(name):
        return url
    raise UnknownAddress(f"CONCORD_{name.upper()} is not set", fix="set it, or give a file with --labels")


def _unmasked(collected: Collected, programme: Programme) -> Collected:
    """With the texts of the files: a push may have masked personal data in what annotators saw."""
    texts = programme_texts(programme)
    votes = [replace(vote, text=texts.get((vote.item or "", vote.target), vote.text)) for vote in collected.votes]
    return replace(collected, votes=votes)


def from_label_studio(api: LabelStudio, programme: str, library: Library) -> Collected:
    """What annotators said in the programme's safety projects in Label Studio, on the texts as they were shown.

    Raises what the API raises.
    """
    from plugins.label_studio.marker import find  # noqa: PLC0415
    from plugins.label_studio.parse import read_tasks  # noqa: PLC0415

    found = [(id_, marker) for id_, marker in find(api, programme).values() if marker.versions]
    projects = [marker.project(id_, "label_studio", "annotate") for id_, marker in found]
    known = Projects("label_studio", {each.project: each for each in projects})
    votes: list[Vote] = []
    texts: Counter[str] = Counter()
    for project in projects:
        if project.workflow == WORKFLOW:
            for tasks in _pages(api, int(project.project)):
                shown = _shown(tasks)
                texts[project.locale] += len(shown)
                judgments = read_tasks(tasks, known, library, _no_names()).judgments.to_pylist()
                votes.extend(votes_in(judgments, shown))
    return Collected(votes, texts)


def _pages(api: LabelStudio, project: int) -> Iterator[list[dict[str, Any]]]:
    after: int | None = 0
    while after is not None:
        page = api.task_page(project, after=after, size=_PAGE, annotations=True)
        yield page.tasks
        after = page.tasks[-1]["id"] if page.left > len(page.tasks) else None


def _shown(tasks: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """The texts that can be labelled in these tasks, by item and target."""
    data = [task["data"] for task in tasks if isinstance(task.get("data"), dict)]
    return {
        (str(each.get("item")), target): text
        for each in data
        for target, field in _SHOWN.items()
        if isinstance(text := each.get(field), str)
    }


def from_argilla(api: Argilla, programme: Programme, library: Library) -> Collected:
    """What annotators said in the programme's safety datasets in Argilla, on the texts of the programme's files.

    Raises what the API raises.
    """
    from plugins.argilla.pull import pull_frames  # noqa: PLC0415

    texts = programme_texts(programme)
    votes = [
        vote
        for frames in pull_frames(programme, library, api, _no_names())
        for vote in votes_in(frames.judgments.to_pylist(), texts)
    ]
    return Collected(votes, texts_to_label(programme))


def programme_texts(programme: Programme) -> Texts:
    """Every prompt and response of a programme's files, by item and target."""
    texts: dict[tuple[str, str], str] = {}
    for item in programme.items:
        texts[item.item, "item"] = item.prompt
        for number, response in enumerate(item.responses, start=1):
            texts[item.item, f"response_{number}"] = response.text
    return texts


def texts_to_label(programme: Programme) -> dict[str, int]:
    """Per locale how many texts the programme's safety workflow shows."""
    shown = (item for item in programme.items if item.workflow == WORKFLOW)
    return dict(Counter(item.locale for item in shown for _ in (item.prompt, *item.responses)))


def votes_in(judgments: Iterable[Mapping[str, Any]], texts: Texts) -> Iterator[Vote]:
    """The votes among judgments (rows of `frames.JUDGMENTS`); what is about a text that is not known is left out."""
    for row in judgments:
        if row["workflow"] != WORKFLOW or row["question"] not in _ASKED or row["value"] not in HARM:
            continue
        target = _ASKED[row["question"]]
        if text := texts.get((row["item"], target)):
            yield Vote(text, row["locale"], HARM[row["value"]], row["item"], target)


def _no_names() -> bytes:
    """A key for pseudonyms that nobody will read."""
    return secrets.token_bytes(16)


def from_file(path: Path) -> Collected:
    """Votes in a file with one JSON object a line: text, locale, and harmful (true, false, or a share from 0 to 1).

    Raises InvalidLabels with the first problems, each with its line.
    """
    votes, problems = [], []
    try:
        # Not splitlines(): a text may hold U+2028, which ends no line of JSON Lines.
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidLabels([Problem(str(path), 1, f"cannot be read: {error}", "name a file in UTF-8")]) from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            row = _parsed(line)
            if mistake := _mistake(row):
                problems.append(Problem(str(path), number, *mistake))
            else:
                votes.append(Vote(row["text"], row["locale"], float(row["harmful"])))
    if problems:
        raise InvalidLabels(problems[:_MOST_PROBLEMS])
    return Collected(votes)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _mistake(row: Any) -> tuple[str, str] | None:
    if not isinstance(row, dict):
        return "this is not a JSON object", "write one JSON object a line: text, locale, harmful"
    if not isinstance(row.get("text"), str) or not row["text"].strip():
        return "text is not a text", "give the text that was labelled"
    if not isinstance(row.get("locale"), str) or head_language(row["locale"]) is None:
        return f"locale: {row.get('locale')!r} is no locale", "write language-REGION as in BCP 47, e.g. fr-CA"
    harmful = row.get("harmful")
    if not isinstance(harmful, bool | int | float) or not 0 <= harmful <= 1:
        return f"harmful: {harmful!r}", "give true, false, or the share of people who called it harmful, 0 to 1"
    return None
