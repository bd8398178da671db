"""Real servers for the tests: each is started once a session, on a free port, and stops by itself."""

from __future__ import annotations

import gc
import os
import secrets
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings
from tiny_models import serving

from plugins.local.label_studio import LabelStudio, NewUser, start_label_studio
from plugins.local.ports import free_port

# Machines differ in speed, so no example has a deadline. CI tries the same examples each time: a change is judged by
# what it changed, and in time; new and more examples are tried on developers' machines.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# A suite that a script starts in the background ignores Ctrl-C, and so would all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """The garbage collector need not look at all modules again and again: that takes a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure() -> None:
    """Let it look at all again, so that DuckDB does not report what is left at the end."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    """A real, empty Label Studio; its migrated database is kept between runs in the user's cache folder."""
    admin = NewUser("admin@concord.example", "admin-password", secrets.token_hex(20))
    data_dir = tmp_path_factory.mktemp("label-studio")
    with start_label_studio(data_dir, port=free_port(), users=[admin]) as server:
        yield server


@pytest.fixture(scope="session")
def transformers_serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a real model server; a request names its model by the path of its folder (tiny_models)."""
    with serving(tmp_path_factory.mktemp("transformers-serve")) as url:
        yield url
