"""How far annotators agree on answers that are not one of several codes: sets, spans, rankings, numbers."""

from __future__ import annotations

from analytics.catalogue.statistic import Statistic

STATISTICS: tuple[Statistic, ...] = ()
