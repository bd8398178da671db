"""Bearer tokens and what each may do."""

from __future__ import annotations

import hmac
from typing import Any, Literal

from flask_httpauth import HTTPTokenAuth

from analytics.api.errors import of_status
from analytics.service import service

Right = Literal["read", "write", "webhook"]

auth = HTTPTokenAuth(scheme="Bearer", realm="Concord analytics")


def rights_of(token: str) -> frozenset[Right]:
    """What this token may do; nothing for a token that is not known. Takes the same time for any token."""
    config = service().config
    known: list[tuple[str, frozenset[Right]]] = [
        (config.analyst_token, frozenset({"read"})),
        (config.ingest_token, frozenset({"read", "write", "webhook"})),
        (config.webhook_token, frozenset({"webhook"})),
    ]
    matching = [rights for expected, rights in known if hmac.compare_digest(expected.encode(), token.encode())]
    return matching[0] if matching else frozenset()


@auth.verify_token
def _verify(token: str) -> frozenset[Right] | None:
    return rights_of(token) or None


@auth.get_user_roles
def _roles(rights: frozenset[Right]) -> list[Right]:
    return sorted(rights)


@auth.error_handler
def _refuse(status: int) -> tuple[dict[str, Any] | None, int]:
    return of_status(status), status
