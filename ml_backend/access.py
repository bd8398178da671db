"""Who may ask: whoever sends the user and password, or the bearer token, of the settings."""

from __future__ import annotations

import hmac

from flask import Response, current_app, jsonify, request

from ml_backend.config import Config


def refused(config: Config) -> Response | None:
    """The answer to a request that may not be answered; None for one that may."""
    if is_known(config):
        return None
    error = {
        "code": "unauthorized",
        "message": "user or password, or the bearer token, is missing or wrong",
        "fix": "send CONCORD_ML_BASIC_AUTH as basic auth or CONCORD_ML_SECRET as bearer token",
        "details": [],
    }
    answer: Response = current_app.make_response((jsonify(error=error), 401))
    answer.headers["WWW-Authenticate"] = 'Basic realm="ml backend"'
    return answer


def is_known(config: Config) -> bool:
    """Whether the request carries what the settings ask for; always where they ask for nothing."""
    if config.basic_auth is None and not config.secret:
        return True
    given = request.authorization
    if given is None:
        return False
    if given.type == "bearer":
        return bool(config.secret) and _same(given.token or "", config.secret)
    return config.basic_auth is not None and _is_pair(given.username or "", given.password or "", config.basic_auth)


def _is_pair(user: str, password: str, expected: tuple[str, str]) -> bool:
    # Both are compared, and in constant time, so that the time taken tells nothing.
    return bool(_same(user, expected[0]) & _same(password, expected[1]))


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))
