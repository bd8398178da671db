"""Another server's failure as one of our errors, in the same words whichever server it is."""

from __future__ import annotations

import json

import httpx

from plugins.errors import NotAllowed, ServiceError, ServiceFailure, Unreachable


def unreachable(service: str, url: str, doing: str, error: httpx.HTTPError) -> Unreachable:
    """No answer at all: refused, timed out, or cut off."""
    reason = str(error) or type(error).__name__
    return Unreachable(
        f"{service} at {url} does not answer while {doing}: {reason}", fix="start it or mend its address"
    )


def answered(service: str, doing: str, status: int | None, body: object) -> ServiceError:
    """An answer that is an error: NotAllowed for 401 and 403, ServiceFailure for the rest, with the reason it gives."""
    if status in (401, 403):
        return NotAllowed(f"{service} refuses the token while {doing} ({status})", fix="give a token that may do this")
    fix = "see its log" if status is None or status >= 500 else "mend what it names"
    return ServiceFailure(f"{service} answered {status} while {doing}{_reason(body)}", fix=fix)


def _reason(body: object) -> str:
    """What the body says, short; nothing where it is a page for browsers."""
    try:
        said = json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        return ""
    if isinstance(said, dict):
        error = said.get("error")
        said = error.get("message") if isinstance(error, dict) else said.get("validation_errors") or said.get("detail")
    return f": {str(said)[:300]}" if said else ""
