"""The screens' outcomes as rows of `frames.SCREENINGS`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ml_backend.prescreen import Summary


def screenings(item: str, summary: Summary) -> Iterator[dict[str, Any]]:
    """One row per target and screen; the provider is null where the screen is not configured."""
    now = datetime.now(UTC).isoformat()
    for target, outcomes in summary.outcomes.items():
        for screen, outcome in outcomes.items():
            told = {name: getattr(outcome, name) for name in ("provider", "status", "score", "kind", "reason")}
            yield {"item": item, "target": target, "screen": screen, **told, "screened": now}
