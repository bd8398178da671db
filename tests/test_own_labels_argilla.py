"""Labels from a real Argilla."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from argilla_process import running_argilla
from own_labels_texts import votes, write_programme

import guidelines
from ml_backend.own_labels.sources import collect
from plugins.argilla import Api, push
from plugins.programme import load

CODES = {0.0: "harmless", 1.0: "harmful"}


class _Nowhere:
    """Where the manifest goes when there is no analytics service."""

    def send_manifest(self, source: str, **rows: Sequence[Mapping[str, Any]]) -> None:
        """Forget it."""


@pytest.mark.timeout(120)
def test_labels_are_read_from_argilla(tmp_path: Path) -> None:
    """Submitted answers of the safety dataset on the texts of the programme's files; drafts are none."""
    given = votes(6)
    library = guidelines.load()
    programme = load(write_programme(tmp_path / "guard", given, source="argilla"), library)
    with running_argilla(tmp_path / "argilla") as argilla, Api(argilla.url, argilla.key) as api:
        person = argilla.create_user("a@x.example")
        push(programme, library, api, _Nowhere())
        (dataset,) = argilla.call("GET", "/me/datasets")["items"]
        for record in argilla.call("GET", f"/datasets/{dataset['id']}/records?limit=100")["items"]:
            place = int(record["external_id"].removeprefix("i-"))
            code = CODES[given[place].harm]
            said = {"prompt_harm": code, "response_harm__a": "safe", "refusal__a": "right_refusal"}
            status = "draft" if place == 4 else "submitted"
            values = {name: {"value": value} for name, value in said.items()}
            item = {"record_id": record["id"], "status": status, "values": values}
            (answer,) = argilla.call("POST", "/me/responses/bulk", {"items": [item]}, key=person.key)["items"]
            assert answer["error"] is None, answer
        urls = {"argilla_url": argilla.url}
        collected = collect(programme, library, None, urls, {"CONCORD_ARGILLA_KEY": argilla.key})
    prompts = {vote.text: vote.harm for vote in collected.votes if vote.target == "item"}
    assert prompts == {vote.text: vote.harm for place, vote in enumerate(given) if place != 4}
    responses = sorted(vote.text for vote in collected.votes if vote.target == "response_1")
    assert responses == [f"I would rather not answer that, number {place}." for place in (0, 1, 2, 3, 5)]
    assert (len(collected.votes), collected.texts) == (10, {"en-US": 12})
