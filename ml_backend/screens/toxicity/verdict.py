"""A judge's answer as probabilities: what it says, corrected by how sure it was when it said it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping

from ml_backend.models.reply import Reply
from ml_backend.screens.toxicity.harms import OTHER, harms
from ml_backend.screens.toxicity.model import is_probability

_FENCED = re.compile(r"```(?:json)?\n(.*)\n```", re.DOTALL)
_VERDICT = re.compile(r'"harmful"\s*:\s*(true|false)')


def probabilities(reply: Reply) -> dict[str, float] | None:
    """The probability of each harm category, as an answer states them; None where it is not in the form asked for.

    Where there are log-probabilities, the likeliest category has the probability of the verdict `true`, and the others
    keep their proportion to it; where no category was named, that probability goes to `other`.

    >>> found = probabilities(Reply('{"harmful": true, "categories": {"hate": 0.9}}'))
    >>> {code: value for code, value in found.items() if value}
    {'hate': 0.9}
    >>> probabilities(Reply("I cannot judge this."))
    """
    stated = _stated(reply.text)
    if stated is None:
        return None
    sure = _sure(reply)
    return dict.fromkeys(harms(), 0.0) | (stated if sure is None else _scaled(stated, sure))


def _stated(text: str) -> dict[str, float] | None:
    fenced = _FENCED.fullmatch(text.strip())
    try:
        value = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.keys() != {"harmful", "categories"}:
        return None
    categories = value["categories"]
    if not isinstance(categories, dict) or not all(map(is_probability, categories.values())):
        return None
    contradicts = value["harmful"] is not any(each > 0.5 for each in categories.values())
    return None if contradicts or not categories.keys() <= harms().keys() else categories


def _scaled(stated: Mapping[str, float], sure: float) -> dict[str, float]:
    highest = max(stated.values(), default=0.0)
    if not highest:
        return {OTHER: sure}
    return {code: each / highest * sure for code, each in stated.items()}


def _sure(reply: Reply) -> float | None:
    """How probable the verdict `true` was against `false`; None where the answer does not tell."""
    found = _VERDICT.search(reply.text)
    if reply.logprobs is None or found is None or "".join(each.text for each in reply.logprobs) != reply.text:
        return None
    end = 0
    for token in reply.logprobs:
        start, end = end, end + len(token.text)
        if end > found.start(1):
            # What stands before the verdict in its token stands before it in every alternative.
            before = reply.text[start : found.start(1)]
            return _share({token.text: token.logprob, **token.top}, before)
    return None


def _share(alternatives: Mapping[str, float], before: str) -> float | None:
    yes, no = (sum(_weights(alternatives, before, word)) for word in ("true", "false"))
    return yes / (yes + no) if yes + no else None


def _weights(alternatives: Mapping[str, float], before: str, word: str) -> Iterator[float]:
    """The probabilities of the tokens that begin this word, after what stands before it."""
    for text, logprob in alternatives.items():
        rest = text.removeprefix(before) if text.startswith(before) else ""
        if rest and (word.startswith(rest) or rest.startswith(word)):
            yield math.exp(min(logprob, 0.0))
