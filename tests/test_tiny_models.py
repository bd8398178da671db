"""The tiny models that other tests use are real: they load and answer as any model of their kind."""

from __future__ import annotations

from pathlib import Path

import httpx
from tiny_models import save_chat_model


def test_a_served_chat_model_says_what_it_was_taught(transformers_serve: str, tmp_path: Path) -> None:
    """Two models in two folders are served by one server, each by its path."""
    for place, reply in enumerate(("Guten Tag.", "สวัสดี")):
        model = save_chat_model(tmp_path / str(place), [("hello", reply), ("bye", "See you!")])
        body = {"model": str(model), "messages": [{"role": "user", "content": "hello"}], "temperature": 0}
        answer = httpx.post(f"{transformers_serve}/chat/completions", json=body, timeout=60).json()
        assert answer["choices"][0]["message"]["content"] == reply
