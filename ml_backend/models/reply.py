"""What a model said, put together from the chunks of a stream that nobody has checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ml_backend.errors import ModelFailed

LONGEST = 50_000
"""Characters of an answer."""


@dataclass(frozen=True)
class Token:
    """A token of the answer with its natural log-probability, and those of the likeliest tokens in its place."""

    text: str
    logprob: float
    top: Mapping[str, float]


@dataclass(frozen=True)
class Reply:
    """An answer: its text; log-probabilities and the number of tokens spent, where the endpoint gives them."""

    text: str
    logprobs: tuple[Token, ...] | None = None
    tokens: int | None = None


def join(chunks: Iterable[object]) -> Reply:
    """The whole answer of a stream; raises ModelFailed where there is no text, or far too much."""
    texts: list[str] = []
    logprobs: list[Token] = []
    tokens, length = None, 0
    for chunk in chunks:
        texts.append(_text(chunk))
        logprobs.extend(_logprobs(chunk))
        tokens = _tokens(chunk) or tokens
        length += len(texts[-1])
        if length > LONGEST:
            raise ModelFailed(f"the model wrote more than {LONGEST} characters")
    if not (text := _storable("".join(texts))).strip():
        raise ModelFailed("the model gave no text")
    return Reply(text, tuple(logprobs) or None, tokens)


def _storable(text: str) -> str:
    """The text as labelling tools and stores can keep it: line ends that browsers keep, no NUL, no half characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub("[\0\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", lines)


def _text(chunk: object) -> str:
    content = getattr(getattr(_choice(chunk), "delta", None), "content", None)
    return content if isinstance(content, str) else ""


def _choice(chunk: object) -> object:
    """A chunk's part of the first answer; chunks of further answers, and some others (usage, say), have none."""
    choices = getattr(chunk, "choices", None)
    parts = choices if isinstance(choices, list) else []
    return next((part for part in parts if getattr(part, "index", None) in (0, None)), None)


def _logprobs(chunk: object) -> Iterable[Token]:
    content = getattr(getattr(_choice(chunk), "logprobs", None), "content", None)
    for each in content if isinstance(content, list) else ():
        if (known := _token(each)) is not None:
            top = getattr(each, "top_logprobs", None)
            others = [_token(other) for other in top] if isinstance(top, list) else []
            yield Token(*known, dict(other for other in others if other))


def _token(value: object) -> tuple[str, float] | None:
    text, logprob = getattr(value, "token", None), getattr(value, "logprob", None)
    if isinstance(text, str) and isinstance(logprob, int | float):
        return _storable(text), float(logprob)
    return None


def _tokens(chunk: object) -> int | None:
    total = getattr(getattr(chunk, "usage", None), "total_tokens", None)
    return total if isinstance(total, int) and total > 0 else None
