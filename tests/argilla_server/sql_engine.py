"""A search engine for argilla-server that answers from its own SQL tables, so that tests need no Elasticsearch.

It finds what the tests and the web page ask for: records by the reader's own response status and by record status,
in the order in which they were added. Registered as "sql" (ARGILLA_SEARCH_ENGINE=sql).
"""

from __future__ import annotations

from typing import Any

from argilla_server.database import AsyncSessionLocal
from argilla_server.enums import ResponseStatusFilter
from argilla_server.models import Record, Response
from argilla_server.search_engine import AndFilter, SearchEngine, SearchResponseItem, SearchResponses
from argilla_server.search_engine.base import MetadataMetrics, RecordFilterScope, ResponseFilterScope, TermsMetrics
from sqlalchemy import func, or_, select


@SearchEngine.register("sql")
class SqlEngine(SearchEngine):
    """Every write of the index is nothing to do: the SQL tables are the index."""

    @classmethod
    async def new_instance(cls) -> SqlEngine:
        """One for each request."""
        return cls()

    async def _nothing(self, *_: Any, **__: Any) -> None:
        pass

    close = create_index = delete_index = configure_metadata_property = index_records = _nothing
    partial_record_update = delete_records = update_record_response = delete_record_response = _nothing
    update_record_suggestion = delete_record_suggestion = configure_index_vectors = _nothing

    async def ping(self) -> bool:
        """Always there."""
        return True

    async def info(self) -> dict[str, Any]:
        """Who it is."""
        return {"name": "sql"}

    async def get_dataset_progress(self, dataset: Any) -> dict[str, int]:
        """Records by status."""
        counted = select(Record.status, func.count()).filter_by(dataset_id=dataset.id).group_by(Record.status)
        return await self._counts(counted)

    async def get_dataset_user_progress(self, dataset: Any, user: Any) -> dict[str, int]:
        """One person's responses by status."""
        mine = select(Response.status, func.count()).join(Record).where(Record.dataset_id == dataset.id)
        return await self._counts(mine.where(Response.user_id == user.id).group_by(Response.status))

    async def _counts(self, counted: Any) -> dict[str, int]:
        async with AsyncSessionLocal() as session:
            counts = {status.value: number for status, number in (await session.execute(counted)).all()}
        return {"total": sum(counts.values()), **counts}

    async def search(
        self,
        dataset: Any,
        query: Any = None,
        filter: Any = None,  # noqa: A002 - the server's name for it
        sort: Any = None,
        offset: int = 0,
        limit: int = 100,
        user_id: Any = None,
    ) -> SearchResponses:
        """Records that pass the filter; words and orders are not looked for."""
        if query is not None:
            raise NotImplementedError("the tests search for no words")
        found = select(Record.id).where(Record.dataset_id == dataset.id)
        for each in _filters(filter):
            found = found.where(_condition(each))
        async with AsyncSessionLocal() as session:
            total = await session.scalar(select(func.count()).select_from(found.subquery()))
            ids = (await session.scalars(found.order_by(Record.inserted_at).offset(offset).limit(limit))).all()
        return SearchResponses(items=[SearchResponseItem(record_id=each, score=0.0) for each in ids], total=total)

    async def compute_metrics_for(self, metadata_property: Any) -> MetadataMetrics:
        """Nothing is measured."""
        return TermsMetrics(total=0)

    async def similarity_search(self, *_: Any, **__: Any) -> SearchResponses:
        """Nothing is similar."""
        return SearchResponses(items=[], total=0)


def _filters(given: Any) -> list[Any]:
    if given is None:
        return []
    return [each for part in given.filters for each in _filters(part)] if isinstance(given, AndFilter) else [given]


def _condition(given: Any) -> Any:
    if isinstance(given.scope, RecordFilterScope):
        return getattr(Record, given.scope.property).in_(given.values)
    if not isinstance(given.scope, ResponseFilterScope) or given.scope.property != "status":
        raise NotImplementedError(f"the tests filter by status alone, not by {given.scope}")
    mine = select(Response.id).where(Response.record_id == Record.id, Response.user_id == given.scope.user.id)
    statuses = [value for value in given.values if value != ResponseStatusFilter.pending]
    answered = mine.where(Response.status.in_(statuses)).exists()
    return or_(answered, ~mine.exists()) if len(statuses) < len(given.values) else answered
