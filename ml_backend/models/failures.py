"""Each way an endpoint fails, in our words: its own may repeat the key or the text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from ml_backend.errors import ModelFailed, PassingFailure, RequestRefused

_BUSY = (408, 409, 429)
_REFUSED = (400, 422)


@contextmanager
def explained() -> Iterator[None]:
    """Failures of the `openai` client inside this block as ModelFailed, or PassingFailure where a retry may help."""
    try:
        yield
    except (APITimeoutError, httpx.TimeoutException) as error:
        raise ModelFailed("the model took too long") from error
    except APIStatusError as error:
        raise _status(error) from error
    except (APIConnectionError, httpx.TransportError) as error:
        raise PassingFailure("the model endpoint cannot be reached") from error
    except (APIError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise ModelFailed("the model endpoint did not answer in its protocol") from error


def _status(error: APIStatusError) -> ModelFailed:
    message = f"the model endpoint answered {error.status_code}"
    if error.status_code in _REFUSED:
        return RequestRefused(message)
    if error.status_code not in _BUSY and error.status_code < 500:
        return ModelFailed(message)
    failure = PassingFailure(message)
    failure.wait = _seconds(error.response.headers.get("Retry-After", ""))
    return failure


def _seconds(header: str) -> float | None:
    """Retry-After in seconds; its other form, a date, is rare and not read."""
    return float(header) if header.isascii() and header.isdigit() else None
