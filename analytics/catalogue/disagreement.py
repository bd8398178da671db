"""Where annotators disagree, and whether groups of them do."""

from __future__ import annotations

from analytics.catalogue.statistic import Statistic

STATISTICS: tuple[Statistic, ...] = ()
