"""Migrate an argilla-server's database, create its owner, and serve it on 127.0.0.1.

Run by the Python of .venv-argilla: `serve.py PORT OWNER_KEY`, with the ARGILLA_… variables set.
"""

from __future__ import annotations

import asyncio
import sys

import sql_engine  # noqa: F401 - registers the engine
import uvicorn
from argilla_server import app
from argilla_server.cli.database.migrate import migrate_db
from argilla_server.database import AsyncSessionLocal, async_engine
from argilla_server.enums import UserRole
from argilla_server.models import User


async def _create_owner(key: str) -> None:
    async with AsyncSessionLocal() as session:
        await User.create(
            session, first_name="Owner", username="owner", role=UserRole.owner, password_hash="-", api_key=key
        )
    await async_engine.dispose()  # its connections belong to this event loop, and the server makes its own


def main() -> None:
    """Serve until told to stop."""
    port, key = sys.argv[1:]
    migrate_db("head")
    asyncio.run(_create_owner(key))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main()
