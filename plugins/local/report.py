"""What `concord run` prints at the end: addresses, accounts, and a table per locale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from plugins.local.stack import Stack
from plugins.programme import Programme

_COLUMNS = ("locale", "workflow", "items", "annotations", "annotators", "question", "agreement (alpha), 95 % interval")
_SIMULATED = {
    "all": "All of this work is simulated.",
    "some": "Some of this work is simulated, some is not.",
    "none": "None of this work is simulated.",
}
_NUMBERS = ("items", "annotations", "annotators")


def of(stack: Stack, programme: Programme) -> str:
    """The report on a running stack; the figures are those of the analytics API."""
    overview = _overview(stack)
    table = to_table([_COLUMNS, *map(_cells, overview["rows"])])
    return "\n\n".join(["", _addresses(stack), _accounts(stack, programme), table, _SIMULATED[overview["simulated"]]])


def _overview(stack: Stack) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {stack.credentials.analyst_token}"}
    response = httpx.get(f"{stack.ports.analytics.url}/v1/locales", headers=headers, timeout=60, trust_env=False)
    response.raise_for_status()
    overview: dict[str, Any] = response.json()
    return overview


def _addresses(stack: Stack) -> str:
    services = {
        "Label Studio": f"{stack.ports.label_studio.url}  (where annotators work)",
        "Analytics": f"{stack.ports.analytics.url}  (dashboard and API)",
        "ML backend": stack.ports.ml_backend.url,
        "Analyst token": stack.credentials.analyst_token,
        "Logs": str(stack.folder / "logs"),
    }
    return "\n".join(f"{name:<14} {value}" for name, value in services.items())


def _accounts(stack: Stack, programme: Programme) -> str:
    """The administrator and the first annotator of each locale."""
    first = {annotator.locales[0]: annotator.email for annotator in reversed(programme.annotators)}
    shown = [account for account in stack.accounts if account is stack.admin or account.email in first.values()]
    rows = [("account", "password", "API token"), *((each.email, each.password, each.token) for each in shown)]
    more = f"All {len(stack.accounts)} accounts: {stack.folder / 'accounts.json'}"
    waiting = "Two items of each project wait for you: sign in as one of its annotators and press Label All Tasks."
    return "\n".join((to_table(rows), more, waiting))


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (f"{row[name]:,}" for name in _NUMBERS)
    return (row["locale"], row["workflow"], *counts, row["question"], estimate(row["alpha"]))


def estimate(value: Mapping[str, Any] | None) -> str:
    """An estimate in a cell.

    >>> estimate({"value": 0.8123, "low": 0.7, "high": 0.9, "undefined": None})
    '0.81 [0.70, 0.90]'
    >>> estimate({"value": None, "low": None, "high": None, "undefined": "a single annotator"})
    'undefined: a single annotator'
    >>> estimate(None)
    '–'
    """
    if value is None:
        return "–"
    if value["value"] is None:
        return f"undefined: {value['undefined']}"
    if value["low"] is None:
        return f"{value['value']:.2f}, no interval: {value['undefined']}"
    return f"{value['value']:.2f} [{value['low']:.2f}, {value['high']:.2f}]"


def to_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts in columns, the first row as head, numbers to the right.

    >>> print(to_table([("locale", "items"), ("de-DE", "7")]))
    locale  items
    de-DE       7
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(_aligned(row, widths)).rstrip() for row in rows)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for cell, width in zip(row, widths, strict=True):
        yield cell.rjust(width) if cell.replace(",", "").isdigit() else cell.ljust(width)
