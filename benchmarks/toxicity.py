"""How well the screens for harm tell harmful texts from harmless ones, on public texts.

    python benchmarks/toxicity.py FOLDER [--model FOLDER] [--settings FILE] [--most 2000] [--table FILE]

FOLDER has the sets as Parquet files (see benchmarks/README.md). Measured are the profanity list, heads learnt from
labels of the same set as Concord learns them from annotators, with --model a head on the embeddings of that
sentence-transformers model, and the toxicity providers of a settings file. What is learnt from is never measured on.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_backend.local_model import Weights
from ml_backend.own_labels.figures import auc
from ml_backend.own_labels.labels import Label, text_key
from ml_backend.own_labels.training import train as train_own_labels
from ml_backend.screens.model import Screen, Text
from ml_backend.screens.profanity import ProfanityScreen
from ml_backend.screens.toxicity.build import toxicity_screens
from ml_backend.screens.toxicity.embedding_head import Embedder, EmbeddingHead
from ml_backend.screens.toxicity.head import train
from ml_backend.screens.toxicity.screen import LIKELY, ToxicityScreen
from ml_backend.settings import read_settings

FEW = 200  # labels a programme has soon

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Texts of a set; `kinds` has the harm category of each that is harmful."""

    texts: list[str]
    harmful: NDArray[np.bool_]
    kinds: list[str]

    def some(self, number: int) -> Part:
        """So many of them, drawn at random, or all."""
        drawn = np.random.default_rng(0).permutation(len(self.texts))[:number]
        return Part([self.texts[at] for at in drawn], self.harmful[drawn], [self.kinds[at] for at in drawn])


@dataclass(frozen=True)
class Sets:
    """Texts of a language to learn from, and the sets that what was learnt is measured on, by name."""

    language: str
    learnt: Part
    held: dict[str, Part]


@dataclass(frozen=True)
class Method:
    """Something that scores texts (not a number where it did not screen); above `flags` it calls them harmful."""

    name: str
    score: Callable[[Sequence[str]], Scores]
    flags: float = LIKELY


def main() -> None:
    options = _options()
    rows = [row for sets in _sets(options.folder, options.most) for row in _rows(sets, options)]
    text = _table(sorted(rows, key=lambda row: row[0]))
    print(text)
    if options.table:
        options.table.write_text(text + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the sets are")
    parser.add_argument("--model", type=Path, help="folder of an English sentence-transformers model")
    parser.add_argument("--settings", type=Path, help="a settings file with toxicity providers")
    parser.add_argument("--most", type=int, default=2000, help="texts of a set that are measured on")
    parser.add_argument("--table", type=Path, help="a file for the table")
    return parser.parse_args()


def _sets(folder: Path, most: int) -> Iterator[Sets]:
    posts = pd.read_parquet(folder / "davidson_en.parquet")
    kinds = posts["label"].map({"hate": "hate", "offensive": "other", "neither": "safe"})
    learnt, held = _halves(Part(posts["text"].tolist(), (kinds != "safe").to_numpy(), kinds.tolist()))
    prompts = pd.read_parquet(folder / "xstest_en.parquet")
    xstest = _part(prompts["prompt"], prompts["label"] == "unsafe")
    yield Sets("en", learnt, {"Davidson, English": held.some(most), "XSTest, English": xstest})
    german = pd.read_parquet(folder / "germeval2018_de.parquet")
    parts = {name: _part(part["text"], part["label"] == "OFFENSE") for name, part in german.groupby("split")}
    yield Sets("de", parts["training"], {"GermEval 2018, German": parts["test"].some(most)})
    korean = pd.read_parquet(folder / "kocohub_ko.parquet")
    parts = {name: _part(part["comments"], part["hate"] != "none") for name, part in korean.groupby("split")}
    yield Sets("ko", parts["train"], {"KOCO, Korean": parts["dev"].some(most)})


def _halves(whole: Part) -> list[Part]:
    order = np.random.default_rng(0).permutation(len(whole.texts))
    return [
        Part([whole.texts[at] for at in half], whole.harmful[half], [whole.kinds[at] for at in half])
        for half in (order[::2], order[1::2])
    ]


def _part(texts: pd.Series[str], harmful: pd.Series[bool]) -> Part:
    return Part(texts.tolist(), harmful.to_numpy(), ["other" if each else "safe" for each in harmful])


def _rows(sets: Sets, options: argparse.Namespace) -> Iterator[list[str]]:
    """One row a method and set."""
    for method in _methods(sets.language, sets.learnt, options):
        for name, held in sets.held.items():
            yield [name, method.name, *_figures(method, method.score(held.texts), held.harmful)]


def _methods(language: str, learnt: Part, options: argparse.Namespace) -> Iterator[Method]:
    yield Method("profanity list", _screened(ProfanityScreen(), language), flags=0.0)
    yield Method(f"own labels, {FEW}", _own_labels(learnt.some(FEW), language))
    yield Method(f"own labels, {len(learnt.texts):,}", _own_labels(learnt, language))
    if options.model and language == "en":
        yield Method(f"embedding head, {len(learnt.texts):,}", _embedding_head(options.model, learnt))
    if options.settings:
        settings = read_settings(options.settings, os.environ)
        with TemporaryDirectory() as data:
            for screen in toxicity_screens(settings, Path(data)):
                yield Method(screen.name, _screened(screen, language))


def _screened(screen: Screen, language: str) -> Callable[[Sequence[str]], Scores]:
    def score(texts: Sequence[str]) -> Scores:
        outcomes = screen.screen([Text(f"p/{at}", text, language) for at, text in enumerate(texts)], float("inf"))
        return np.array([np.nan if each.score is None else each.score for each in outcomes])

    return score


def _own_labels(learnt: Part, language: str) -> Callable[[Sequence[str]], Scores]:
    pairs = zip(learnt.texts, learnt.harmful, strict=True)
    labels = [Label(text, language, bool(harmful), text_key(text)) for text, harmful in pairs]
    return train_own_labels(labels).weights.scores


def _embedding_head(model: Path, learnt: Part) -> Callable[[Sequence[str]], Scores]:
    weights = Weights(str(model))
    embedder = Embedder(weights)
    head = train(embedder.embed(learnt.texts), learnt.kinds, embedder.version)
    with TemporaryDirectory() as folder:
        head.save(Path(folder) / "head.npz")
        provider = EmbeddingHead(weights, Path(folder) / "head.npz")
        assert provider.trouble() is None  # which reads the head
    return _screened(ToxicityScreen("head", provider, ("en",)), "en")


def _figures(method: Method, scores: Scores, harmful: NDArray[np.bool_]) -> list[str]:
    seen = ~np.isnan(scores)
    if not seen.any():
        return [f"0 of {len(scores):,}", *["not screened"] * 3]
    flagged = scores[seen] > method.flags
    harm = harmful[seen]
    shares = [f"{flagged[which].mean():.2f}" for which in (harm, ~harm)]
    return [f"{seen.sum():,} of {len(scores):,}", str(auc(scores[seen], harm)), *shares]


def _table(rows: Sequence[Sequence[str]]) -> str:
    head = ["set", "method", "texts screened", "AUC (95 %)", "harmful flagged", "harmless flagged"]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---", "---", *["---:"] * 4], *rows))


if __name__ == "__main__":
    main()
