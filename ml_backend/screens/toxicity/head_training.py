"""A head on embeddings from a file of labelled texts, with what it is worth on texts it has not seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guidelines.errors import Problem
from ml_backend.own_labels.errors import InvalidLabels, NoLabels
from ml_backend.own_labels.figures import Interval, auc
from ml_backend.screens.toxicity.embedding_head import Embedder
from ml_backend.screens.toxicity.harms import harms
from ml_backend.screens.toxicity.head import SAFE, Head, train

FEWEST = 20
"""Texts of a label that is to be learnt."""

_FOLDS = 5
_AT_ONCE = 64  # texts between two steps of the progress bar
_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Labelled:
    """Texts, each with its label: the code of a harm category, or `safe`."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Trained:
    """A head, and how well heads that had not seen them told the texts of each category from all others."""

    head: Head
    counts: dict[str, int]
    aucs: dict[str, Interval]


def read_labelled(path: Path) -> Labelled:
    """A file with a JSON object a line: `text`, and `label`.

    Raises InvalidLabels with the first problems, and NoLabels where a label has too few texts to learn from.
    """
    texts, labels, problems = [], [], []
    lines = enumerate(path.read_bytes().split(b"\n"), start=1)
    for number, line in ((number, line) for number, line in lines if line.strip()):
        row = _parsed(line)
        if problem := _problem(row):
            problems.append(Problem(str(path), number, *problem))
        else:
            texts.append(row["text"])
            labels.append(row["label"])
    if problems:
        raise InvalidLabels(problems[:_MOST_PROBLEMS])
    if shortage := _shortage(labels):
        raise NoLabels(shortage, fix=f"give at least {FEWEST} texts for {SAFE} and for each category that occurs")
    return Labelled(tuple(texts), tuple(labels))


def train_head(labelled: Labelled, embedder: Embedder, done: Callable[[int], object]) -> Trained:
    """Learn from labelled texts; `done` is told how many more were embedded.

    Held out are fifths of the texts, with the mix of labels of all of them.
    """
    embeddings = np.vstack(list(_embedded(labelled.texts, embedder, done)))
    head = train(embeddings, labelled.labels, embedder.version)
    scores, labels = _held_out(embeddings, labelled.labels, head.categories), np.array(labelled.labels)
    aucs = {code: auc(scores[:, at], labels == code) for at, code in enumerate(head.categories)}
    return Trained(head, dict(Counter(labelled.labels)), aucs)


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # not UTF-8 is a ValueError too
        return None


def _problem(row: object) -> tuple[str, str] | None:
    if not isinstance(row, dict):
        return "this line is not a JSON object in UTF-8", 'write {"text": …, "label": …}'
    if not isinstance(row.get("text"), str) or not row["text"].strip():
        return "text is not a text", "give the text that was labelled"
    if row.get("label") not in (SAFE, *harms()):  # which may be of any type
        return f"there is no label {row.get('label')!r}", f"choose: {', '.join((SAFE, *harms()))}"
    return None


def _shortage(labels: Sequence[str]) -> str | None:
    counts = Counter(labels)
    if len(counts) < 2:
        return "there are no two labels to tell apart"
    if SAFE not in counts:
        return f"no text is {SAFE}"
    short = [f"{counts[label]} of {label}" for label in counts if counts[label] < FEWEST]
    return f"there are too few texts: {', '.join(short)}" if short else None


def _embedded(texts: Sequence[str], embedder: Embedder, done: Callable[[int], object]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(texts), _AT_ONCE):
        part = [text.encode("utf-8", "replace").decode() for text in texts[start : start + _AT_ONCE]]
        yield embedder.embed(part)
        done(len(part))


def _held_out(embeddings: NDArray[np.float64], labels: Sequence[str], codes: Sequence[str]) -> NDArray[np.float64]:
    """Texts × categories: probabilities from heads that had not seen the text."""
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415

    found = np.empty((len(labels), len(codes)))
    for learnt, held in StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(embeddings, labels):
        head = train(embeddings[learnt], [labels[at] for at in learnt], "")
        found[held] = [[row[code] for code in codes] for row in head.probabilities(embeddings[held])]
    return found
